"""`kfast version`."""

from __future__ import annotations

import click

import kfast
from kfast.config import KUBERNETES_VERSION


@click.command()
def command() -> None:
    """Print the versions of kfast and of the API it serves."""
    click.echo(f"kfast {kfast.__version__} (Kubernetes {KUBERNETES_VERSION})")
