"""The condition PodScheduled of pods that are not placed."""

from __future__ import annotations

from typing import Any

from kfast._core import Object
from kfast.clock import rfc3339

GATED = "Scheduling is blocked due to non-empty scheduling gates"


def condition_patch(obj: Object, reason: str, message: str, now: float) -> dict[str, Any] | None:
    """The strategic merge patch of the status that sets PodScheduled=False; None if that would change nothing."""
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
    return {"metadata": {"uid": obj.uid}, "status": {"conditions": [condition]}}
