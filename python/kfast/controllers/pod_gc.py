"""Deletes pods nobody else will: of vanished or dead nodes, unscheduled ones being deleted, too many finished ones.

pkg/controller/podgc.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from kfast.api.core.node import KIND as NODES
from kfast.api.core.pod import KIND as PODS
from kfast.clock import rfc3339
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, Object, Watch
from kfast.runtime.pods import is_terminal

OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
PERIOD = 20.0
QUARANTINE = 40.0
"""Seconds a node has to be missing before its pods are: the cache may be behind."""

_EVERYTHING: Key = ("", "")


@dataclass(slots=True)
class State:
    """Since when nodes of pods are missing."""

    missing_since: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Pods to delete at once; `orphaned` ones are first marked as failed."""

    finished: tuple[Object, ...] = ()
    orphaned: tuple[Object, ...] = ()
    terminating: tuple[Object, ...] = ()


def plan(pods: Sequence[Object], gone_nodes: frozenset[str], dead_nodes: frozenset[str], threshold: int) -> Plan:
    """Which pods to delete when these nodes are gone or out of service, and so many finished pods may stay."""
    unserved = dead_nodes | {"", None}
    finished = sorted(
        (p for p in pods if is_terminal(p)), key=lambda p: (p.get("metadata", "creationTimestamp") or "", p.name)
    )
    surplus = max(0, len(finished) - threshold) if threshold > 0 else 0
    return Plan(
        tuple(finished[:surplus]),
        tuple(p for p in pods if p.get("spec", "nodeName") in gone_nodes),
        tuple(p for p in pods if p.deleting and p.get("spec", "nodeName") in unserved),
    )


async def reconcile(context: Context, _: Key) -> float | None:
    """One round over all pods."""
    pods = list(context.lister(PODS))
    gone = await _gone_nodes(context, pods)
    dead = frozenset(node.name for node in context.lister(NODES) if _is_out_of_service(node))
    todo = plan(pods, gone, dead, context.config.terminated_pod_threshold)
    await asyncio.gather(
        *(_delete(context, pod) for pod in {*todo.finished, *todo.terminating} - {*todo.orphaned}),
        *(_delete_orphan(context, pod) for pod in todo.orphaned),
    )
    return PERIOD


def _is_out_of_service(node: Object) -> bool:
    """Unready, and declared dead by the administrator's taint."""
    taints = node.get("spec", "taints") or ()
    conditions = node.get("status", "conditions") or ()
    declared = any(taint["key"] == OUT_OF_SERVICE for taint in taints)
    return declared and not any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


async def _gone_nodes(context: Context, pods: Sequence[Object]) -> frozenset[str]:
    """Nodes of pods that have been missing for the quarantine and that the server does not have either."""
    nodes, since = context.lister(NODES), context.state.missing_since
    named = {pod.get("spec", "nodeName") for pod in pods} - {None, ""}
    missing = {name for name in named if nodes.get("", name) is None}
    for name in list(since):
        if name not in missing:
            del since[name]
    now = context.clock.monotonic()
    gone = [name for name in missing if now - since.setdefault(name, now) >= QUARANTINE]
    absent = await asyncio.gather(*(_is_absent(context, name) for name in gone))
    return frozenset(name for name, yes in zip(gone, absent, strict=True) if yes)


async def _is_absent(context: Context, name: str) -> bool:
    try:
        await context.client.get(NODES, name)
    except StatusError as error:
        if error.not_found:
            return True
        raise
    return False


async def _delete_orphan(context: Context, pod: Object) -> None:
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByPodGC",
        "message": "PodGC: node no longer exists",
        "lastTransitionTime": rfc3339(context.clock.now()),
    }
    status = {"conditions": [condition], **({} if is_terminal(pod) else {"phase": "Failed"})}
    try:
        await context.client.patch(
            PODS, pod.name, {"status": status}, pod.namespace, type="strategic", subresource="status"
        )
    except StatusError as error:
        if not error.not_found:
            raise
    await _delete(context, pod)


async def _delete(context: Context, pod: Object) -> None:
    try:
        await context.client.delete(PODS, pod.name, pod.namespace, grace_seconds=0, uid=pod.uid)
    except StatusError as error:
        if not (error.not_found or error.conflict):
            raise


CONTROLLER = Controller(
    name="pod-garbage-collector-controller",
    watches=(Watch(kind=NODES), Watch(kind=PODS)),
    reconcile=reconcile,
    workers=1,
    state=State,
    start=lambda _: (_EVERYTHING,),
)
