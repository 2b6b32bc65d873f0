"""The status of a Deployment: counts and the conditions Available, Progressing and ReplicaFailure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kfast.clock import parse_time, rfc3339
from kfast.controllers.deployment.replica_sets import ReplicaSet
from kfast.controllers.deployment.rollout import Size

Body = dict[str, Any]

NO_DEADLINE = 2**31 - 1
_COMPLETE, _TIMED_OUT, _PAUSED = "NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused"


def condition(status: Mapping[str, Any], type: str) -> Body | None:  # noqa: A002
    """The condition of that type."""
    return next((c for c in status.get("conditions") or () if c["type"] == type), None)


def set_condition(status: Body, type: str, value: str, reason: str, message: str, now: float) -> None:  # noqa: A002
    """Sets a condition; one of the same status and reason stays as it is."""
    present = condition(status, type)
    if present is not None and present["status"] == value and present.get("reason") == reason:
        return
    _put_condition(status, type, value, reason, message, now)


def _put_condition(status: Body, type: str, value: str, reason: str, message: str, now: float) -> None:  # noqa: A002
    present = condition(status, type)
    stamp = rfc3339(now)
    same = present is not None and present["status"] == value
    entry = {
        "type": type,
        "status": value,
        "lastUpdateTime": stamp,
        "lastTransitionTime": present.get("lastTransitionTime", stamp) if same and present is not None else stamp,
        "reason": reason,
        "message": message,
    }
    remove_condition(status, type)
    status.setdefault("conditions", []).append(entry)


def remove_condition(status: Body, type: str) -> None:  # noqa: A002
    """Drops the condition of that type."""
    status["conditions"] = [c for c in status.get("conditions") or () if c["type"] != type]


def count(
    size: Size, generation: int, old: Mapping[str, Any], sets: Sequence[ReplicaSet], new: ReplicaSet | None, now: float
) -> Body:
    """The status that the sets amount to, with the condition Available."""
    available = sum(s.available for s in sets)
    status: Body = {
        "observedGeneration": generation,
        "replicas": sum(s.current for s in sets),
        "updatedReplicas": new.current if new else 0,
        "readyReplicas": sum(s.ready for s in sets),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(s.replicas for s in sets) - available),
    }
    terminating = [s.terminating for s in sets]
    if None not in terminating:
        status["terminatingReplicas"] = sum(t or 0 for t in terminating)
    if old.get("collisionCount") is not None:
        status["collisionCount"] = old["collisionCount"]
    status["conditions"] = list(old.get("conditions") or ())
    if available >= size.minimum_available:
        message = "Deployment has minimum availability."
        set_condition(status, "Available", "True", "MinimumReplicasAvailable", message, now)
    else:
        message = "Deployment does not have minimum availability."
        set_condition(status, "Available", "False", "MinimumReplicasUnavailable", message, now)
    return status


def is_complete(size: Size, status: Mapping[str, Any], generation: int) -> bool:
    """All pods are of the newest template and available, and no others are left."""
    counts = [status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")]
    return counts == [size.replicas] * 3 and status.get("observedGeneration", 0) >= generation


def _has_progressed(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    def old_pods(status: Mapping[str, Any]) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old_pods(new) < old_pods(old) or any(new.get(key, 0) > old.get(key, 0) for key in grown)


def _has_timed_out(status: Mapping[str, Any], deadline: int, now: float) -> bool:
    present = condition(status, "Progressing")
    if present is None or present.get("reason") == _COMPLETE:
        return False
    return present.get("reason") == _TIMED_OUT or now > parse_time(present["lastUpdateTime"]) + deadline


def report_progress(
    size: Size,
    name: str,
    generation: int,
    deadline: int,
    old: Mapping[str, Any],
    status: Body,
    new: ReplicaSet | None,
    now: float,
) -> None:
    """Sets the condition Progressing in `status`, compared with the `old` one (syncRolloutStatus)."""
    if deadline == NO_DEADLINE:
        remove_condition(status, "Progressing")
        return
    present = condition(old, "Progressing")
    settled = status["replicas"] == status["updatedReplicas"]
    if settled and present is not None and present.get("reason") == _COMPLETE:
        return
    subject = f'ReplicaSet "{new.name}"' if new else f'Deployment "{name}"'
    if is_complete(size, status, generation):
        message = f"{subject} has successfully progressed."
        set_condition(status, "Progressing", "True", _COMPLETE, message, now)
    elif _has_progressed(old, status):
        # The deadline counts from the last progress, so this one is written each time.
        _put_condition(status, "Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.", now)
    elif _has_timed_out(status, deadline, now):
        message = f"{subject} has timed out progressing."
        set_condition(status, "Progressing", "False", _TIMED_OUT, message, now)


def report_pause(status: Body, paused: bool, deadline: int, now: float) -> None:
    """Sets Progressing to Unknown when a rollout is paused or resumed: waiting is no lack of progress."""
    present = condition(status, "Progressing") or {}
    if deadline == NO_DEADLINE or present.get("reason") == _TIMED_OUT:
        return
    was_paused = present.get("reason") == _PAUSED
    if paused and not was_paused:
        set_condition(status, "Progressing", "Unknown", _PAUSED, "Deployment is paused", now)
    elif not paused and was_paused:
        set_condition(status, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now)


def report_failures(status: Body, sets: Sequence[ReplicaSet], new: ReplicaSet | None) -> None:
    """Lifts the ReplicaFailure of the newest set, else of any, to the Deployment."""
    remove_condition(status, "ReplicaFailure")
    for replica_set in ([new] if new else []) + list(sets):
        failure = condition({"conditions": replica_set.conditions}, "ReplicaFailure")
        if failure is not None:
            status["conditions"].append(failure | {"lastUpdateTime": failure.get("lastTransitionTime")})
            return


def seconds_to_deadline(
    size: Size, status: Mapping[str, Any], generation: int, deadline: int, now: float
) -> float | None:
    """When to look again whether the rollout is stuck; None if it cannot be."""
    present = condition(status, "Progressing")
    if deadline == NO_DEADLINE or present is None or present.get("reason") == _TIMED_OUT:
        return None
    if is_complete(size, status, generation):
        return None
    return max(0.0, parse_time(present["lastUpdateTime"]) + deadline - now) + 1.0
