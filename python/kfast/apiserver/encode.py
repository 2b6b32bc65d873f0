"""Turns handles and bodies into the answer the client asked for."""

from __future__ import annotations

from typing import Any

import msgspec

from kfast._core import Object
from kfast.api.schema import load_schema
from kfast.apiserver.backend import Backend
from kfast.apiserver.negotiate import PLAIN, PROTOBUF, SERVED, YAML, Output, Transforms, negotiate, wants_pretty
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import not_acceptable
from kfast.apiserver.table import partial_metadata, table
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response

_encode = msgspec.json.encode
_decode = msgspec.json.decode


def output_of(request: Request, scope: Scope | None, transforms: Transforms) -> Output:
    """The negotiated form; native callers take handles. Raises StatusError 406, before anything is written."""
    if request.native:
        return PLAIN
    if scope is None or not scope.custom:
        return negotiate(request, transforms, scope is not None)
    try:
        return negotiate(request, transforms, False)
    except StatusError:
        if transforms == "watch":
            raise
        raise not_acceptable(SERVED) from None


def current_body(scope: Scope, obj: Object) -> dict[str, Any]:
    """The decoded object in the version of `scope`."""
    body: dict[str, Any] = _decode(obj.to_bytes())
    return body if scope.shows(obj) else scope.from_storage(body)


def object_response(
    backend: Backend, request: Request, info: RequestInfo, output: Output, obj: Object, status: int = 200
) -> Response:
    """One stored object as the answer."""
    scope = info.served
    if output is PLAIN and scope.shows(obj):
        if request.native:
            return Response(status, obj)
        if not wants_pretty(request):
            return Response(status, obj.to_bytes())
    if request.native:
        return Response(status, Object.parse(_encode(current_body(scope, obj))))
    return body_response(backend, request, output, current_body(scope, obj), scope, status)


def body_response(
    backend: Backend, request: Request, output: Output, body: dict[str, Any], scope: Scope | None, status: int = 200
) -> Response:
    """One decoded object as the answer; `scope` is needed for transforms and protobuf."""
    if request.native:
        return Response(status, body)
    if output.transform == "Table" and scope is not None:
        version = body["metadata"].get("resourceVersion")
        metadata = {"resourceVersion": version} if version else {}
        body = table(scope.kind, [body], metadata, output.version, backend.clock.now(), request.param("includeObject"))
    elif output.transform == "PartialObjectMetadata":
        body = partial_metadata(body, output.version)
    return Response(status, render(body, output, wants_pretty(request)), content_type=output.media_type)


def document(request: Request, body: dict[str, Any], status: int = 200) -> Response:
    """A body that is no stored object (a Status) in the form Accept asks for, JSON if it asks
    for none that is served."""
    if request.native:
        return Response(status, body)
    try:
        output = negotiate(request, "none")
    except StatusError:
        output = PLAIN
    return Response(status, render(body, output, wants_pretty(request)), content_type=output.media_type)


def render(body: Any, output: Output, pretty: bool) -> bytes:
    """A decoded answer as JSON, YAML or protobuf; only the last needs the body's kind to be one of the schema."""
    if output.media_type == PROTOBUF:
        return load_schema().encode(schema_key(body), body, PROTOBUF)
    if output.media_type == YAML:
        import yaml

        # Read back, so that no two places share a value: those would become an anchor and an alias.
        body = _decode(_encode(body))
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text: str = yaml.dump(body, Dumper=dumper, default_flow_style=False, allow_unicode=True, width=1 << 30)
        return text.encode()
    data = _encode(body)
    return msgspec.json.format(data, indent=2) if pretty else data


def schema_key(body: dict[str, Any]) -> str:
    """The key of a body's structure in the schema; metadata alone has one for all versions."""
    if body["kind"] == "PartialObjectMetadata":
        return "meta.k8s.io/v1/PartialObjectMetadata"
    return f"{body.get('apiVersion', 'v1')}/{body['kind']}"


def status_success(request: Request, status: int, details: dict[str, Any] | None = None) -> Response:
    """The `Status` of a request that succeeded without an object to show."""
    body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details:
        body["details"] = details
    if status == 201:
        body["code"] = status
    return document(request, body, status)
