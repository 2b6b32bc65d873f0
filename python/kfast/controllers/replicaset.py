"""Keeps the number of pods of a ReplicaSet or ReplicationController: pkg/controller/replicaset."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kfast.api.apps.replica_set import KIND as REPLICA_SETS
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.replication_controller import KIND as REPLICATION_CONTROLLERS
from kfast.api.kind import Kind
from kfast.client import TransportError
from kfast.clock import rfc3339
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, LabelSelector, Object, Watch, own_key
from kfast.runtime.ownership import CONTROLLER_INDEX, by_controller, claim, controller_of
from kfast.runtime.pods import available_in, deletion_order, from_template, is_active, is_terminal

BURST = 500
"""Pods created or deleted in one reconcile."""

_COUNTS = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "terminatingReplicas")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now: create so many, or delete these."""

    create: int = 0
    delete: tuple[Object, ...] = ()


def plan(owner: Object, active: Sequence[Object], related: Sequence[Object], now: float) -> Plan:
    """Brings the `active` pods of `owner` to its replicas; `related` are the pods of its siblings as well."""
    wanted = owner.get("spec", "replicas", default=1)
    surplus = len(active) - wanted
    if surplus <= 0:
        return Plan(create=min(-surplus, BURST))
    return Plan(delete=tuple(deletion_order(active, related, now)[: min(surplus, BURST)]))


def status_of(
    owner: Object, pods: Sequence[Object], now: float, failure: tuple[str, str] | None = None
) -> dict[str, Any]:
    """The status that `pods`, none of them finished, amount to; `failure` is (reason, message) of what went wrong."""
    template = owner.get("spec", "template", "metadata", "labels") or {}
    labelled = LabelSelector.from_map(template)
    min_ready = owner.get("spec", "minReadySeconds") or 0
    active = [pod for pod in pods if not pod.deleting]
    waits = [wait for pod in active if (wait := available_in(pod, min_ready, now)) is not None]
    counts = (
        len(active),
        sum(labelled.matches(pod) for pod in active),
        len(waits),
        waits.count(0.0),
        len(pods) - len(active),
    )
    status: dict[str, Any] = dict(zip(_COUNTS, counts, strict=True))
    if owner.kind == "ReplicationController":
        del status["terminatingReplicas"]
    conditions = [c for c in owner.get("status", "conditions") or () if c["type"] != "ReplicaFailure"]
    if failure is not None:
        conditions.append(_failure_condition(owner, failure, now))
    if conditions:
        status["conditions"] = conditions
    status["observedGeneration"] = owner.generation
    return status


def _failure_condition(owner: Object, failure: tuple[str, str], now: float) -> dict[str, Any]:
    for condition in owner.get("status", "conditions") or ():
        if condition["type"] == "ReplicaFailure":
            return dict(condition)
    reason, message = failure
    return {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": rfc3339(now),
        "reason": reason,
        "message": message,
    }


async def _reconcile(kind: Kind, context: Context, key: Key) -> float | None:
    owner = context.lister(kind).get(*key)
    if owner is None:
        context.expectations.forget(key)
        return None
    settled = context.expectations.satisfied(key)
    pods = await claim(context.client, kind, owner, PODS, context.lister(PODS), selector_of(owner), _is_unfinished)
    failed: StatusError | TransportError | None = None
    failure = None
    if settled and not owner.deleting:
        active = [pod for pod in pods if not pod.deleting]
        todo = plan(owner, active, _related(context, kind, owner, active), context.clock.now())
        failed = await _execute(context, key, owner, todo)
        if failed is not None:
            failure = ("FailedCreate" if todo.create else "FailedDelete", str(failed))
    now = context.clock.now()
    await _write_status(context, kind, owner, status_of(owner, pods, now, failure))
    if failed is not None:
        raise failed
    return _next_available(owner, pods, now)


def _is_unfinished(pod: Object) -> bool:
    return not is_terminal(pod)


def selector_of(owner: Object) -> LabelSelector:
    """The compiled selector; a ReplicationController's is a plain map."""
    selector = owner.get("spec", "selector")
    if owner.kind == "ReplicationController":
        return LabelSelector.from_dict({"matchLabels": selector} if selector else None)
    return LabelSelector.from_dict(selector)


def _related(context: Context, kind: Kind, owner: Object, active: Sequence[Object]) -> list[Object]:
    """Active pods of all sets under the same controller: a rollout spreads over them together."""
    parent = controller_of(owner)
    if parent is None:
        return list(active)
    siblings = context.lister(kind).by_index(CONTROLLER_INDEX, parent["uid"])
    pods = context.lister(PODS)
    return [pod for s in siblings for pod in pods.by_index(CONTROLLER_INDEX, s.uid) if is_active(pod)]


def _next_available(owner: Object, pods: Iterable[Object], now: float) -> float | None:
    """Seconds until the next ready pod becomes available."""
    min_ready = owner.get("spec", "minReadySeconds") or 0
    if not min_ready:
        return None
    waits = [available_in(pod, min_ready, now) for pod in pods if not pod.deleting]
    return min((wait for wait in waits if wait and wait != math.inf), default=None)


async def _execute(context: Context, key: Key, owner: Object, todo: Plan) -> StatusError | TransportError | None:
    """Does what was planned; the first failure, if any."""
    if todo.create:
        context.expectations.expect_creations(key, todo.create)
        return await _create(context, key, owner, todo.create)
    if todo.delete:
        context.expectations.expect_deletions(key, (pod.uid for pod in todo.delete))
        results = await asyncio.gather(*(_delete_pod(context, key, owner, pod) for pod in todo.delete))
        return next((result for result in results if result is not None), None)
    return None


async def _create(context: Context, key: Key, owner: Object, count: int) -> StatusError | TransportError | None:
    """Batches of 1, 2, 4...: what fails for one pod, say a quota, fails for all and should not be asked 500 times."""
    body = from_template(owner.get("spec", "template"), owner)
    left, size = count, 1
    while left:
        size = min(size, left)
        results = await asyncio.gather(*(_create_pod(context, key, owner, body) for _ in range(size)))
        left -= size
        failures = [result for result in results if result is not None]
        if failures:
            context.expectations.creation_observed(key, left)
            return None if _namespace_ends(failures[0]) else failures[0]
        size *= 2
    return None


async def _create_pod(
    context: Context, key: Key, owner: Object, body: dict[str, Any]
) -> StatusError | TransportError | None:
    try:
        pod = await context.client.create(PODS, body)
    except (StatusError, TransportError) as error:
        context.expectations.creation_observed(key)
        if not _namespace_ends(error):
            context.recorder.event(owner, "Warning", "FailedCreate", f"Error creating: {error}")
        return error
    context.recorder.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {pod.name}")
    return None


def _namespace_ends(error: StatusError | TransportError) -> bool:
    causes = error.details.get("causes") or () if isinstance(error, StatusError) else ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


async def _delete_pod(context: Context, key: Key, owner: Object, pod: Object) -> StatusError | TransportError | None:
    try:
        await context.client.delete(PODS, pod.name, pod.namespace, uid=pod.uid)
    except (StatusError, TransportError) as error:
        context.expectations.deletion_observed(key, pod.uid)
        if isinstance(error, StatusError) and error.not_found:
            return None
        context.recorder.event(owner, "Warning", "FailedDelete", f"Error deleting: {error}")
        return error
    context.recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {pod.name}")
    return None


async def _write_status(context: Context, kind: Kind, owner: Object, status: dict[str, Any]) -> None:
    current = owner.get("status") or {}
    counts_same = all((current.get(key) or 0) == status.get(key, 0) for key in (*_COUNTS, "observedGeneration"))
    if counts_same and (current.get("conditions") or []) == status.get("conditions", []):
        return
    body = owner.to_dict()
    body["status"] = status
    await context.client.update_status(kind, body)


def _controller(name: str, kind: Kind) -> Controller:
    api_version = kind.api_version

    def owners(context: Context, pod: Object) -> Collection[Key]:
        """Whom a pod concerns: its controller, or all whose selector matches an orphan."""
        reference = controller_of(pod)
        if reference is not None:
            ours = reference["kind"] == kind.kind and reference["apiVersion"] == api_version
            return ((pod.namespace, reference["name"]),) if ours else ()
        if pod.deleting:
            return ()
        sets = context.lister(kind).list(pod.namespace)
        return [(owner.namespace, owner.name) for owner in sets if selector_of(owner).matches(pod)] if sets else ()

    def on_pod(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
        pod = new or old
        assert pod is not None
        keys = owners(context, pod)
        if old is not None and new is not None and controller_of(old) != controller_of(new):
            keys = {*keys, *owners(context, old)}
        for key in keys:
            if old is None:
                context.expectations.creation_observed(key)
            if new is None or pod.deleting:
                context.expectations.deletion_observed(key, pod.uid)
        return keys

    async def reconcile(context: Context, key: Key) -> float | None:
        return await _reconcile(kind, context, key)

    return Controller(
        name=name,
        watches=(
            Watch(kind=kind, map=own_key, indexers={CONTROLLER_INDEX: by_controller}),
            Watch(kind=PODS, on_event=on_pod, indexers={CONTROLLER_INDEX: by_controller}),
        ),
        reconcile=reconcile,
        workers=5,
    )


CONTROLLER = _controller("replicaset-controller", REPLICA_SETS)
REPLICATION_CONTROLLER = _controller("replication-controller", REPLICATION_CONTROLLERS)
