"""Owner references of controllers: who controls an object, and taking in or letting go of objects.

Semantics of ControllerRefManager in pkg/controller/controller_ref_manager.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.client import Client
from kfast.errors import StatusError
from kfast.runtime.lister import Lister, Selector

CONTROLLER_INDEX = "controller"
"""Index of objects by the uid of their controller; those without one by `orphan_value(namespace)`."""


Reference = dict[str, Any]


class _Recent:
    """Owner references of the last two objects asked about: every handler of an event asks about the same two."""

    def __init__(self) -> None:
        self._first: tuple[Object | None, tuple[Reference, ...]] = (None, ())
        self._second: tuple[Object | None, tuple[Reference, ...]] = (None, ())

    def get(self, obj: Object) -> tuple[Reference, ...]:
        for known, references in (self._first, self._second):
            if known is obj:
                return references
        found = obj, tuple(obj.get("metadata", "ownerReferences") or ())
        self._first, self._second = found, self._first
        return found[1]


_recent = _Recent()


def owner_references(obj: Object) -> tuple[Reference, ...]:
    """`metadata.ownerReferences`; not to be changed."""
    return _recent.get(obj) if obj.owned else ()


def controller_of(obj: Object) -> Reference | None:
    """The owner reference of the controlling owner."""
    if not obj.owned:
        return None
    for reference in _recent.get(obj):
        if reference.get("controller"):
            return reference
    return None


def reference_to(owner: Object) -> Reference:
    """The owner reference that makes `owner` the controller."""
    return {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def orphan_value(namespace: str) -> str:
    """The value of CONTROLLER_INDEX for objects of a namespace that nobody controls."""
    return f"orphans/{namespace}"


def by_controller(obj: Object) -> Sequence[str]:
    """The index function of CONTROLLER_INDEX."""
    owner = controller_of(obj)
    return (owner["uid"] if owner else orphan_value(obj.namespace),)


async def claim(
    client: Client,
    owner_kind: Kind,
    owner: Object,
    kind: Kind,
    lister: Lister,
    selector: Selector,
    concerns: Callable[[Object], bool] = lambda _: True,
) -> list[Object]:
    """The objects of `kind` that `owner` controls: matching orphans are adopted, what matches no more is released.
    The lister needs CONTROLLER_INDEX; objects that do not concern the owner are left as they are."""
    owned = [obj for obj in lister.by_index(CONTROLLER_INDEX, owner.uid) if concerns(obj)]
    kept = [obj for obj in owned if selector.matches(obj)]
    if owner.deleting:
        return kept
    if len(kept) < len(owned):
        released = [obj for obj in owned if not selector.matches(obj)]
        await asyncio.gather(*(_release(client, owner, kind, obj) for obj in released))
    orphans = lister.by_index(CONTROLLER_INDEX, orphan_value(owner.namespace))
    adopted = [obj for obj in orphans if selector.matches(obj) and not obj.deleting and concerns(obj)]
    if adopted and await _may_adopt(client, owner_kind, owner):
        taken = await asyncio.gather(*(_adopt(client, owner, kind, obj) for obj in adopted))
        kept.extend(obj for obj in taken if obj is not None)
    return kept


async def _may_adopt(client: Client, kind: Kind, owner: Object) -> bool:
    """Asks the server: the cache may show an owner that is being deleted or was replaced."""
    try:
        fresh = await client.get(kind, owner.name, owner.namespace)
    except StatusError as error:
        if error.not_found:
            return False
        raise
    return fresh.uid == owner.uid and not fresh.deleting


async def _adopt(client: Client, owner: Object, kind: Kind, obj: Object) -> Object | None:
    patch = {"metadata": {"ownerReferences": [reference_to(owner)], "uid": obj.uid}}
    return await _patched(client, kind, obj, patch)


async def _release(client: Client, owner: Object, kind: Kind, obj: Object) -> None:
    patch = {"metadata": {"ownerReferences": [{"$patch": "delete", "uid": owner.uid}], "uid": obj.uid}}
    await _patched(client, kind, obj, patch)


async def _patched(client: Client, kind: Kind, obj: Object, patch: dict[str, Any]) -> Object | None:
    """The patched object; None if it is gone or another of that name took its place."""
    try:
        return await client.patch(kind, obj.name, patch, obj.namespace, type="strategic")
    except StatusError as error:
        if error.not_found or error.code == 422 or (error.code == 409 and "uid" in error.message.lower()):
            return None
        raise
