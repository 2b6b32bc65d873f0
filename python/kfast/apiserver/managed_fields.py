"""`metadata.managedFields`: which manager a write belongs to, and what of an object it may own.

Objects are tracked from their creation on, until a client takes all entries away.
"""

from __future__ import annotations

from typing import Any

from kfast._core import Schema
from kfast.api.kind import Body
from kfast.apiserver.backend import Backend
from kfast.apiserver.lifecycle import encode_json
from kfast.apiserver.options import MAX_MANAGER, WriteOptions
from kfast.apiserver.scope import Scope
from kfast.clock import rfc3339
from kfast.meta.exchange import Request

Paths = tuple[tuple[str, ...], ...]
Entries = list[dict[str, Any]]
Writer = tuple[str, str, str, str]
"""Manager, version, subresource, time."""
Others = tuple[list[tuple[str, Schema, str, Paths]], list[tuple[str, str, bytes, bytes | str]], bool]
"""What the core knows of other versions: (version, schema, key, paths out of reach) of each; conversions made:
(version, version wanted, object, what became of it or why not); whether managers of versions that exist no more are an
error, as they are of custom resources, or dropped."""

_STATUS: Paths = (("status",),)
_STATUS_METADATA = ("labels", "annotations", "finalizers")
_NO_SPEC = frozenset({"apiVersion", "kind", "metadata", "status"})


def manager_of(request: Request, options: WriteOptions) -> str:
    """`fieldManager`, or the first part of the user agent."""
    if options.field_manager:
        return options.field_manager
    agent = request.headers.get("user-agent", "").partition("/")[0]
    if len(agent) <= MAX_MANAGER and agent.isascii() and agent.isprintable():
        return agent
    return "".join(c for c in agent if c.isprintable()).encode()[:MAX_MANAGER].decode(errors="ignore")


def writer(backend: Backend, request: Request, options: WriteOptions, scope: Scope, subresource: str) -> Writer:
    """Who writes, as the core wants it."""
    now = rfc3339(backend.clock.now())
    return manager_of(request, options), scope.api_version, subresource, now


def out_of_reach(scope: Scope, body: Body, subresource: str) -> Paths:
    """What a write of the main resource or of a subresource does not change."""
    if subresource != "status":
        return _STATUS if scope.kind.has_status else ()
    taken = scope.subresources["status"].metadata
    kept = tuple(("metadata", key) for key in (*_STATUS_METADATA, "ownerReferences") if key not in taken)
    return (*((key,) for key in body if key not in _NO_SPEC), *kept)


def take_stated(body: Body) -> Entries | None:
    """Takes out the managed fields a client states; None if it states none."""
    stated: Entries | None = body["metadata"].pop("managedFields", None)
    return stated


def track(
    backend: Backend,
    scope: Scope,
    writer: Writer,
    old: Body | None,
    new: Body,
    stated: Entries | None,
    live: bytes,
    subresource: str,
    others: Others | None = None,
) -> bytes:
    """The JSON of the managed fields of `new`, which takes the place of `old`, None on a create; empty if it is not
    tracked. `live` are those of `old`; those `stated`, if any, take their place, an empty list or entry ending the
    tracking. With `others` managers of other versions lose what changes there; OtherVersionsError asks for more."""
    if stated in ([], [{}]) or not (stated or live or old is None):
        return b""
    same = stated is None or encode_json(stated) == live  # clients send back what they read
    given: list[bytes | Entries] = [live] if same or stated is None else [stated, live]
    reach = out_of_reach(scope, new, subresource)
    return backend.structure(scope, scope.schema).track(scope.schema, old, new, given, writer, reach, others)
