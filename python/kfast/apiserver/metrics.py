"""`/metrics` under upstream's names: plain counters while serving, Prometheus text when asked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from kfast.meta.exchange import Response

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

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


class RequestLabels(NamedTuple):
    """What requests are counted by."""

    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    scope: str


_LABELS = list(RequestLabels._fields)


class Metrics:
    """Counts requests and watches; the process's own figures join them when asked."""

    def __init__(self) -> None:
        self._requests: dict[tuple[RequestLabels, int], int] = {}
        self._durations: dict[RequestLabels, list[float]] = {}
        self._watches: dict[RequestLabels, int] = {}

    def observe(self, labels: RequestLabels, code: int, seconds: float, count: int = 1) -> None:
        """Finished requests, each of which took `seconds`."""
        key = (labels, code)
        self._requests[key] = self._requests.get(key, 0) + count
        row = self._durations.get(labels)
        if row is None:
            row = self._durations[labels] = [0.0] * (len(DURATION_BUCKETS) + 2)
        row[bisect_left(DURATION_BUCKETS, seconds)] += count
        row[-1] += seconds * count

    def watching(self, labels: RequestLabels, change: int) -> None:
        """A watch began (+1) or ended (-1)."""
        self._watches[labels] = self._watches.get(labels, 0) + change

    def respond(self) -> Response:
        """The exposition."""
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        ProcessCollector(registry=registry)
        return Response(200, generate_latest(registry), content_type=CONTENT_TYPE)

    def collect(self) -> Iterable[Metric]:
        """What Prometheus' registry asks a collector for."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(
            "apiserver_request", "Requests by verb, resource and code.", labels=[*_LABELS, "code"]
        )
        for (labels, code), count in list(self._requests.items()):
            requests.add_metric([*labels, str(code)], count)
        yield requests
        durations = HistogramMetricFamily(
            "apiserver_request_duration_seconds", "Time to answer by verb and resource.", labels=_LABELS
        )
        for labels, row in list(self._durations.items()):
            durations.add_metric(list(labels), _cumulative(row[:-1]), row[-1])
        yield durations
        watches = GaugeMetricFamily("apiserver_longrunning_requests", "Open watches.", labels=_LABELS)
        for labels, open_watches in list(self._watches.items()):
            watches.add_metric(list(labels), open_watches)
        yield watches


def _cumulative(counts: list[float]) -> list[tuple[str, float]]:
    total = 0.0
    buckets = []
    for bound, count in zip((*DURATION_BUCKETS, "+Inf"), counts, strict=True):
        total += count
        buckets.append((str(bound), total))
    return buckets
