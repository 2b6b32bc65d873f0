"""Which handler answers which verb, on resources and subresources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.encode import body_response, output_of
from kfast.apiserver.handlers.component_statuses import get_component, list_components
from kfast.apiserver.handlers.create import create
from kfast.apiserver.handlers.delete import delete
from kfast.apiserver.handlers.deletecollection import delete_collection
from kfast.apiserver.handlers.get import get
from kfast.apiserver.handlers.list import list_objects
from kfast.apiserver.handlers.patch import patch
from kfast.apiserver.handlers.update import update
from kfast.apiserver.handlers.watch import watch
from kfast.apiserver.lifecycle import decode_json, match_namespace
from kfast.apiserver.managed_fields import take_stated, track, writer
from kfast.apiserver.options import WriteOptions, write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.selection import EVERYTHING
from kfast.apiserver.status_errors import (
    method_not_supported,
    no_resource,
    not_found,
    not_watchable,
    page_not_found,
)
from kfast.apiserver.subresources.binding import bind
from kfast.apiserver.subresources.eviction import evict
from kfast.apiserver.subresources.finalize import finalize
from kfast.apiserver.subresources.log import log
from kfast.apiserver.subresources.pod_spec import patch_part, update_part
from kfast.apiserver.subresources.proxy import proxy
from kfast.apiserver.subresources.scale import get_scale, patch_scale, update_scale
from kfast.apiserver.subresources.status import patch_status, update_status
from kfast.apiserver.subresources.streams import attach, execute, port_forward
from kfast.meta.exchange import Request, Response

Handle = Callable[[Backend, Request, RequestInfo], Awaitable[Response]]

VERBS: dict[str, Handle] = {
    "get": get,
    "list": list_objects,
    "watch": watch,
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
}

PARTICULAR: dict[tuple[str, str], Handle] = {
    ("bindings", "create"): bind,
    ("componentstatuses", "get"): get_component,
    ("componentstatuses", "list"): list_components,
}
"""Verbs of kinds that are not stored."""

_OF_OBJECTS = frozenset({"update", "patch"})
_ITEMS = frozenset({"get", "update", "patch", "delete"})
"""Without any of these a resource has no objects to name (reviews, bindings)."""
"""Verbs that exist on single objects only; GET and DELETE of a collection are verbs of their own."""

SUBRESOURCES: dict[tuple[str, str], Handle] = {
    ("status", "get"): get,
    ("status", "update"): update_status,
    ("status", "patch"): patch_status,
    ("scale", "get"): get_scale,
    ("scale", "update"): update_scale,
    ("scale", "patch"): patch_scale,
    ("binding", "create"): bind,
    ("eviction", "create"): evict,
    ("finalize", "update"): finalize,
    ("ephemeralcontainers", "get"): get,
    ("ephemeralcontainers", "update"): update_part,
    ("ephemeralcontainers", "patch"): patch_part,
    ("resize", "get"): get,
    ("resize", "update"): update_part,
    ("resize", "patch"): patch_part,
    ("log", "get"): log,
    ("exec", "get"): execute,
    ("exec", "create"): execute,
    ("attach", "get"): attach,
    ("attach", "create"): attach,
    ("portforward", "get"): port_forward,
    ("portforward", "create"): port_forward,
    ("approval", "get"): get,
    ("approval", "update"): update_status,
    ("approval", "patch"): patch_status,
}


async def route(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """Answers a request for a served resource. Raises StatusError 404, 405 and all that the handlers raise."""
    scope = info.served
    if not _scoped(info, scope):
        if scope.custom and not request.native:
            return page_not_found()
        raise no_resource()
    if info.subresource == "proxy" and "proxy" in scope.subresources:
        return await proxy(backend, request, info)
    if request.method == "HEAD":
        raise method_not_supported()
    verb = info.verb
    if not info.subresource:
        if verb == "watch" and "list" in scope.verbs and verb not in scope.verbs:
            raise not_watchable(scope.kind)
        if info.name and _ITEMS.isdisjoint(scope.verbs):
            raise no_resource()
        if verb not in scope.verbs or (verb in _OF_OBJECTS and not info.name):
            raise method_not_supported()
        if verb == "create" and backend.virtual and scope.kind.resource in backend.virtual:
            return await _virtual(backend, request, info, scope.kind.resource, scope.schema)
        special = PARTICULAR.get((scope.kind.resource, verb))
        if special is not None:
            return await special(backend, request, info)
        return await VERBS[verb](backend, request, info)
    declared = scope.subresources.get(info.subresource)
    if declared is None and scope.custom:
        raise not_found(scope.kind, info.name)
    if declared is None:
        raise no_resource()
    if verb not in declared.verbs:
        raise method_not_supported()
    key = f"{scope.kind.resource}/{info.subresource}"
    if verb == "create" and key in backend.virtual:
        version = declared.group_version or scope.api_version
        return await _virtual(backend, request, info, key, f"{version}/{declared.kind}")
    handle = SUBRESOURCES.get((info.subresource, verb))
    if handle is None:
        raise method_not_supported()
    return await handle(backend, request, info)


def _scoped(info: RequestInfo, scope: Scope) -> bool:
    """Whether the path has the form of the resource's scope: objects of namespaces are named in one, others in none."""
    if scope.kind.namespaced:
        if scope.custom and not info.namespace and info.verb not in ("list", "watch"):
            return False
        return bool(info.namespace) or not info.name or info.fields is not EVERYTHING
    return not info.namespace or info.resource == "namespaces"


async def _virtual(backend: Backend, request: Request, info: RequestInfo, key: str, schema: str) -> Response:
    """The create of a kind that is answered and never stored."""
    output = output_of(request, None, "none")
    options = write_options(request, "CreateOptions")
    body, warnings = decode_object(backend, request, info, schema, options.field_validation)
    match_namespace(info, body)
    if not info.subresource:
        _own(backend, request, info, options, body)
    name = info.name or body["metadata"].get("name") or ""
    attributes = Attributes.of("CREATE", request, info, options, name=name, object=body, schema=schema)
    await backend.admission.review(attributes)
    answer = await backend.virtual[key](request, info, body)
    response = body_response(backend, request, output, answer, None, 201)
    response.warnings = warnings
    return response


def _own(backend: Backend, request: Request, info: RequestInfo, options: WriteOptions, body: Body) -> None:
    """What is answered tells whose its fields are, too."""
    author = writer(backend, request, options, info.served, "")
    managed = track(backend, info.served, author, None, body, take_stated(body) or None, b"", "")
    if managed:
        body["metadata"]["managedFields"] = decode_json(managed)
