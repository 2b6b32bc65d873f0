"""What silence says about a node: its conditions, taints, and how fast pods may be driven off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfast.clock import rfc3339

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"

_PRESSURE = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_WATCHED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
_OWN_TAINTS = frozenset({NOT_READY, UNREACHABLE, _UNSCHEDULABLE, *_PRESSURE.values()})

_UNHEALTHY_ZONE = 0.55
_LARGE_CLUSTER = 50
_LARGE_RATE = 0.01

Body = dict[str, Any]


def ready_status(conditions: Sequence[Mapping[str, Any]]) -> str:
    """The status of the condition Ready; "" while there is none."""
    return next((str(c["status"]) for c in conditions if c["type"] == "Ready"), "")


def silent_conditions(conditions: Sequence[Body], created: str, now: float) -> list[Body]:
    """The conditions of a node that has not been heard of for too long."""
    result = [dict(condition) for condition in conditions]
    stamp = rfc3339(now)
    for kind in _WATCHED:
        present = next((c for c in result if c["type"] == kind), None)
        if present is None:
            result.append(
                {
                    "type": kind,
                    "status": "Unknown",
                    "lastHeartbeatTime": created,
                    "lastTransitionTime": stamp,
                    "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                }
            )
        elif present["status"] != "Unknown":
            present["status"] = "Unknown"
            present["reason"] = "NodeStatusUnknown"
            present["message"] = "Kubelet stopped posting node status."
            present["lastTransitionTime"] = stamp
    return result


def taints_of(
    conditions: Sequence[Body], unschedulable: bool, present: Sequence[Body], evict: bool, now: float
) -> list[Body]:
    """The taints a node should bear; those of others stay.

    `evict`: NoExecute taints may be added. One that is present stays as long as its cause, or becomes the other's.
    """
    ready = ready_status(conditions)
    cause = {"False": NOT_READY, "Unknown": UNREACHABLE}.get(ready)
    wanted = [(cause, "NoSchedule")] if cause else []
    for condition in conditions:
        if condition["status"] == "True" and condition["type"] in _PRESSURE:
            wanted.append((_PRESSURE[condition["type"]], "NoSchedule"))
    if unschedulable:
        wanted.append((_UNSCHEDULABLE, "NoSchedule"))
    evicting = any(t["effect"] == "NoExecute" and t["key"] in (NOT_READY, UNREACHABLE) for t in present)
    if cause and (evict or evicting):
        wanted.append((cause, "NoExecute"))
    kept = [t for t in present if not _is_own(t) or (t["key"], t["effect"]) in wanted]
    have = {(t["key"], t["effect"]) for t in kept}
    stamp = rfc3339(now)
    return kept + [{"key": k, "effect": e, "timeAdded": stamp} for k, e in wanted if (k, e) not in have]


def _is_own(taint: Mapping[str, Any]) -> bool:
    if taint["effect"] == "NoExecute":
        return taint["key"] in (NOT_READY, UNREACHABLE)
    return taint["effect"] == "NoSchedule" and taint["key"] in _OWN_TAINTS


@dataclass(slots=True)
class Zone:
    """How many nodes there are and how many of them are ready."""

    nodes: int = 0
    ready: int = 0


def eviction_rate(zones: Mapping[str, Zone], zone: str, normal: float) -> float:
    """NoExecute taints a second for a zone; 0 stops them.

    When every zone is down it is more likely the control plane that is cut off; a zone that is mostly down is
    emptied slowly if it is large, else not at all.
    """
    if all(not each.ready for each in zones.values()):
        return 0.0
    own = zones.get(zone, Zone())
    silent = own.nodes - own.ready
    if own.ready and silent > 2 and silent / own.nodes >= _UNHEALTHY_ZONE:
        return _LARGE_RATE if own.nodes > _LARGE_CLUSTER else 0.0
    return normal
