"""`/metrics` under upstream's names: plain counters while serving, Prometheus text when asked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from kfast.meta.exchange import Response

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

DURATION_BUCKETS = (
    0.005,
    0.025,
    0.05,
    0.1,
    0.2,
    0.4,
    0.6,
    0.8,
    1.0,
    1.25,
    1.5,
    2,
    3,
    4,
    5,
    6,
    8,
    10,
    15,
    20,
    30,
    45,
    60,
)


Labels = tuple[object, ...]
"""The values of a family's labels, in their order; some of them may be a tuple in it."""


class Family(Protocol):
    """A metric with all its label values."""

    def text(self) -> Iterable[str]:
        """Its lines in the exposition."""
        ...


class Counter:
    """A number by labels; a gauge if it may fall."""

    def __init__(self, name: str, about: str, labels: Sequence[str], kind: str = "counter") -> None:
        self._head = _head(name, about, kind)
        self._name = name
        self._labels = labels
        self.values: dict[Labels, float] = {}

    def add(self, labels: Labels, count: float = 1) -> None:
        """Adds `count`."""
        self.values[labels] = self.values.get(labels, 0) + count

    def text(self) -> Iterable[str]:
        """HELP, TYPE and a line for each value."""
        yield self._head
        for labels, value in list(self.values.items()):
            yield f"{self._name}{_braces(self._labels, labels)} {float(value)}\n"


class Histogram:
    """Seconds by labels, counted by upper bounds."""

    def __init__(self, name: str, about: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self._head = _head(name, about, "histogram")
        self._name = name
        self._labels = labels
        self._bounds = bounds
        self.rows: dict[Labels, list[float]] = {}
        """Counts by bound, those above all of them, and the sum of the seconds."""

    def observe(self, labels: Labels, seconds: float, count: int = 1) -> None:
        """Counts what took `seconds`."""
        row = self.rows.get(labels)
        if row is None:
            row = self.rows[labels] = [0.0] * (len(self._bounds) + 2)
        row[bisect_left(self._bounds, seconds)] += count
        row[-1] += seconds * count

    def text(self) -> Iterable[str]:
        """HELP, TYPE, and for each labels' values the buckets, sum and count."""
        yield self._head
        for labels, row in list(self.rows.items()):
            total = 0.0
            for bound, count in zip((*self._bounds, "+Inf"), row, strict=False):
                total += count
                yield f"{self._name}_bucket{_braces(self._labels, labels, bound)} {total}\n"
            shown = _braces(self._labels, labels)
            yield f"{self._name}_sum{shown} {row[-1]}\n{self._name}_count{shown} {total}\n"


def _head(name: str, about: str, kind: str) -> str:
    return f"# HELP {name} {about}\n# TYPE {name} {kind}\n"


def _braces(names: Sequence[str], values: Labels, bound: object = None) -> str:
    flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    pairs = sorted(zip(names, flat, strict=True)) + ([("le", bound)] if bound is not None else [])
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs) + "}" if pairs else ""


def _escaped(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class RequestLabels(NamedTuple):
    """What requests are counted by."""

    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    scope: str


class Metrics:
    """Counts requests and watches; the process's own figures and the families of others join them when asked."""

    def __init__(self, families: Sequence[Family] = ()) -> None:
        names = RequestLabels._fields
        self._requests = Counter("apiserver_request_total", "Requests by verb, resource and code.", (*names, "code"))
        self._durations = Histogram(
            "apiserver_request_duration_seconds", "Time to answer by verb and resource.", names, DURATION_BUCKETS
        )
        self._watches = Counter("apiserver_longrunning_requests", "Open watches.", names, "gauge")
        self._families: tuple[Family, ...] = (self._requests, self._durations, self._watches, *families)

    def observe(self, labels: RequestLabels, code: int, seconds: float, count: int = 1) -> None:
        """Finished requests, each of which took `seconds`."""
        self._requests.add((labels, code), count)
        self._durations.observe(labels, seconds, count)

    def watching(self, labels: RequestLabels, change: int) -> None:
        """A watch began (+1) or ended (-1)."""
        self._watches.add(labels, change)

    def respond(self) -> Response:
        """The exposition."""
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        text = "".join(line for family in self._families for line in family.text())
        return Response(200, text.encode() + generate_latest(registry), content_type=CONTENT_TYPE)
