"""The status subresource: everything else of the object stays as it is."""

from __future__ import annotations

from kfast.apiserver.backend import Backend
from kfast.apiserver.handlers.patch import patch_part
from kfast.apiserver.handlers.update import replace
from kfast.apiserver.request_info import RequestInfo
from kfast.meta.exchange import Request, Response


async def update_status(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """PUT of the whole object, of which the status counts."""
    return await replace(backend, request, info, "status")


async def patch_status(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """PATCH of the status."""
    return await patch_part(backend, request, info, "status")
