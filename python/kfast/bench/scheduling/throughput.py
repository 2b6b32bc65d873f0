"""Throughput as upstream's scheduler_perf counts it.

The number of bound pods is looked at every second. The first look that finds any begins the measurement. A second
without a binding is merged into the next one that has some, whose rate then stands for each of them. What is bound
after the last full second is left out. Percentiles are those of the rates, at index ceil(n * p / 100) - 1.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, int]
"""Seconds, pods bound so far."""

_INTERVALS = (1.0, 0.1, 0.01, 0.001, 0.0001)
_ENOUGH = 10


@dataclass(slots=True)
class Throughput:
    """Rates in pods a second; None where the run was too short for a sample."""

    interval: float
    """Seconds between two looks: 1, or less if the run has not ten of them."""
    average: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    overall: float
    """Pods over the seconds from the first to the last binding's end."""
    series: list[tuple[float, float]]
    """(seconds, rate) of every sample, in time."""


def throughput(points: Sequence[Point]) -> Throughput:
    """Counts a run, given as points in time order; the first is its start."""
    if not points:
        points = [(0.0, 0)]
    took, bound = points[-1][0] - points[0][0], points[-1][1] - points[0][1]
    interval = next((i for i in _INTERVALS if took / i >= _ENOUGH), _INTERVALS[-1])
    series = samples(points, interval)
    rates = sorted(rate for _, rate in series)
    return Throughput(
        interval=interval,
        average=sum(rates) / len(rates) if rates else None,
        p50=percentile(rates, 50),
        p90=percentile(rates, 90),
        p95=percentile(rates, 95),
        p99=percentile(rates, 99),
        overall=bound / took if took > 0 else 0.0,
        series=series,
    )


def samples(points: Sequence[Point], interval: float) -> list[tuple[float, float]]:
    """(end, rate) of every interval, empty ones repeating the rate they were merged into."""
    times = [t for t, _ in points]
    start = times[0]
    found: list[tuple[float, float]] = []
    last: Point | None = None
    for tick in range(1, math.floor((times[-1] - start) / interval + 1e-9) + 1):
        now = start + tick * interval
        bound = points[bisect.bisect_right(times, now + 1e-9) - 1][1]
        if bound == 0 or (last is not None and bound == last[1]):
            continue
        if last is not None:
            merged = round((now - last[0]) / interval)
            rate = (bound - last[1]) / (now - last[0])
            found += [(last[0] + (n + 1) * interval, rate) for n in range(merged)]
        last = (now, bound)
    return found


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The value at index ceil(n * percent / 100) - 1; None of nothing."""
    return ordered[math.ceil(len(ordered) * percent / 100) - 1] if ordered else None
