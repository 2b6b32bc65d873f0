"""`kfast kubeconfig`."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from kfast.config import SECURE_PORT


@click.command()
@click.option(
    "--data-dir", type=click.Path(path_type=Path, exists=True), required=True, help="The cluster's directory."
)
@click.option("--server", default=f"https://127.0.0.1:{SECURE_PORT}", show_default=True, help="Where it serves.")
def command(data_dir: Path, server: str) -> None:
    """Print the admin's kubeconfig of a data directory."""
    from kfast.cluster import admin_kubeconfig

    click.echo(yaml.safe_dump(admin_kubeconfig(data_dir, server), sort_keys=False), nl=False)
