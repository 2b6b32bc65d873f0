"""GET of one object."""

from __future__ import annotations

from kfast._core import Object
from kfast.apiserver import resource_version
from kfast.apiserver.backend import Backend
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.negotiate import JSON
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import not_found
from kfast.meta.exchange import Request, Response


def read(backend: Backend, info: RequestInfo) -> Object:
    """The object the path names. Raises StatusError 404."""
    scope = info.served
    obj = backend.store.get(scope.resource, info.namespace if scope.kind.namespaced else "", info.name)
    if obj is None:
        raise not_found(scope.kind, info.name)
    return obj


async def read_current(backend: Backend, info: RequestInfo) -> Object:
    """The object the path names, in the version of the path. Raises StatusError 404, 500."""
    return await backend.read_one(info.served, read(backend, info))


async def get(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """The newest committed version. Raises StatusError 404, 406, and 504 for a resourceVersion still to come."""
    if request.query:
        output_of(request, info.scope, "object")
        wanted = resource_version.parse(request.param("resourceVersion"))
        if wanted:
            await resource_version.not_older_than(backend.store, wanted)
    elif not request.native and request.headers.get("accept") in (None, JSON) and not info.served.converts:
        agent = request.headers.get("user-agent")
        if agent is None or not agent.startswith(("curl/", "Wget/", "Mozilla/5.0")):
            return Response(200, read(backend, info).to_bytes())
    output = output_of(request, info.scope, "object")
    return object_response(backend, request, info, output, await read_current(backend, info))
