"""`kfast bench`: workloads that measure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from kfast.bench.scheduling.operations import Mode
from kfast.http.event_loop import runner, soft_limit_to_hard


@click.group()
def command() -> None:
    """Measure an API server or the scheduler."""


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


@command.command()
@click.option(
    "--workload",
    default="",
    help="`testcase/name` or test case, with wildcards.  [default: upstream's performance workloads]",
)
@click.option(
    "--file", "files", multiple=True, type=click.Path(path_type=Path, exists=True), help="Other workload files."
)
@click.option("--mode", type=click.Choice(["core", "cluster", "https"]), default="core", show_default=True)
@click.option("--list", "only_list", is_flag=True, help="Print the names of the workloads instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON on stdout.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw throughput over time into this file.")
@click.option("--results", type=click.Path(path_type=Path), help="Also write scheduling.json there.")
def scheduling(
    workload: str,
    files: tuple[Path, ...],
    mode: Mode,
    only_list: bool,
    as_json: bool,
    plot: Path | None,
    results: Path | None,
) -> None:
    """Run scheduler_perf workloads on the core alone, on a cluster in this process, or over HTTPS.

    core: decisions a second of the scheduler core, from memory, in virtual time. cluster: pods a second from their
    creation through the in-process API to the watcher that sees them bound. https: the same with API server and
    scheduler as processes of their own.
    """
    from kfast.bench.scheduling.report import run_and_report

    soft_limit_to_hard()
    run_and_report(workload, files, mode, only_list=only_list, as_json=as_json, plot=plot, results=results)
