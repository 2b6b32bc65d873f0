"""DELETE of a collection: every object the selectors match, each with its own rules."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kfast._core import Object
from kfast.apiserver.backend import Backend
from kfast.apiserver.encode import output_of
from kfast.apiserver.handlers.delete import delete_object, read_options
from kfast.apiserver.handlers.list import list_response, native_list, read_page
from kfast.apiserver.options import DeleteOptions, list_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import method_not_supported
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response

_PAGE = 10_000
_WORKERS = 32


async def delete_collection(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """200 with the list of the objects as they were. Raises StatusError 400, 403, 405, 409, 415, 422."""
    scope = info.served
    if scope.kind.namespaced and not info.namespace:
        raise method_not_supported()
    output = output_of(request, scope, "list")
    deletion = read_options(backend, request)
    options = list_options(request, scope.kind, False)
    options.limit = options.limit or _PAGE
    while True:
        page = await read_page(backend, info, options)
        await _delete_all(backend, request, info, page.objects, deletion)
        native = native_list(info, page)
        options.continue_token = native.continue_token
        options.resource_version = options.match = ""
        if request.param("limit") or not options.continue_token:
            break
    return list_response(backend, request, info, output, options, page)


async def _delete_all(
    backend: Backend, request: Request, info: RequestInfo, objects: Sequence[Object], options: DeleteOptions
) -> None:
    waiting = iter(objects)

    async def worker() -> None:
        for obj in waiting:
            one = RequestInfo(info.path, "deletecollection")
            one.scope, one.namespace, one.name = info.scope, obj.namespace, obj.name
            try:
                await delete_object(backend, request, one, options)
            except StatusError as error:
                if not error.not_found:
                    raise

    await asyncio.gather(*(worker() for _ in range(min(_WORKERS, len(objects)))))
