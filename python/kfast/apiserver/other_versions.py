"""Managers that wrote in another version of a kind than the one of a write (upstream: managedfields' versionconverter).

What changes for them is found out in their versions. The core says which objects it wants converted; an operation is
asked again until it wants no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from kfast._core import OtherVersionsError, Schema
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.versions import convert
from kfast.apiserver.backend import Backend
from kfast.apiserver.managed_fields import Others, Paths, out_of_reach
from kfast.apiserver.scope import Scope
from kfast.errors import StatusError
from kfast.meta.gvk import GroupVersion

T = TypeVar("T")


async def across_versions(
    backend: Backend, scope: Scope, subresource: str, body: Body, run: Callable[[Others], T]
) -> T:
    """What `run` makes of the managers of `body`; it may raise OtherVersionsError."""
    others: Others = ([], [], scope.custom)
    while True:
        try:
            return run(others)
        except OtherVersionsError as wanted:
            await learn(backend, scope, subresource, body, others, wanted)


async def learn(
    backend: Backend, scope: Scope, subresource: str, body: Body, others: Others, wanted: OtherVersionsError
) -> None:
    """Adds to `others` what is wanted of them."""
    if not wanted.args:
        others[0].extend(_served(backend, scope, subresource, body))
        return
    source, target, data = wanted.args
    others[1].append((source, target, data, await _converted(backend, scope.kind, source, target, data)))


def _served(backend: Backend, scope: Scope, subresource: str, body: Body) -> list[tuple[str, Schema, str, Paths]]:
    """The versions of the kind, and what a write does not reach there."""
    kind = scope.kind
    versions = [other for other in backend.catalog if (other.group, other.kind) == (kind.group, kind.kind)]
    served = []
    for version in versions:
        other = backend.scope(version.group, version.version, version.plural)
        if other is not None:
            reach = out_of_reach(other, body, subresource if other.kind.has_status else "")
            served.append((other.api_version, backend.structure(other, other.schema), other.schema, reach))
    return served


async def _converted(backend: Backend, kind: Kind, source: str, target: str, data: bytes) -> bytes | str:
    """The JSON of an object in another version, or why there is none."""
    body: Body = msgspec.json.decode(data)
    before, after = (backend.catalog.by_gvk(*GroupVersion.parse(version), kind.kind) for version in (source, target))
    if before is None or after is None:
        return f"request to convert CR to an invalid group/version: {target}"
    if after.definition is not None and after.definition.webhook is None:
        # Nothing is pruned: what the other version has not does not fit it.
        return msgspec.json.encode({**body, "apiVersion": target})
    try:
        return msgspec.json.encode(await convert(backend, body, before, after))
    except StatusError as error:
        return error.message
