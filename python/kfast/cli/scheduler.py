"""`kfast scheduler`: what the scheduler decides, and why."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from kfast.cli.scheduler_start import command as start
from kfast.http.event_loop import runner


@click.group()
def command() -> None:
    """Run the scheduler, or ask it."""


command.add_command(start, "start")


@command.command()
@click.option("--scenarios", required=True, type=click.Path(path_type=Path, exists=True), help="JSON lines, or .gz.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Written, a line for each scenario.")
def run(scenarios: Path, output: Path) -> None:
    """Decide about the pods of scenarios: verdict, scores and preemption for each line."""
    from kfast.scheduler.scenarios import ScenarioError, run_file

    try:
        count = run_file(scenarios, output)
    except (ScenarioError, OSError, EOFError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{count} scenarios decided into {output}", err=True)


@command.command()
@click.option("-f", "--filename", "files", multiple=True, help="Manifests instead of a live cluster; - is stdin.")
@click.option("--kubeconfig", type=click.Path(path_type=Path, exists=True), help="The live cluster to ask.")
@click.option("--pod", "name", required=True, help="The pod, or a workload whose pods are meant.")
@click.option("-n", "--namespace", default="default", show_default=True, help="The pod's namespace.")
@click.option("--top", default=10, show_default=True, help="Feasible nodes and near misses to show.")
@click.option("--json", "as_json", is_flag=True, help="Print everything, for every node, as JSON.")
def explain(
    files: tuple[str, ...], kubeconfig: Path | None, name: str, namespace: str, top: int, as_json: bool
) -> None:
    """Say which nodes a pod fits, how they score, and what keeps it from the others.

    A pod that is on a node already is explained as if it were not there.
    """
    from kfast._core import CoreError
    from kfast.client import KubeconfigError, TransportError
    from kfast.errors import StatusError
    from kfast.scheduler import what_if
    from kfast.scheduler.explanation_text import table

    try:
        if files:
            found = what_if.from_manifests({f: _text(f) for f in files}, name, namespace)
        else:
            with runner() as loop:
                found = loop.run(what_if.from_cluster(kubeconfig, name, namespace))
    except (StatusError, TransportError, KubeconfigError, CoreError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(asdict(found), indent=2) if as_json else table(found, top))


def _text(file: str) -> str:
    return sys.stdin.read() if file == "-" else Path(file).read_text()
