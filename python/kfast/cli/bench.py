"""`kfast bench`: workloads that measure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from kfast.cli.up import runner, soft_limit_to_hard


@click.group()
def command() -> None:
    """Measure an API server."""


@command.command()
@click.option("--kubeconfig", type=click.Path(path_type=Path, exists=True), help="The cluster to measure.")
@click.option("--server", default="", help="Another URL than the kubeconfig's.")
@click.option("--pods", default=18_000, show_default=True, help="Pods to create.")
@click.option("--seconds", default=8.0, show_default=True, help="Length of each closed-loop phase.")
@click.option("--connections", default=32, show_default=True, help="Parallel connections.")
@click.option("--streams", default="1000,5000", show_default=True, help="Watch streams of each fan-out run.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
@click.option("--results", type=click.Path(path_type=Path), help="Also write api.json there.")
def api(
    kubeconfig: Path | None,
    server: str,
    pods: int,
    seconds: float,
    connections: int,
    streams: str,
    as_json: bool,
    results: Path | None,
) -> None:
    """Create, get, list, update and watch pods on any Kubernetes API server.

    Without --kubeconfig a kfast of its own is started on a SQLite data directory, and its start and memory are
    measured as well.
    """
    from kfast.bench.api import Plan
    from kfast.bench.own_server import measure

    soft_limit_to_hard()
    plan = Plan(pods, seconds, connections, tuple(int(s) for s in streams.split(",") if s))
    with runner() as run:
        report = run.run(measure(plan, kubeconfig, server, _silent if as_json else _print))
    if as_json:
        click.echo(json.dumps(report, indent=2))
    if results:
        results.mkdir(parents=True, exist_ok=True)
        (results / "api.json").write_text(json.dumps(report, indent=2) + "\n")


def _silent(_: Any) -> None:
    return None


def _print(figure: Any) -> None:
    values = figure.to_dict()
    name = values.pop("name")
    click.echo(f"{name:36} " + "  ".join(f"{k} {v}" for k, v in values.items()))
