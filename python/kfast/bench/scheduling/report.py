"""What `kfast bench scheduling` shows and writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from kfast.bench.own_server import machine
from kfast.bench.scheduling.decode import WorkloadError
from kfast.bench.scheduling.operations import Mode
from kfast.bench.scheduling.runner import Result, WorkloadFailedError, run_all
from kfast.bench.scheduling.workload import OWN, Workload, load, select


def run_and_report(
    pattern: str,
    files: tuple[Path, ...],
    mode: Mode,
    *,
    only_list: bool,
    as_json: bool,
    plot: Path | None,
    results: Path | None,
) -> None:
    """Runs the selected workloads; stdout has the table or, with `as_json`, nothing but JSON."""
    try:
        selected = select([w for path in files or sorted(OWN.glob("*.yaml")) for w in load(path)], pattern)
    except WorkloadError as error:
        raise click.ClickException(str(error)) from error
    if not selected:
        raise click.ClickException(f"no workload matches {pattern!r}; --list prints them all")
    if only_list:
        click.echo("\n".join(w.full_name for w in selected))
        return
    if plot is not None:
        from kfast.bench.scheduling.plot import require

        require()
    found, failed = _run(selected, mode, quiet=as_json)
    if as_json:
        click.echo(json.dumps([r.to_dict() for r in found], indent=2))
    if results is not None:
        _write(results, mode, found)
    if plot is not None:
        from kfast.bench.scheduling.plot import draw

        draw(found, plot)
    if failed:
        raise click.ClickException("\n".join(str(f) for f in failed))


def _run(selected: list[Workload], mode: Mode, *, quiet: bool) -> tuple[list[Result], list[WorkloadFailedError]]:
    found: list[Result] = []
    failed: list[WorkloadFailedError] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} {task.fields[rate]}"),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None, rate="")

        def report(workload: Workload, bound: int, total: int, rate: float) -> None:
            bar.update(task, description=workload.full_name, completed=bound, total=total, rate=f"{rate:,.0f}/s")

        bar.update(task, description=selected[0].full_name)
        for result in run_all(selected, mode, report):
            if isinstance(result, WorkloadFailedError):
                failed.append(result)
                continue
            found.append(result)
            if not quiet:
                click.echo(_line(result))
    return found, failed


def _line(result: Result) -> str:
    def figure(value: float | None) -> str:
        return f"{value:11,.0f}" if value is not None else f"{'-':>11}"

    rates = " ".join(figure(v) for v in (result.average, result.p50, result.p90, result.p95, result.p99))
    return f"{result.workload:70} {result.mode:8} {rates} {result.peak_rss_bytes / 2**20:7.0f} MiB"


def _write(directory: Path, mode: Mode, found: list[Result]) -> None:
    """scheduling.json: the machine, then each mode's latest result of each workload."""
    path = directory / "scheduling.json"
    directory.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = json.loads(path.read_text()).get("results", {}) if path.exists() else {}
    kept.setdefault(mode, {}).update({r.workload: r.to_dict() for r in found})
    path.write_text(json.dumps({"machine": machine(), "results": kept}, indent=2) + "\n")
