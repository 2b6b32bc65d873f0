"""Runs workloads one after another, each in a process of its own, so that memory and faults stay apart."""

from __future__ import annotations

import multiprocessing
import resource
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kfast.bench.scheduling.executor import Executor
from kfast.bench.scheduling.operations import CreatePods, Mode
from kfast.bench.scheduling.throughput import Point, Throughput, throughput
from kfast.bench.scheduling.workload import Workload
from kfast.errors import KfastError
from kfast.http.event_loop import runner

Report = Callable[[int, int, float], None]
"""Hears pods bound, pods to bind, and the rate since it last heard."""

_REPORTS_APART = 0.2


@dataclass(slots=True)
class Result:
    """One workload measured in one mode. Rates in pods a second."""

    workload: str
    mode: Mode
    average: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    peak_rss_bytes: int
    """Of all processes together."""
    pods: int
    overall: float
    """Measured pods over the measured time."""
    interval: float
    """Seconds between two samples."""
    threshold: float | None
    """The average upstream's CI demands of upstream."""
    seconds: float
    """Wall time of the whole workload."""
    details: dict[str, float] = field(default_factory=dict)
    """Of the core: seconds of deciding and of taking in pods, attempts, preempted pods. Of this process: resident bytes
    the workload added."""
    series: list[tuple[float, float]] = field(default_factory=list)
    """(seconds, rate) of each sample."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values without the series, rounded to what the measurement can tell."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "series"}
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()}


class WorkloadFailedError(RuntimeError):
    """A workload did not run to its end."""


def run_all(
    workloads: Iterable[Workload], mode: Mode, report: Callable[[Workload, int, int, float], None]
) -> Iterator[Result | WorkloadFailedError]:
    """What became of each workload."""
    context = multiprocessing.get_context("spawn")
    for workload in workloads:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_child, args=(workload, mode, theirs))
        process.start()
        theirs.close()
        try:
            yield _receive(workload, ours, report)
        except WorkloadFailedError as error:
            yield error
        finally:
            process.join(timeout=10)
            if process.is_alive():
                process.kill()


def _receive(workload: Workload, pipe: Connection, report: Callable[[Workload, int, int, float], None]) -> Result:
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            raise WorkloadFailedError(f"{workload.full_name}: its process ended without a result") from None
        if isinstance(message, Result):
            return message
        if isinstance(message, str):
            raise WorkloadFailedError(f"{workload.full_name}: {message}")
        report(workload, *message)


def _child(workload: Workload, mode: Mode, pipe: Connection) -> None:
    try:
        pipe.send(run(workload, mode, lambda *progress: pipe.send(progress)))
    except (KfastError, RuntimeError, ValueError, OSError) as error:
        pipe.send(str(error) or traceback.format_exc())


def run(workload: Workload, mode: Mode, report: Report | None = None) -> Result:
    """Runs a workload in this process. Raises RuntimeError and ValueError."""
    progress = _Progress(_measured_pods(workload), report)
    started, before = time.perf_counter(), _resident()
    if mode == "core":
        from kfast.bench.scheduling import core_target
        from kfast.testing.virtual_time import run_virtual

        points, details = run_virtual(_run_core(core_target.CoreTarget(progress), workload))
    else:
        with runner() as loop:
            points, details = loop.run(_run_on_cluster(mode, progress, workload))
    details["resident_growth_bytes"] = float(_resident() - before)
    return _result(workload, mode, points, details, time.perf_counter() - started)


async def _run_core(target: Any, workload: Workload) -> tuple[list[Point], dict[str, float]]:
    executor = Executor(workload, target)
    await executor.run()
    deciding, feeding = target.driver.seconds()
    attempts, evictions = target.driver.attempts()
    details = {
        "deciding_seconds": deciding,
        "feeding_seconds": feeding,
        "attempts": float(attempts),
        "preempted_pods": float(evictions),
    }
    return _longest(executor.measurements), details


async def _run_on_cluster(mode: Mode, progress: _Progress, workload: Workload) -> tuple[list[Point], dict[str, float]]:
    from kfast.bench.scheduling import clusters
    from kfast.bench.scheduling.client_target import ClientTarget

    async with clusters.in_process() if mode == "cluster" else clusters.processes() as cluster:
        target = ClientTarget(cluster.client, progress, cluster.load)
        await target.start()
        executor = Executor(workload, target)
        try:
            await executor.run()
        finally:
            await target.stop()
        return _longest(executor.measurements), {"other_processes_peak_rss_bytes": float(cluster.peak_bytes())}


def _longest(measurements: list[list[Point]]) -> list[Point]:
    return max(measurements, key=lambda points: points[-1][1] - points[0][1], default=[])


def _result(workload: Workload, mode: Mode, points: list[Point], details: dict[str, float], took: float) -> Result:
    counted: Throughput = throughput(points)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Result(
        workload=workload.full_name,
        mode=mode,
        average=counted.average,
        p50=counted.p50,
        p90=counted.p90,
        p95=counted.p95,
        p99=counted.p99,
        peak_rss_bytes=peak + int(details.get("other_processes_peak_rss_bytes", 0)),
        pods=points[-1][1] - points[0][1] if points else 0,
        overall=counted.overall,
        interval=counted.interval,
        threshold=workload.threshold,
        seconds=took,
        details=details,
        series=counted.series,
    )


def _measured_pods(workload: Workload) -> int:
    pods = [o for o in workload.operations if isinstance(o, CreatePods)]
    return sum(o.count for o in pods if o.collect_metrics) or sum(o.count for o in pods if o.skip_wait_to_completion)


def _resident() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


class _Progress:
    """Passes progress on a few times a second."""

    def __init__(self, total: int, report: Report | None) -> None:
        self._total = total
        self._report = report
        self._last = (time.perf_counter(), 0)

    def __call__(self, bound: int) -> None:
        now, (then, before) = time.perf_counter(), self._last
        if self._report is not None and now - then >= _REPORTS_APART:
            self._last = (now, bound)
            self._report(bound, self._total, (bound - before) / (now - then))
