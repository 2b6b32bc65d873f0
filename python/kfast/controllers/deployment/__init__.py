"""Rolls out Deployments through their ReplicaSets: pkg/controller/deployment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from kfast.api.apps.deployment import KIND as DEPLOYMENTS
from kfast.api.apps.replica_set import KIND as REPLICA_SETS
from kfast.api.core.pod import KIND as PODS
from kfast.controllers.deployment.plan import Plan, plan
from kfast.controllers.deployment.replica_sets import REVISION, ReplicaSet, body_of, find_new
from kfast.controllers.deployment.status import set_condition
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, LabelSelector, Object, Watch
from kfast.runtime.ownership import CONTROLLER_INDEX, by_controller, claim, controller_of
from kfast.runtime.pods import is_terminal


async def reconcile(context: Context, key: Key) -> float | None:
    """One step of a rollout."""
    deployment = context.lister(DEPLOYMENTS).get(*key)
    if deployment is None:
        return None
    selector = LabelSelector.from_dict(deployment.get("spec", "selector"))
    if selector.empty:
        message = "This deployment is selecting all pods. A non-empty selector is required."
        context.recorder.event(deployment, "Warning", "SelectingAll", message)
        return None
    lister = context.lister(REPLICA_SETS)
    owned = await claim(context.client, DEPLOYMENTS, deployment, REPLICA_SETS, lister, selector)
    sets = [ReplicaSet.read(obj) for obj in owned]
    now = context.clock.now()
    todo = plan(deployment, sets, _old_pods_run(context, deployment, sets), now)
    if todo.create is not None and not await _create(context, deployment, todo):
        return None
    for replica_set in todo.update:
        await _update(context, deployment, replica_set)
    await asyncio.gather(*(_delete(context, replica_set) for replica_set in todo.delete))
    await _write(context, deployment, todo)
    return todo.look_again


def _old_pods_run(context: Context, deployment: Object, sets: Sequence[ReplicaSet]) -> bool:
    """Whether pods of older sets are still around; only the strategy Recreate waits for them."""
    if (deployment.get("spec", "strategy", "type") or "") != "Recreate":
        return False
    new = find_new(deployment.get("spec", "template"), sets)
    old = [s for s in sets if s is not new]
    pods = context.lister(PODS)
    return any(
        s.current or any(not is_terminal(p) for p in pods.by_index(CONTROLLER_INDEX, s.object.uid))
        for s in old
        if s.object is not None
    )


async def _create(context: Context, deployment: Object, todo: Plan) -> bool:
    """Creates the newest set; False if its name is another's and a new name has to be found."""
    new = todo.create
    assert new is not None
    try:
        await context.client.create(REPLICA_SETS, body_of(new, deployment))
    except StatusError as error:
        if error.already_exists:
            return await _resolve_collision(context, deployment, new)
        message = f'Failed to create new replica set "{new.name}": {error.message}'
        status = dict(deployment.get("status") or {})
        set_condition(status, "Progressing", "False", "ReplicaSetCreateError", message, context.clock.now())
        context.recorder.event(deployment, "Warning", "ReplicaSetCreateError", message)
        await _write_status(context, deployment, status)
        raise
    if new.replicas:
        _report_scaling(context, deployment, new)
    return True


async def _resolve_collision(context: Context, deployment: Object, new: ReplicaSet) -> bool:
    present = await context.client.get(REPLICA_SETS, new.name, deployment.namespace)
    owner = controller_of(present)
    if owner and owner["uid"] == deployment.uid and find_new(new.template, [ReplicaSet.read(present)]):
        return True  # It is ours, only the cache does not know yet.
    status = dict(deployment.get("status") or {})
    status["collisionCount"] = (status.get("collisionCount") or 0) + 1
    await _write_status(context, deployment, status)
    return False


async def _update(context: Context, deployment: Object, replica_set: ReplicaSet) -> None:
    assert replica_set.object is not None
    body = replica_set.object.to_dict()
    body["metadata"]["annotations"] = replica_set.annotations
    body["spec"]["replicas"] = replica_set.replicas
    if replica_set.min_ready_seconds or body["spec"].get("minReadySeconds"):
        body["spec"]["minReadySeconds"] = replica_set.min_ready_seconds
    await context.client.update(REPLICA_SETS, body)
    if replica_set.replicas != replica_set.original_replicas:
        _report_scaling(context, deployment, replica_set)


def _report_scaling(context: Context, deployment: Object, replica_set: ReplicaSet) -> None:
    before, after = replica_set.original_replicas, replica_set.replicas
    direction = "up" if after > before else "down"
    message = f"Scaled {direction} replica set {replica_set.name} from {before} to {after}"
    context.recorder.event(deployment, "Normal", "ScalingReplicaSet", message)


async def _delete(context: Context, replica_set: ReplicaSet) -> None:
    assert replica_set.object is not None
    try:
        await context.client.delete(REPLICA_SETS, replica_set.name, replica_set.object.namespace)
    except StatusError as error:
        if not error.not_found:
            raise


async def _write(context: Context, deployment: Object, todo: Plan) -> None:
    """The status, and the revision: an annotation written through the status, so that no generation is counted."""
    annotations = deployment.get("metadata", "annotations") or {}
    if todo.revision and annotations.get(REVISION) != todo.revision:
        patch = {"metadata": {"annotations": {REVISION: todo.revision}}}
        deployment = await context.client.patch(
            DEPLOYMENTS, deployment.name, patch, deployment.namespace, subresource="status"
        )
    await _write_status(context, deployment, todo.status)


async def _write_status(context: Context, deployment: Object, status: dict[str, Any]) -> None:
    def significant(of: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in of.items() if value}

    if significant(deployment.get("status") or {}) == significant(status):
        return
    body = deployment.to_dict()
    body["status"] = status
    await context.client.update_status(DEPLOYMENTS, body)


def _on_deployment(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    """Keeps in the state which Deployments recreate: only these have to hear of pods."""
    recreating: set[Key] = context.state
    deployment = new or old
    assert deployment is not None
    key = deployment.namespace, deployment.name
    if new is not None and new.get("spec", "strategy", "type") == "Recreate":
        recreating.add(key)
    else:
        recreating.discard(key)
    return (key,)


def _on_replica_set(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    for obj in (old, new):
        if obj is None:
            continue
        owner = controller_of(obj)
        if owner is not None:
            if owner["kind"] == DEPLOYMENTS.kind:
                yield obj.namespace, owner["name"]
        elif new is not None:
            for deployment in context.lister(DEPLOYMENTS).list(obj.namespace):
                if LabelSelector.from_dict(deployment.get("spec", "selector")).matches(obj):
                    yield deployment.namespace, deployment.name


def _on_pod(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    """A Recreate waits for the end of old pods; nothing else about pods matters here."""
    if not context.state or old is None or not (new is None or (is_terminal(new) and not is_terminal(old))):
        return
    owner = controller_of(old)
    if owner is None or owner["kind"] != REPLICA_SETS.kind:
        return
    replica_set = context.lister(REPLICA_SETS).get(old.namespace, owner["name"])
    parent = controller_of(replica_set) if replica_set is not None else None
    if parent is not None and parent["kind"] == DEPLOYMENTS.kind:
        key = old.namespace, parent["name"]
        if key in context.state:
            yield key


CONTROLLER = Controller(
    name="deployment-controller",
    watches=(
        Watch(kind=DEPLOYMENTS, on_event=_on_deployment),
        Watch(kind=REPLICA_SETS, on_event=_on_replica_set, indexers={CONTROLLER_INDEX: by_controller}),
        Watch(
            kind=PODS,
            on_event=_on_pod,
            indexers={CONTROLLER_INDEX: by_controller},
            events=frozenset({"update", "delete"}),
        ),
    ),
    reconcile=reconcile,
    workers=5,
    state=set[Key],
)
