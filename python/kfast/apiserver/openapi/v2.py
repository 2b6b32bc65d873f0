"""OpenAPI v2 (Swagger), JSON: one document for everything, for clients from before v3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from kfast.api.kind import Kind
from kfast.apiserver.openapi.operations import JSON_TYPES, Names, Operation, PathItem, path_items
from kfast.apiserver.openapi.v3 import Definitions, reachable, tag
from kfast.config import KUBERNETES_VERSION
from kfast.meta.exchange import Request, Response
from kfast.meta.gvk import GroupVersion

_encode = msgspec.json.encode


class OpenAPIV2:
    """Answers `/openapi/v2`; made on the first request."""

    def __init__(self, kinds: Callable[[], Iterable[Kind]], definitions: Callable[[], Definitions]) -> None:
        self._kinds = kinds
        self._definitions = definitions
        self._document: tuple[bytes, str] | None = None

    def changed(self) -> None:
        """The catalog is another one now."""
        self._document = None

    def __call__(self, request: Request) -> Response | None:
        """The answer, or None if the path is another; 406 where JSON is not accepted."""
        if request.path.rstrip("/") != "/openapi/v2":
            return None
        accept = request.headers.get("accept", "*/*")
        if not any(wanted in accept for wanted in ("application/json", "*/*", "application/*")):
            return Response(406, b"", {"Vary": "Accept"})
        if self._document is None:
            body = _encode(document(self._kinds(), self._definitions()))
            self._document = body, f'"{hashlib.sha512(body).hexdigest().upper()}"'
        body, etag = self._document
        headers = {"ETag": etag, "Vary": "Accept"}
        if request.headers.get("if-none-match") == etag:
            return Response(304, b"", headers)
        return Response(200, body, headers)


def document(kinds: Iterable[Kind], definitions: Definitions) -> dict[str, Any]:
    """The whole document."""
    names = Names(definitions)
    items = [item for kind in kinds for item in path_items(kind, names)]
    roots = {name for item in items for op in item.operations for name in (op.body, op.answer) if name}
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": KUBERNETES_VERSION},
        "paths": {item.path: _path(item) for item in sorted(items, key=lambda item: item.path)},
        "definitions": reachable(roots, definitions),
    }


def _path(item: PathItem) -> dict[str, Any]:
    shared: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "type": "string", "uniqueItems": True} for name in item.variables
    ]
    shared.append(_query("pretty", "string"))
    return {operation.method: _operation(operation) for operation in item.operations} | {"parameters": shared}


def _query(name: str, type_name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "type": type_name, "uniqueItems": True}


def _operation(operation: Operation) -> dict[str, Any]:
    group, version, kind = operation.gvk
    answer: dict[str, Any] = {}
    if operation.answer:
        answer = {"schema": {"$ref": f"#/definitions/{operation.answer}"}}
    parameters = [_query(name, kind) for name, kind in operation.parameters.items()]
    if operation.body:
        body = {"$ref": f"#/definitions/{operation.body}"}
        required = {"required": True} if operation.method != "delete" else {}
        parameters.insert(0, {"name": "body", "in": "body", "schema": body} | required)
    texts = {200: "OK", 201: "Created", 202: "Accepted"}
    return {
        "tags": [tag(GroupVersion(group, version))],
        "operationId": operation.operation_id,
        "consumes": list(operation.body_types),
        "produces": list(operation.answer_types or JSON_TYPES),
        "schemes": ["https"],
        "parameters": parameters,
        "responses": {str(code): {"description": texts[code]} | answer for code in operation.codes}
        | {"401": {"description": "Unauthorized"}},
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
    }
