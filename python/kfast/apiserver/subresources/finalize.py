"""namespaces/finalize: takes finalizers off a namespace; the last one lets it go."""

from __future__ import annotations

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.handlers.guaranteed_update import Update, guaranteed_update
from kfast.apiserver.lifecycle import match_name
from kfast.apiserver.options import write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.meta.exchange import Request, Response


async def finalize(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """PUT of a Namespace, of which spec.finalizers counts. Raises StatusError 400, 404, 409."""
    scope = info.served
    output = output_of(request, scope, "object")
    options = write_options(request, "UpdateOptions")
    body, warnings = decode_object(backend, request, info, scope.schema, options.field_validation)
    match_name(info, body)
    finalizers = (body.get("spec") or {}).get("finalizers")
    version = body["metadata"].get("resourceVersion")

    def transform(old: Body, _current: Object) -> Body:
        spec = dict(old.get("spec") or {})
        if finalizers:
            spec["finalizers"] = finalizers
        else:
            spec.pop("finalizers", None)
        old["spec"] = spec
        if version:
            old["metadata"]["resourceVersion"] = version
        return old

    obj = await guaranteed_update(backend, request, info, Update(transform, options, "all"))
    response = object_response(backend, request, info, output, obj)
    response.warnings = warnings
    return response
