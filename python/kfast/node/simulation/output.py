"""What simulated containers print and use, by time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kfast.clock import parse_time
from kfast.meta.quantity import Quantity
from kfast.node.runtime import LogLine, Usage
from kfast.node.script import PREFIX, Line
from kfast.runtime import Object

KEPT = 10_000
"""Repetitions of a line that are kept, as of a log that is rotated."""


def due_lines(lines: Sequence[Line], began: float, after: float, until: float) -> list[LogLine]:
    """The lines printed later than `after` and not later than `until` seconds after the start, in order of time."""
    found = []
    for number, line in enumerate(lines):
        times = [line.after]
        if line.every:
            last = math.floor(until / line.every)
            first = max(1, last - KEPT + 1, math.floor(after / line.every) + 1 if after > 0 else 1)
            times = [line.every * count for count in range(first, last + 1)]
        found += [(at, number, line) for at in times if after < at <= until]
    return [LogLine(began + at, line.stream, line.text) for at, _, line in sorted(found, key=lambda f: f[:2])]


def next_line(lines: Sequence[Line], after: float) -> float:
    """Seconds after the start at which the next line is printed, infinity if there is none."""
    later = [line.every * (math.floor(after / line.every) + 1) if line.every else line.after for line in lines]
    return min((at for at in later if at > after), default=math.inf)


def recorded_run(pod: Object, container_id: str, now: float) -> tuple[float, float]:
    """When a run began and ended, as the pod's status says; it is over by now in any case."""
    for group in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for status in pod.get("status", group, default=()) or ():
            for state in (status.get("state") or {}, status.get("lastState") or {}):
                ended = state.get("terminated") or {}
                if ended.get("containerID") == container_id and ended.get("startedAt"):
                    return parse_time(ended["startedAt"]), parse_time(ended["finishedAt"])
                if "running" in state and status.get("containerID") == container_id:
                    return parse_time(state["running"]["startedAt"]), now
    return now, now


def usage_of(container: Mapping[str, Any], annotations: Mapping[str, str], seconds: float) -> Usage:
    """What a container uses that has run for `seconds`."""
    requests = (container.get("resources") or {}).get("requests") or {}
    amounts = []
    for resource in ("cpu", "memory"):
        text = annotations.get(PREFIX + resource) or requests.get(resource) or "0"
        try:
            amounts.append(Quantity.parse(text).milli_value / 1000)
        except ValueError:
            amounts.append(0.0)
    cpu, memory = amounts
    return Usage(cpu, cpu * seconds, memory)
