"""The quality-of-service class of a pod (upstream: apis/core/v1/helper/qos)."""

from __future__ import annotations

from typing import Any

from kfast.api.resource_lists import milli

_COUNTED = ("cpu", "memory")


def _totals(amounts: list[dict[str, str]]) -> dict[str, int]:
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
    limits = [holder.get("limits") or {} for holder in holders]
    requests = _totals([holder.get("requests") or {} for holder in holders])
    total_limits = _totals(limits)
    if not requests and not total_limits:
        return "BestEffort"
    limited = all(milli(entry.get(name) or "0") > 0 for entry in limits for name in _COUNTED)
    if limited and len(requests) == len(total_limits) and requests == total_limits:
        return "Guaranteed"
    return "Burstable"
