"""Finalizers that protect an object while it is in use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.client import Client
from kfast.errors import StatusError


def has_finalizer(obj: Object, finalizer: str) -> bool:
    """Whether the object is protected by it."""
    return finalizer in (obj.get("metadata", "finalizers") or ())


async def guard(client: Client, kind: Kind, obj: Object, finalizer: str, used: Callable[[], Awaitable[bool]]) -> None:
    """Protects an object until it is deleted, then lets it go if it is not `used`. Raises StatusError 409 if the object
    has changed."""
    protected = has_finalizer(obj, finalizer)
    if not obj.deleting and not protected:
        await protect(client, kind, obj, finalizer, True)
    elif obj.deleting and protected and not await used():
        await protect(client, kind, obj, finalizer, False)


async def protect(client: Client, kind: Kind, obj: Object, finalizer: str, protected: bool) -> None:
    """Adds the finalizer, or takes it out. Raises StatusError 409 if the object has changed."""
    others = [f for f in obj.get("metadata", "finalizers") or () if f != finalizer]
    finalizers = [*others, finalizer] if protected else others
    patch = {"metadata": {"resourceVersion": obj.resource_version, "finalizers": finalizers or None}}
    try:
        await client.patch(kind, obj.name, patch, obj.namespace)
    except StatusError as error:
        if not error.not_found:
            raise
