"""OpenAPI v2 (Swagger), JSON or protobuf: one document for everything, for clients from before v3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from kfast.api.kind import Kind
from kfast.apiserver.negotiate import JSON, media_clauses
from kfast.apiserver.openapi.custom import custom_definitions
from kfast.apiserver.openapi.fixed_paths import DEFINITIONS, FixedPath, fixed_paths
from kfast.apiserver.openapi.merge import Document, merged
from kfast.apiserver.openapi.operations import JSON_TYPES, Names, Operation, PathItem, path_items
from kfast.apiserver.openapi.protobuf import FORMER_MEDIA_TYPE, MEDIA_TYPE, document_protobuf
from kfast.apiserver.openapi.v3 import INFO, SECURITY, Definitions, reachable
from kfast.meta.exchange import Request, Response

_encode = msgspec.json.encode
_ANSWERED = {
    "*/*": JSON,
    "application/*": JSON,
    JSON: JSON,
    MEDIA_TYPE: MEDIA_TYPE,
    FORMER_MEDIA_TYPE: MEDIA_TYPE,
}
"""Which form is answered to what is accepted."""


class OpenAPIV2:
    """Answers `/openapi/v2`; made on the first request. What the server was built with is encoded once."""

    def __init__(self, kinds: Callable[[], Iterable[Kind]], definitions: Callable[[], Definitions]) -> None:
        self._kinds = kinds
        self._definitions = definitions
        self._built_in: tuple[bytes, bytes] | None = None
        self._document: tuple[bytes, str] | None = None
        self._protobuf: bytes | None = None
        self.issuer = False
        """Whether the server issues tokens."""
        self.remotes: Callable[[], Iterable[Document]] = tuple
        """The documents of remote servers, most important first."""

    def changed(self) -> None:
        """The catalog is another one now."""
        self._document = self._protobuf = None

    def __call__(self, request: Request) -> Response | None:
        """The answer, or None if the path is another; 406 where neither form is accepted."""
        if request.path.rstrip("/") != "/openapi/v2":
            return None
        accepted = (media_type for media_type, _ in media_clauses(request.headers.get("accept") or "*/*"))
        media_type = next((_ANSWERED[wanted] for wanted in accepted if wanted in _ANSWERED), "")
        if not media_type:
            return Response(406, b"", {"Vary": "Accept"})
        if self._document is None:
            body = self._make()
            self._document = body, f'"{hashlib.sha512(body).hexdigest().upper()}"'
        body, etag = self._document
        headers = {"ETag": etag, "Vary": "Accept"}
        if request.headers.get("if-none-match") == etag:
            return Response(304, b"", headers)
        if media_type == MEDIA_TYPE:
            if self._protobuf is None:
                self._protobuf = document_protobuf(msgspec.json.decode(body))
            body = self._protobuf
        return Response(200, body, headers, media_type)

    def _make(self) -> bytes:
        kinds = list(self._kinds())
        definitions = self._definitions()
        if self._built_in is None:
            built_in = [kind for kind in kinds if not kind.definition]
            self._built_in = _parts(built_in, definitions, fixed=fixed_paths(built_in, self.issuer))
        custom = [kind for kind in kinds if kind.definition]
        paths, schemas = _parts(custom, custom_definitions(custom, v2=True), definitions)
        parts = {
            "swagger": "2.0",
            "info": INFO,
            "paths": msgspec.Raw(_joined(self._built_in[0], paths)),
            "definitions": msgspec.Raw(_joined(self._built_in[1], schemas)),
            "securityDefinitions": SECURITY,
            "security": [{name: [] for name in SECURITY}],
        }
        body = _encode(parts)
        remotes = list(self.remotes())
        return _encode(merged(msgspec.json.decode(body), remotes)) if remotes else body


def _parts(
    kinds: Sequence[Kind],
    definitions: Definitions,
    known: Definitions | None = None,
    fixed: Sequence[FixedPath] = (),
) -> tuple[bytes, bytes]:
    """The paths of kinds and `fixed` ones, and those of `definitions` that they reach; what is `known` is told
    elsewhere."""
    names = Names({**(known or {}), **definitions})
    items = [item for kind in kinds for item in path_items(kind, names)]
    roots = {name for item in items for op in item.operations for name in (op.body, op.answer) if name}
    roots |= {path.answer for path in fixed if path.answer}
    paths = {item.path: _path(item) for item in items} | {path.path: _fixed(path) for path in fixed}
    known_too = {**definitions, **DEFINITIONS} if fixed else definitions
    return _encode(dict(sorted(paths.items()))), _encode(reachable(roots, known_too))


def _joined(first: bytes, second: bytes) -> bytes:
    """Two encoded objects as one."""
    if first == b"{}" or second == b"{}":
        return first if second == b"{}" else second
    return first[:-1] + b"," + second[1:]


def _path(item: PathItem) -> dict[str, Any]:
    shared: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "type": "string", "uniqueItems": True} for name in item.variables
    ]
    shared += [_query(name, type_name) for name, type_name in item.parameters.items()]
    told = {operation.method: _operation(operation, item.tag) for operation in item.operations}
    return told | {"parameters": shared}


def _fixed(path: FixedPath) -> dict[str, Any]:
    schema = {"$ref": f"#/definitions/{path.answer}"} if path.answer else {"type": "string"}
    consumes = {"consumes": list(path.body_types)} if path.body_types else {}
    told = {
        "tags": [path.tag],
        "operationId": path.operation_id,
        **consumes,
        "produces": list(path.answer_types),
        "schemes": ["https"],
        "responses": {"200": {"description": "OK", "schema": schema}, "401": {"description": "Unauthorized"}},
    }
    return {"get": told}


def _query(name: str, type_name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "type": type_name, "uniqueItems": True}


def _operation(operation: Operation, tag: str) -> dict[str, Any]:
    group, version, kind = operation.gvk
    answer: dict[str, Any] = {}
    if operation.answer or operation.text:
        schema = {"type": "string"} if operation.text else {"$ref": f"#/definitions/{operation.answer}"}
        answer = {"schema": schema}
    parameters = [_query(name, kind) for name, kind in operation.parameters.items()]
    if operation.body:
        body = {"$ref": f"#/definitions/{operation.body}"}
        required = {"required": True} if operation.method != "delete" else {}
        parameters.insert(0, {"name": "body", "in": "body", "schema": body} | required)
    texts = {200: "OK", 201: "Created", 202: "Accepted"}
    return {
        "tags": [tag],
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
