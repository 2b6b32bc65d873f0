"""pods/ephemeralcontainers and pods/resize: writes that may change one part of a pod's spec."""

from __future__ import annotations

from kfast._core import Object, PodRules
from kfast.api.kind import Body
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.handlers.guaranteed_update import Update, guaranteed_update
from kfast.apiserver.handlers.patch import apply_patch, patch_type
from kfast.apiserver.lifecycle import match_name
from kfast.apiserver.options import write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.meta.exchange import Request, Response


async def update_part(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """PUT of a pod, of which the subresource's part counts. Raises StatusError 400, 404, 409, 422."""
    scope = info.served
    output = output_of(request, scope, "object")
    options = write_options(request, "UpdateOptions")
    body, warnings = decode_object(backend, request, info, scope.schema, options.field_validation)
    match_name(info, body)

    def transform(old: Body, _current: Object) -> Body:
        return _merge(backend, info, old, body)

    obj = await guaranteed_update(backend, request, info, Update(transform, options, "all"))
    response = object_response(backend, request, info, output, obj)
    response.warnings = warnings
    return response


async def patch_part(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """PATCH of the subresource's part. Raises StatusError 400, 404, 409, 415, 422."""
    scope = info.served
    output = output_of(request, scope, "object")
    options = write_options(request, "PatchOptions")
    media_type = patch_type(request, False)

    def transform(old: Body, current: Object) -> Body:
        old["metadata"]["resourceVersion"] = current.resource_version
        new, _ = apply_patch(backend, info, scope.schema, media_type, old, request.body, options)
        return _merge(backend, info, old, new)

    obj = await guaranteed_update(backend, request, info, Update(transform, options, "all"))
    return object_response(backend, request, info, output, obj)


def _merge(backend: Backend, info: RequestInfo, old: Body, new: Body) -> Body:
    """The pod with the part of `new` that the subresource is for."""
    merge = PodRules.prepare_resize if info.subresource == "resize" else PodRules.prepare_ephemeral
    schema = info.served.schema
    stated = backend.schema.tree(schema, new)
    PodRules.defaults(stated)
    merged = merge(stated, backend.schema.tree(schema, old)).to_dict()
    version = new["metadata"].get("resourceVersion")
    if version:
        merged["metadata"]["resourceVersion"] = version
    return merged
