"""Reads of ComponentStatuses: nothing is stored, the parts are asked."""

from __future__ import annotations

from kfast._core import Object
from kfast.apiserver.backend import Backend
from kfast.apiserver.encode import body_response, output_of
from kfast.apiserver.handlers.list import bodies_response
from kfast.apiserver.lifecycle import encode_json
from kfast.apiserver.options import list_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import not_found_named
from kfast.meta.exchange import ObjectList, Request, Response


async def get_component(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """One part. Raises StatusError 404, 406."""
    output = output_of(request, info.scope, "object")
    if info.name not in backend.components.names:
        raise not_found_named("", "componentstatus", info.name)
    body = await backend.components.status(info.name)
    if request.native:
        return Response(200, Object.parse(encode_json(body)))
    return body_response(backend, request, output, body, info.scope)


async def list_components(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """All parts that the selectors select; they have no labels. Raises StatusError 400, 406."""
    output = output_of(request, info.scope, "list")
    options = list_options(request, info.served.kind, False)
    names = [
        name
        for name in backend.components.names
        if (options.labels is None or options.labels.matches({}))
        and (options.fields is None or options.fields.matches({"metadata.name": name, "metadata.namespace": ""}))
    ]
    bodies = [await backend.components.status(name) for name in names]
    if request.native:
        return Response(200, ObjectList(0, [Object.parse(encode_json(body)) for body in bodies]))
    return bodies_response(backend, request, info, output, options, bodies, {})
