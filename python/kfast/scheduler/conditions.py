"""What the scheduler writes into the status of pods that are not placed."""

from __future__ import annotations

from typing import Any

from kfast._core import Object
from kfast.clock import rfc3339

GATED = "Scheduling is blocked due to non-empty scheduling gates"


def status_patch(
    obj: Object, reason: str, message: str, now: float, nominated: str | None = None
) -> dict[str, Any] | None:
    """The strategic merge patch of the status that sets PodScheduled=False and `nominatedNodeName` ("" clears it, None
    keeps it); None if that would change nothing."""
    status: dict[str, Any] = {}
    if nominated is not None and nominated != (obj.get("status", "nominatedNodeName") or ""):
        status["nominatedNodeName"] = nominated or None
    if (condition := _condition(obj, reason, message, now)) is not None:
        status["conditions"] = [condition]
    return {"metadata": {"uid": obj.uid}, "status": status} if status else None


def _condition(obj: Object, reason: str, message: str, now: float) -> dict[str, Any] | None:
    conditions = obj.get("status", "conditions") or ()
    current: dict[str, Any] = next((c for c in conditions if c.get("type") == "PodScheduled"), {})
    if (current.get("status"), current.get("reason"), current.get("message", "")) == ("False", reason, message):
        return None
    since = current.get("lastTransitionTime") if current.get("status") == "False" else None
    condition: dict[str, Any] = {
        "type": "PodScheduled",
        "status": "False",
        "reason": reason,
        "message": message,
        "lastProbeTime": None,
        "lastTransitionTime": since or rfc3339(now),
    }
    if obj.generation:
        condition["observedGeneration"] = obj.generation
    return condition
