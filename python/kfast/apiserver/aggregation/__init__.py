"""APIServices: local ones for what is served here, and remote ones whose requests are passed on."""

from kfast.apiserver.aggregation.aggregator import Aggregator

__all__ = ["Aggregator"]
