"""PUT: replaces an object, or creates it where the kind allows that."""

from __future__ import annotations

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.handlers.create import create_body, warned
from kfast.apiserver.handlers.guaranteed_update import Update, guaranteed_update
from kfast.apiserver.lifecycle import decode_json, encode_json, match_name, metadata_of
from kfast.apiserver.options import write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import wrong_object
from kfast.apiserver.strconv import parse_uint
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response


async def update(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """200 with the object, 201 if it was created. Raises StatusError 400, 404, 406, 409, 415, 422."""
    return await replace(backend, request, info, "main")


async def replace(backend: Backend, request: Request, info: RequestInfo, part: str) -> Response:
    """PUT of the main resource or of its status."""
    scope = info.served
    output = output_of(request, scope, "object")
    options = write_options(request, "UpdateOptions")
    body, warnings = decode_object(backend, request, info, scope.schema, options.field_validation, True)
    match_name(info, body)
    text = encode_json(body)

    def transform(_old: Body, _current: Object) -> Body:
        return decode_json(text)  # type: ignore[no-any-return]

    change = Update(transform, options, part, verb="put", needs_version=not scope.kind.unconditional_update)
    status = 200
    with warned(warnings):
        try:
            obj = await guaranteed_update(backend, request, info, change)
        except StatusError as error:
            if not (error.not_found and scope.kind.create_on_update and part == "main"):
                raise
            _check_stated(info, body)
            obj, status = await create_body(backend, request, info, body, options, warnings), 201
    response = object_response(backend, request, info, output, obj, status)
    response.warnings = warnings + change.warnings
    return response


def _check_stated(info: RequestInfo, body: Body) -> None:
    """A PUT that creates may state any resourceVersion that is a number, but no uid. Raises StatusError 409, 500."""
    metadata = metadata_of(body)
    if uid := metadata.get("uid"):
        raise wrong_object(info.served.kind, info.namespace, info.name, "UID", uid, "")
    try:
        parse_uint(metadata.pop("resourceVersion", "") or "0")
    except ValueError as error:
        raise StatusError(500, "", str(error)) from None
