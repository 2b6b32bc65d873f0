"""The objects of a request in other versions of its kind, as webhooks and policies ask for them."""

from __future__ import annotations

import msgspec

from kfast._core import Schema, with_managed_fields
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.backend import Backend
from kfast.apiserver.scope import Scope

_decode = msgspec.json.decode
_encode = msgspec.json.encode
_NONE = b"null"


class Versions:
    """Object and old object of one request, converted and encoded once per kind. `changed` after a change of the
    object."""

    def __init__(self, backend: Backend, attributes: Attributes) -> None:
        self._backend = backend
        self._attributes = attributes
        self._objects: dict[str, bytes] = {}
        self._old: dict[str, bytes] = {}

    async def object(self, kind: Kind) -> bytes:
        """The object as `kind`, `null` if there is none."""
        return await self._encoded(self._objects, self._attributes.object, kind, 0)

    async def old(self, kind: Kind) -> bytes:
        """The object as it was."""
        return await self._encoded(self._old, self._attributes.old, kind, 1)

    def changed(self) -> None:
        """Forgets what was made of the object."""
        self._objects.clear()

    async def _encoded(self, known: dict[str, bytes], body: Body | None, kind: Kind, which: int) -> bytes:
        if body is None:
            return _NONE
        data = known.get(kind.api_version)
        if data is None:
            version = self._attributes.versions[which]
            if version:
                body = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
            if kind is not self._attributes.kind and not self._attributes.schema:
                body = await convert(self._backend, body, self._attributes.kind, kind)
            data = known[kind.api_version] = with_managed_fields(_encode(body), self._attributes.managed[which])
        return data


async def convert(backend: Backend, body: Body, source: Kind, target: Kind) -> Body:
    """A copy of an object of `source` as `target`, another version of the same kind. Raises StatusError 500 if that
    takes a webhook which fails."""
    definition = target.definition
    if definition is not None and definition.webhook is not None:
        return await backend.conversion(target).convert(_decode(_encode(body)))
    return _scope(backend, target).from_storage(_scope(backend, source).to_storage(_decode(_encode(body))))


def structure_of(backend: Backend, kind: Kind, schema: str) -> Schema:
    """What knows the fields of `schema`, of `kind` or of one of its subresources."""
    scope = backend.scope(kind.group, kind.version, kind.plural)
    return backend.structure(scope, schema) if scope is not None else backend.schema


async def replace_object(backend: Backend, attributes: Attributes, kind: Kind, new: Body) -> None:
    """Puts an object of `kind` in the place of the request's, in its version. Its resourceVersion and managed fields
    are not for webhooks and policies to say."""
    assert attributes.object is not None
    if kind is not attributes.kind and not attributes.schema:
        new = await convert(backend, new, kind, attributes.kind)
    if isinstance(new.get("metadata"), dict):
        for key in ("resourceVersion", "managedFields"):
            new["metadata"].pop(key, None)
    attributes.object.clear()
    attributes.object.update(new)


def _scope(backend: Backend, kind: Kind) -> Scope:
    scope = backend.scope(kind.group, kind.version, kind.plural)
    assert scope is not None, f"{kind.api_version}/{kind.plural} is not served any more"
    return scope
