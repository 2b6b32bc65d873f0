"""kube-scheduler's metrics under upstream's names: plain counters while scheduling, Prometheus text when asked."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def _exponential(start: float, factor: float, count: int) -> tuple[float, ...]:
    return tuple(start * factor**n for n in range(count))


class Histogram:
    """A histogram by labels."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> None:
        self.name, self.text, self.labels = name, text, labels
        self._buckets = buckets
        self._rows: dict[tuple[str, ...], list[float]] = {}

    def observe(self, seconds: float, *labels: str, count: int = 1) -> None:
        """Counts `count` values."""
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = [0.0] * (len(self._buckets) + 2)
        row[bisect_left(self._buckets, seconds)] += count
        row[-1] += seconds * count

    def collect(self) -> Metric:
        """The family as it is exposed."""
        from prometheus_client.metrics_core import HistogramMetricFamily

        family = HistogramMetricFamily(self.name, self.text, labels=self.labels)
        for labels, row in self._rows.items():
            total, buckets = 0.0, []
            for bound, count in zip((*self._buckets, float("inf")), row, strict=False):
                total += count
                buckets.append(("+Inf" if bound == float("inf") else repr(bound), total))
            family.add_metric(labels, buckets, row[-1])
        return family


class SchedulerMetrics:
    """What one scheduler has done so far."""

    def __init__(self) -> None:
        attempt = _exponential(0.001, 2, 15)
        point = _exponential(0.0001, 2, 12)
        self.attempts: Counter[tuple[str, str]] = Counter()
        """By result and profile."""
        self.preemptions = 0
        self.duration = Histogram(
            "scheduler_scheduling_attempt_duration_seconds",
            "Scheduling attempt latency in seconds (scheduling algorithm + binding)",
            ("result", "profile"),
            attempt,
        )
        self.algorithm = Histogram(
            "scheduler_scheduling_algorithm_duration_seconds", "Scheduling algorithm latency in seconds", (), attempt
        )
        self.sli = Histogram(
            "scheduler_pod_scheduling_sli_duration_seconds",
            "E2e latency for a pod being scheduled, from its first attempt on",
            ("attempts",),
            _exponential(0.01, 2, 20),
        )
        self.pod_attempts = Histogram(
            "scheduler_pod_scheduling_attempts",
            "Number of attempts to successfully schedule a pod",
            (),
            _exponential(1, 2, 5),
        )
        self.victims = Histogram(
            "scheduler_preemption_victims", "Number of selected preemption victims", (), _exponential(1, 2, 7)
        )
        self.points = Histogram(
            "scheduler_framework_extension_point_duration_seconds",
            "Latency for running all plugins of a specific extension point, where it is measured",
            ("extension_point", "status", "profile"),
            point,
        )
        self.plugins = Histogram(
            "scheduler_plugin_execution_duration_seconds",
            "Duration for running a plugin outside the core at an extension point",
            ("plugin", "extension_point", "status"),
            _exponential(0.00001, 1.5, 20),
        )

    def attempted(self, result: str, profile: str, seconds: float, count: int = 1) -> None:
        """Attempts that ended as `scheduled`, `unschedulable` or `error`."""
        self.attempts[result, profile] += count
        self.duration.observe(seconds, result, profile, count=count)

    def scheduled(self, attempts: int, since: float) -> None:
        """A pod was bound at last, `since` seconds after its first attempt."""
        self.pod_attempts.observe(attempts)
        self.sli.observe(since, str(attempts) if attempts < 16 else "16+")

    def preempted(self, victims: int) -> None:
        """A pod looked for victims and found some."""
        self.preemptions += 1
        self.victims.observe(victims)

    def exposition(
        self, pending: Mapping[str, int], incoming: Iterable[tuple[str, str, int]], cache: Mapping[str, int]
    ) -> bytes:
        """The text of /metrics, with the process's own figures."""
        from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(_Snapshot(self._families(pending, incoming, cache)))
        return generate_latest(registry) + generate_latest(REGISTRY)

    def _families(
        self, pending: Mapping[str, int], incoming: Iterable[tuple[str, str, int]], cache: Mapping[str, int]
    ) -> Iterator[Metric]:
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

        attempts = CounterMetricFamily(
            "scheduler_schedule_attempts",
            "Number of attempts to schedule pods, by the result",
            labels=["result", "profile"],
        )
        for labels, count in self.attempts.items():
            attempts.add_metric(labels, count)
        yield attempts
        yield CounterMetricFamily(
            "scheduler_preemption_attempts", "Total preemption attempts in the cluster till now", value=self.preemptions
        )
        waiting = GaugeMetricFamily(
            "scheduler_pending_pods", "Number of pending pods, by the queue type", labels=["queue"]
        )
        for queue in ("active", "backoff", "unschedulable", "gated"):
            waiting.add_metric([queue], pending[queue])
        yield waiting
        came = CounterMetricFamily(
            "scheduler_queue_incoming_pods",
            "Number of pods added to scheduling queues by event and queue type",
            labels=["queue", "event"],
        )
        for queue, event, count in incoming:
            came.add_metric([queue, event], count)
        yield came
        size = GaugeMetricFamily(
            "scheduler_cache_size", "Number of nodes, pods, and assumed pods in the scheduler cache", labels=["type"]
        )
        for kind, count in cache.items():
            size.add_metric([kind], count)
        yield size
        for histogram in (
            self.duration,
            self.algorithm,
            self.sli,
            self.pod_attempts,
            self.victims,
            self.points,
            self.plugins,
        ):
            yield histogram.collect()


class _Snapshot:
    """A collector of families made once."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families
