"""The quality-of-service class of a pod (upstream: apis/core/v1/helper/qos)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kfast.api.resource_lists import Amounts, limits_and_requests, milli

_COUNTED = ("cpu", "memory")


def _totals(amounts: list[Mapping[str, str]]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for entry in amounts:
        for name in _COUNTED:
            amount = entry.get(name)
            if amount is not None and (thousandths := milli(amount)) > 0:
                totals[name] = totals.get(name, 0) + thousandths
    return totals


def qos_class(spec: dict[str, Any]) -> str:
    """Guaranteed, Burstable or BestEffort. Raises ValueError on malformed amounts."""
    pod_level = spec.get("resources")
    holders = (
        [pod_level]
        if pod_level
        else [
            container.get("resources") or {}
            for group in ("containers", "initContainers")
            for container in spec.get(group) or ()
        ]
    )
    return _class_of(tuple([limits_and_requests(holder) for holder in holders]))


@lru_cache(maxsize=4096)
def _class_of(holders: tuple[tuple[Amounts, Amounts], ...]) -> str:
    limits: list[Mapping[str, str]] = [dict(limits) for limits, _ in holders]
    requests = _totals([dict(requests) for _, requests in holders])
    total_limits = _totals(limits)
    if not requests and not total_limits:
        return "BestEffort"
    limited = all(milli(entry.get(name) or "0") > 0 for entry in limits for name in _COUNTED)
    if limited and len(requests) == len(total_limits) and requests == total_limits:
        return "Guaranteed"
    return "Burstable"
