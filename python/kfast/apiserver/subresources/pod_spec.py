"""pods/ephemeralcontainers and pods/resize: writes that may change one part of a pod's spec."""

from __future__ import annotations

from kfast._core import Object
from kfast.api.kind import Body, FieldError
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.handlers.guaranteed_update import Update, guaranteed_update
from kfast.apiserver.handlers.patch import apply_patch, patch_type
from kfast.apiserver.lifecycle import match_name
from kfast.apiserver.options import write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import invalid
from kfast.meta.exchange import Request, Response

_RESIZABLE = ("resources", "resizePolicy")


async def update_part(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """PUT of a pod, of which the subresource's part counts. Raises StatusError 400, 404, 409, 422."""
    scope = info.served
    output = output_of(request, scope, "object")
    options = write_options(request, "UpdateOptions")
    body, warnings = decode_object(backend, request, info, scope.schema, options.field_validation)
    match_name(info, body)

    def transform(old: Body, _current: Object) -> Body:
        return _merge(info, old, body)

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
        return _merge(info, old, new)

    obj = await guaranteed_update(backend, request, info, Update(transform, options, "all"))
    return object_response(backend, request, info, output, obj)


def _merge(info: RequestInfo, old: Body, new: Body) -> Body:
    if new["metadata"].get("resourceVersion"):
        old["metadata"]["resourceVersion"] = new["metadata"]["resourceVersion"]
    spec = dict(old["spec"])
    if info.subresource == "resize":
        for part in ("containers", "initContainers"):
            if part in spec:
                spec[part] = _resized(spec[part], (new.get("spec") or {}).get(part) or [])
    else:
        spec["ephemeralContainers"] = _extended(info, spec, (new.get("spec") or {}).get("ephemeralContainers") or [])
    old["spec"] = spec
    return old


def _resized(old: list[Body], new: list[Body]) -> list[Body]:
    """The containers with the resources and resize policies of their namesakes."""
    stated = {container.get("name"): container for container in new}
    merged = []
    for container in old:
        container = dict(container)
        for key in _RESIZABLE:
            value = stated.get(container["name"], container).get(key)
            if value is not None:
                container[key] = value
        merged.append(container)
    return merged


def _extended(info: RequestInfo, spec: Body, new: list[Body]) -> list[Body]:
    """Ephemeral containers may be added, never changed or removed. Raises StatusError 422."""
    stated = {container.get("name"): container for container in new}
    for container in spec.get("ephemeralContainers") or []:
        again = stated.get(container["name"])
        if again is None or any(container.get(k) != v for k, v in again.items()):
            why = f'Forbidden: existing ephemeral containers "{container["name"]}" may not be changed\n'
            error = FieldError("spec.ephemeralContainers", "FieldValueForbidden", why)
            raise invalid("", "Pod", info.name, [error])
    for container in new:
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        container.setdefault("imagePullPolicy", "IfNotPresent")
        container.setdefault("resources", {})
    return new
