"""What conversions of custom resources count."""

from __future__ import annotations

from kfast.apiserver.metrics import Counter, Family, Histogram


class ConversionMetrics:
    """What conversions count, under upstream's names (apiextensions-apiserver's conversion/metrics)."""

    def __init__(self) -> None:
        self._conversions = Histogram(
            "apiserver_crd_conversion_webhook_duration_seconds",
            "Time of conversions by a definition's webhook.",
            ("crd_name", "from_version", "to_version", "succeeded"),
            tuple(0.001 * 2**power for power in range(15)),
        )
        labels = ("result", "failure_type")
        self._requests = Counter(
            "apiserver_conversion_webhook_request_total", "Conversions by webhooks, by how they failed.", labels
        )
        self._seconds = Histogram(
            "apiserver_conversion_webhook_duration_seconds",
            "Time of conversions by webhooks.",
            labels,
            (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60),
        )

    @property
    def families(self) -> tuple[Family, ...]:
        """All of them."""
        return self._conversions, self._requests, self._seconds

    def observe(self, about: tuple[str, str, str], failure: str, seconds: float) -> None:
        """A conversion of `about`: definition, from and to which version."""
        self._conversions.observe((*about, not failure), seconds)
        labels = ("failure", f"conversion_webhook_{failure}_failure") if failure else ("success", "")
        self._requests.add(labels)
        self._seconds.observe(labels, seconds)
