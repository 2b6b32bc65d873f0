"""GET of one object."""

from __future__ import annotations

from kfast._core import Object
from kfast.apiserver import resource_version
from kfast.apiserver.backend import Backend
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.negotiate import JSON
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request, not_found, quoted
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response
from kfast.meta.names import path_segment


def read(backend: Backend, info: RequestInfo) -> Object:
    """The object the path names. Raises StatusError 404, and 400 for what cannot be a name."""
    scope = info.served
    obj = backend.store.get(scope.resource, info.namespace if scope.kind.namespaced else "", info.name)
    if obj is None:
        _check_name(info.name)
        raise not_found(scope.kind, info.name)
    return obj


def _check_name(name: str) -> None:
    if wrong := path_segment(name):
        raise bad_request(f"Name parameter invalid: {quoted(name)}: {';'.join(wrong)}")


async def read_current(backend: Backend, info: RequestInfo) -> Object:
    """The object the path names, in the version of the path. Raises StatusError 404, 500."""
    return await backend.read_one(info.served, read(backend, info))


async def get(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """The newest committed version. Raises StatusError 400, 404, 406; 500 for a resourceVersion that is no number, 504
    for one still to come."""
    if request.query:
        output_of(request, info.scope, "object")
        _check_name(info.name)
        wanted = _wanted(info, request.param("resourceVersion"))
        if wanted:
            await resource_version.not_older_than(backend.store, wanted)
    elif not request.native and request.headers.get("accept") in (None, JSON) and not info.served.converts:
        agent = request.headers.get("user-agent")
        if agent is None or not agent.startswith(("curl/", "Wget/", "Mozilla/5.0")):
            return Response(200, read(backend, info).to_bytes())
    output = output_of(request, info.scope, "object")
    return object_response(backend, request, info, output, await read_current(backend, info))


def _wanted(info: RequestInfo, stated: str) -> int:
    try:
        return resource_version.parse(stated)
    except StatusError as error:
        if info.served.kind.plural == "events":  # upstream has no watch cache of them, which is what answers 500
            raise bad_request(f"invalid resource version: {error.message}") from None
        raise
