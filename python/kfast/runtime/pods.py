"""Facts about pods that several controllers need, by upstream's definitions (pkg/api/v1/pod, controller_utils.go)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from kfast._core import Object
from kfast.clock import parse_time
from kfast.runtime.ownership import reference_to

_COST_ANNOTATION = "controller.kubernetes.io/pod-deletion-cost"
_PHASE_RANK = {"Pending": 0, "Unknown": 1, "Running": 2}


def is_terminal(pod: Object) -> bool:
    """Succeeded or Failed: it will never run again."""
    return pod.get("status", "phase") in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Neither terminal nor being deleted."""
    return not pod.deleting and not is_terminal(pod)


def ready_condition(pod: Object) -> dict[str, Any] | None:
    """The condition Ready."""
    for condition in pod.get("status", "conditions") or ():
        if condition["type"] == "Ready":
            return dict(condition)
    return None


def available_in(pod: Object, min_ready_seconds: int, now: float) -> float | None:
    """Seconds until the pod has been ready for `min_ready_seconds`: 0 if it is available, None if it is not ready,
    infinite if nobody says since when it is."""
    condition = ready_condition(pod)
    if condition is None or condition["status"] != "True":
        return None
    if not min_ready_seconds:
        return 0.0
    since = condition.get("lastTransitionTime")
    return max(0.0, parse_time(since) + min_ready_seconds - now) if since else math.inf


def from_template(template: Mapping[str, Any], owner: Object) -> dict[str, Any]:
    """A new pod of `owner`, named by the server after it."""
    metadata = template.get("metadata") or {}
    copied = {key: metadata[key] for key in ("labels", "annotations", "finalizers") if metadata.get(key)}
    prefix = f"{owner.name}-"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": prefix,
            "namespace": owner.namespace,
            **copied,
            "ownerReferences": [reference_to(owner)],
        },
        "spec": template["spec"],
    }


def deletion_order(pods: Sequence[Object], related: Sequence[Object], now: float) -> list[Object]:
    """`pods` with those first that are cheapest to lose; `related` are all active pods of the same application.

    The order of ActivePodsWithRanks: unassigned, pending, unready, low deletion cost, crowded on its node, ready for
    a shorter time, restarted more often, younger. Times count by powers of two; within one the uid decides.
    """
    crowd: dict[str, int] = {}
    for pod in related:
        node = pod.get("spec", "nodeName") or ""
        crowd[node] = crowd.get(node, 0) + 1
    ranked = [_Rank(pod, crowd, now) for pod in pods]
    ranked.sort(key=cmp_to_key(_compare))
    return [rank.pod for rank in ranked]


class _Rank:
    __slots__ = ("created", "first", "now", "pod", "ready_since", "restarts")

    def __init__(self, pod: Object, crowd: Mapping[str, int], now: float) -> None:
        node = pod.get("spec", "nodeName") or ""
        condition = ready_condition(pod) or {}
        ready = condition.get("status") == "True"
        containers = pod.get("status", "containerStatuses") or ()
        self.pod = pod
        self.now = now
        self.first = (
            bool(node),
            _PHASE_RANK.get(pod.get("status", "phase") or "Pending", 0),
            ready,
            _deletion_cost(pod),
            -crowd.get(node, 0),
        )
        self.ready_since = _epoch(condition.get("lastTransitionTime")) if ready else 0.0
        self.restarts = max((int(c.get("restartCount") or 0) for c in containers), default=0)
        self.created = _epoch(pod.get("metadata", "creationTimestamp"))


def _compare(a: _Rank, b: _Rank) -> int:
    if a.first != b.first:
        return -1 if a.first < b.first else 1
    if a.ready_since != b.ready_since:
        return _compare_times(a, b, a.ready_since, b.ready_since)
    if a.restarts != b.restarts:
        return -1 if a.restarts > b.restarts else 1
    if a.created != b.created:
        return _compare_times(a, b, a.created, b.created)
    return 0


def _compare_times(a: _Rank, b: _Rank, of_a: float, of_b: float) -> int:
    """The later time first; an unknown time counts as latest."""
    if not of_a or not of_b:
        return -1 if not of_a else 1
    rank_a, rank_b = _power(a.now - of_a), _power(b.now - of_b)
    if rank_a != rank_b:
        return -1 if rank_a < rank_b else 1
    return -1 if a.pod.uid < b.pod.uid else 1


def _power(seconds: float) -> int:
    return int(math.log2(seconds * 1e9)) if seconds > 0 else -1


def _deletion_cost(pod: Object) -> int:
    try:
        return int(pod.get("metadata", "annotations", _COST_ANNOTATION) or 0)
    except ValueError:
        return 0


def _epoch(text: str | None) -> float:
    return parse_time(text) if text else 0.0
