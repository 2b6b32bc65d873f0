"""Deletes what nobody owns any more; finishes foreground and orphaning deletions: pkg/controller/garbagecollector."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kfast.api.apiextensions.custom_resource_definition import KIND as DEFINITIONS
from kfast.api.kind import Kind
from kfast.controllers.garbage_collector.graph import FOREGROUND, NOTHING, ORPHAN, Graph, Node, Work
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, Object, Watch
from kfast.runtime.ownership import Reference

RESYNC_SECONDS = 30.0
"""How often new kinds are looked for."""

_UNSEEN_SECONDS = 1.0
_IGNORED = ("events", "events.events.k8s.io")

# A key is (what to do, uid).
_SYNC: Key = ("sync", "")
_DELETE, _ORPHAN = "delete", "orphan"


@dataclass(slots=True)
class State:
    """The graph and the kinds that feed it."""

    graph: Graph = field(default_factory=Graph)
    followed: dict[str, Kind] = field(default_factory=dict)
    synced: bool = False


@dataclass(frozen=True, slots=True)
class Owners:
    """The owner references of one object by what became of the owner."""

    solid: tuple[Reference, ...] = ()
    dangling: tuple[Reference, ...] = ()
    waiting: tuple[Reference, ...] = ()
    """Owners deleted in the foreground, which wait for their dependents."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with an object: drop owner references, delete it with a policy, or nothing."""

    drop: tuple[str, ...] = ()
    delete: str = ""
    unblock: bool = False
    """First stop blocking the owners: they form a cycle with a dependent."""


def plan(owners: Owners, finalizers: Sequence[str], dependents: Sequence[Node]) -> Plan:
    """The verdict on an object with these owners (attemptToDeleteItem)."""
    if owners.solid:
        return Plan(drop=tuple(o["uid"] for o in (*owners.dangling, *owners.waiting)))
    if owners.waiting and dependents:
        return Plan(delete="Foreground", unblock=any(d.waits_for_dependents for d in dependents))
    if ORPHAN in finalizers:
        return Plan(delete="Orphan")
    return Plan(delete="Foreground" if FOREGROUND in finalizers else "Background")


async def reconcile(context: Context, key: Key) -> float | None:
    """Follows new kinds, orphans dependents, or checks one object."""
    operation, uid = key
    state: State = context.state
    if operation == "sync":
        await _follow_kinds(context, state)
        return RESYNC_SECONDS
    if not state.synced:
        # Half a graph would take a foreground deletion for finished.
        return 0.02
    node = state.graph.nodes.get(uid)
    if node is None:
        return None
    if operation == _ORPHAN:
        await _orphan(context, state.graph, node)
        return None
    if node.waits_for_dependents:
        await _finish_foreground(context, state.graph, node)
        return None
    if node.deleting or not node.owners or state.graph.knows_owners(node):
        return None
    return await _check(context, state.graph, node)


async def _follow_kinds(context: Context, state: State) -> None:
    served: dict[str, Kind] = {}
    for kind in _kinds(context):
        served.setdefault(kind.resource, kind)  # the preferred version comes first
    for resource, kind in list(state.followed.items()):
        now = served.get(resource)
        if now is None or (now.api_version, now.kind) != (kind.api_version, kind.kind):
            del state.followed[resource]
            await _forget(context, state, kind)
    new = [kind for resource, kind in served.items() if resource not in state.followed]
    for kind in new:
        state.followed[kind.resource] = kind
        _follow(context, state, kind)
    if not state.synced:
        await asyncio.gather(*(context.informers.of(kind).synced() for kind in new))
        state.synced = True


def _kinds(context: Context) -> Iterable[Kind]:
    """Everything that can be listed, watched and deleted, in one version."""
    for kind in context.catalog:
        if kind.resource not in _IGNORED and {"delete", "list", "watch"} <= set(kind.verbs):
            yield kind


async def _forget(context: Context, state: State, kind: Kind) -> None:
    """Stops following a kind that is served no more: its objects are gone."""
    gone = list(context.informers.of(kind).store)
    await context.informers.forget(kind)
    for obj in gone:
        _enqueue(context, state.graph.remove(obj.uid))


def _enqueue(context: Context, work: Work) -> None:
    for uid in work.delete:
        context.queue.add((_DELETE, uid))
    for uid in work.orphan:
        context.queue.add((_ORPHAN, uid))


def _follow(context: Context, state: State, kind: Kind) -> None:
    def enqueue(work: Work) -> None:
        if work is not NOTHING:
            _enqueue(context, work)

    def replaced(old: Object, new: Object) -> None:
        if old.uid != new.uid:
            enqueue(state.graph.remove(old.uid))
        enqueue(state.graph.put(kind, new))

    context.informers.of(kind).add_handler(
        lambda obj: enqueue(state.graph.put(kind, obj)),
        replaced,
        lambda obj: enqueue(state.graph.remove(obj.uid)),
    )


async def _check(context: Context, graph: Graph, node: Node) -> float | None:
    """Asks the server about the object and its owners, and acts on the answer."""
    fresh = await _live(context, node.kind, node.namespace, node.name, node.uid)
    if fresh is None or fresh.deleting:
        return None
    for reference in graph.misplaced(node):
        _report_misplaced(context, node, fresh, reference)
    references = fresh.get("metadata", "ownerReferences") or ()
    if not references:
        return None
    owners, unseen = await _classify(context, graph, node, references)
    todo = plan(owners, fresh.get("metadata", "finalizers") or (), graph.dependents(node.uid))
    if todo.unblock:
        await _unblock(context, node, fresh)
        fresh = await context.client.get(node.kind, node.name, node.namespace)
    if todo.drop:
        await _drop_references(context, node, todo.drop)
    elif todo.delete:
        await context.client.delete(
            node.kind,
            node.name,
            node.namespace,
            propagation=todo.delete,
            uid=node.uid,
            resource_version=fresh.resource_version,
        )
    return _UNSEEN_SECONDS if unseen else None


async def _classify(context: Context, graph: Graph, node: Node, references: Sequence[Reference]) -> tuple[Owners, bool]:
    """The references by the state of the owner, and whether one exists that the informers have not shown yet."""
    solid, dangling, waiting = [], [], []
    unseen = False
    for reference in references:
        kind = _kind_of(context, reference)
        if kind is None or (kind.namespaced and not node.namespace):
            # Nothing can be said about the owner: keep the object.
            solid.append(reference)
            continue
        namespace = node.namespace if kind.namespaced else ""
        owner = await _live(context, kind, namespace, reference["name"], reference["uid"])
        if owner is None:
            dangling.append(reference)
        elif owner.deleting and FOREGROUND in (owner.get("metadata", "finalizers") or ()):
            waiting.append(reference)
        else:
            solid.append(reference)
            unseen = unseen or owner.uid not in graph.nodes
    return Owners(tuple(solid), tuple(dangling), tuple(waiting)), unseen


def _kind_of(context: Context, reference: Reference) -> Kind | None:
    kinds = [k for k in context.catalog if k.kind == reference["kind"]]
    exact = [k for k in kinds if k.api_version == reference["apiVersion"]]
    group = reference["apiVersion"].rpartition("/")[0]
    return next(iter(exact or [k for k in kinds if k.group == group]), None)


async def _live(context: Context, kind: Kind, namespace: str, name: str, uid: str) -> Object | None:
    """The object as the server has it; None if it is gone or another took its name."""
    try:
        fresh = await context.client.get(kind, name, namespace)
    except StatusError as error:
        if error.not_found:
            return None
        raise
    return fresh if fresh.uid == uid else None


def _report_misplaced(context: Context, node: Node, obj: Object, reference: Reference) -> None:
    owner = "[{apiVersion}/{kind}, namespace: {namespace}, name: {name}, uid: {uid}]".format(
        **reference | {"namespace": node.namespace}
    )
    message = f'ownerRef {owner} does not exist in namespace "{node.namespace}"'
    context.recorder.event(obj, "Warning", "OwnerRefInvalidNamespace", message)


async def _finish_foreground(context: Context, graph: Graph, node: Node) -> None:
    """Lets the owner go once no dependent blocks it; until then makes sure they are being deleted."""
    blocking = [dependent for dependent in graph.dependents(node.uid) if dependent.blocks(node.uid)]
    if not blocking:
        await _remove_finalizer(context, node, FOREGROUND)
    for dependent in blocking:
        if not dependent.waits_for_dependents:
            context.queue.add((_DELETE, dependent.uid))


async def _orphan(context: Context, graph: Graph, node: Node) -> None:
    """Takes the owner out of its dependents, then lets it go."""
    dependents = graph.dependents(node.uid)
    await asyncio.gather(*(_drop_references(context, dependent, (node.uid,)) for dependent in dependents))
    await _remove_finalizer(context, node, ORPHAN)


async def _drop_references(context: Context, node: Node, uids: Sequence[str]) -> None:
    await _rewrite_references(context, node, lambda references: [r for r in references if r["uid"] not in uids])


async def _unblock(context: Context, node: Node, fresh: Object) -> None:
    def unblocked(references: list[Reference]) -> list[Reference]:
        return [r | {"blockOwnerDeletion": False} for r in references]

    await _rewrite_references(context, node, unblocked)


async def _rewrite_references(context: Context, node: Node, change: Any) -> None:
    """A merge patch with the resourceVersion works on every kind, custom ones included."""
    fresh = await _live(context, node.kind, node.namespace, node.name, node.uid)
    if fresh is None:
        return
    references = fresh.get("metadata", "ownerReferences") or []
    changed = change(references)
    if changed != references:
        await _patch_metadata(context, node, fresh, {"ownerReferences": changed or None})


async def _remove_finalizer(context: Context, node: Node, finalizer: str) -> None:
    fresh = await _live(context, node.kind, node.namespace, node.name, node.uid)
    if fresh is None:
        return
    finalizers = fresh.get("metadata", "finalizers") or []
    if finalizer in finalizers:
        await _patch_metadata(context, node, fresh, {"finalizers": [f for f in finalizers if f != finalizer]})


async def _patch_metadata(context: Context, node: Node, fresh: Object, metadata: dict[str, Any]) -> None:
    patch = {"metadata": {"resourceVersion": fresh.resource_version, "uid": node.uid, **metadata}}
    try:
        await context.client.patch(node.kind, node.name, patch, node.namespace)
    except StatusError as error:
        if not error.not_found:
            raise


def _on_definition(context: Context, _: Object | None, new: Object | None) -> Iterable[Key]:
    """A definition makes a kind, or takes one away; the server may take a moment for that."""
    if new is None:
        context.queue.add_after(_SYNC, _UNSEEN_SECONDS)
    else:
        yield _SYNC


CONTROLLER = Controller(
    name="generic-garbage-collector",
    watches=(Watch(kind=DEFINITIONS, on_event=_on_definition),),
    reconcile=reconcile,
    workers=20,
    state=State,
    start=lambda _: (_SYNC,),
)
