"""Throughput over time as a picture. Needs the extra `kfast[bench]`."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import click

from kfast.bench.scheduling.runner import Result


def require() -> None:
    """Raises ClickException where matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise click.ClickException("--plot needs matplotlib: pip install 'kfast[bench]'")


def draw(results: Sequence[Result], path: Path) -> None:
    """One line per result; the file's suffix says the format."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.add_subplot(xlabel="seconds", ylabel="pods/s", yscale="log")
    for result in results:
        if result.series:
            start = result.series[0][0] - result.interval
            times, rates = zip(*((t - start, rate) for t, rate in result.series), strict=True)
            axes.step(times, rates, where="pre", label=f"{result.workload} ({result.mode})")
    if axes.lines:
        axes.legend(fontsize="small")
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot write {path}: {error}") from error
