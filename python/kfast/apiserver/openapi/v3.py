"""OpenAPI v3: an index and one document per group version, JSON, addressed by the hash of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kfast.api.kind import Kind
from kfast.apiserver.openapi.custom import custom_definitions
from kfast.apiserver.openapi.fixed_paths import DEFINITIONS, FixedPath, fixed_paths
from kfast.apiserver.openapi.operations import Names, Operation, PathItem, path_items
from kfast.config import KUBERNETES_VERSION
from kfast.meta.exchange import Request, Response

PREFIX = "/openapi/v3"
_V2_REFERENCE = "#/definitions/"
_REFERENCE = "#/components/schemas/"
_encode = msgspec.json.encode
_ONE_OF = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("string", "number"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("integer", "string"),
}
"""Definitions whose values are of one of several types, which v2 cannot say."""

INFO = {"title": "Kubernetes", "version": KUBERNETES_VERSION}
SECURITY = {
    "BearerToken": {
        "type": "apiKey",
        "description": "Bearer Token authentication",
        "name": "authorization",
        "in": "header",
    }
}
_CUSTOM_INFO = {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}
Definitions = Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Document:
    """The document of one group version, and the kinds it is of."""

    ids: tuple[int, ...]
    kinds: Sequence[Kind]
    body: bytes
    digest: str


class OpenAPIV3:
    """Answers `/openapi/v3` and `/openapi/v3/<group version>`. All documents are made together on the first
    request, since the index tells the hash of each; later those whose kinds have changed."""

    def __init__(self, kinds: Callable[[], Iterable[Kind]], definitions: Callable[[], Definitions]) -> None:
        self._kinds = kinds
        self._definitions = definitions
        self._documents: dict[str, _Document] = {}
        self._stale = True
        self.issuer = False
        """Whether the server issues tokens."""
        self.remotes: Callable[[], dict[str, dict[str, str]]] = dict
        """The entries of documents that remote servers have."""

    def changed(self) -> None:
        """The catalog is another one now."""
        self._stale = True

    def __call__(self, request: Request) -> Response | None:
        """The answer, or None if the path is not below `/openapi/v3`."""
        path = request.path
        if not path.startswith(PREFIX):
            return None
        documents = self._current()
        if path == PREFIX:
            paths = {key: _entry(key, found.digest) for key, found in documents.items()}
            return Response(200, {"paths": paths | self.remotes()})
        key = path.removeprefix(f"{PREFIX}/")
        if key not in documents:
            return None
        body, digest = documents[key].body, documents[key].digest
        asked = request.param("hash")
        if asked and asked != digest:
            return Response(301, b"", {"Location": f"{PREFIX}/{key}?hash={digest}"})
        headers = {"ETag": f'"{digest}"', "Vary": "Accept"}
        headers["Cache-Control"] = "public, immutable" if asked else "no-cache, private"
        if asked:
            headers["Expires"] = "Fri, 31 Dec 2100 00:00:00 GMT"
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(304, b"", headers)
        return Response(200, body, headers)

    def _current(self) -> dict[str, _Document]:
        """The documents; what has not changed since the last time stays."""
        if not self._stale:
            return self._documents
        every = list(self._kinds())
        versions: dict[str, list[Kind]] = {}
        for kind in every:
            versions.setdefault(kind.gv.path.removeprefix("/"), []).append(kind)
        fixed = {path.key: path for path in fixed_paths(every, self.issuer)}
        versions |= {key: [] for key in fixed if key not in versions}
        before, self._documents = self._documents, {}
        for key, kinds in versions.items():
            known = before.get(key)
            same = known is not None and known.ids == tuple(map(id, kinds))
            self._documents[key] = known if known is not None and same else self._make(kinds, fixed.get(key))
        self._stale = False
        return self._documents

    def _make(self, kinds: list[Kind], fixed: FixedPath | None) -> _Document:
        custom = custom_definitions(kinds, v2=False)
        body = _encode(document(kinds, {**self._definitions(), **custom, **DEFINITIONS}, fixed))
        return _Document(tuple(map(id, kinds)), kinds, body, hashlib.sha512(body).hexdigest().upper())


def _entry(key: str, digest: str) -> dict[str, str]:
    return {"serverRelativeURL": f"{PREFIX}/{key}?hash={digest}"}


def document(kinds: Iterable[Kind], definitions: Definitions, fixed: FixedPath | None = None) -> dict[str, Any]:
    """The document of one group version, or of a `fixed` path: its paths and every schema they reach."""
    names = Names(definitions)
    items = [item for kind in kinds for item in path_items(kind, names)]
    roots = {name for item in items for op in item.operations for name in (op.body, op.answer) if name}
    paths = {item.path: _path(item) for item in items}
    if fixed is not None:
        paths[fixed.path] = _fixed(fixed)
        roots |= {fixed.answer}
    custom = fixed is None and all(item.custom for item in items)
    schemas = {n: _schema(n, s) for n, s in reachable(roots, definitions).items()}
    components: dict[str, Any] = {"schemas": schemas} if schemas else {}
    if not custom:
        components["securitySchemes"] = SECURITY
    return {
        "openapi": "3.0.0",
        "info": _CUSTOM_INFO if custom else INFO,
        "paths": dict(sorted(paths.items())),
        "components": components,
    }


def reachable(roots: Iterable[str], definitions: Definitions) -> Definitions:
    """The definitions that `roots` lead to, in order of name."""
    found: set[str] = set()
    waiting = [name for name in roots if name in definitions]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [r for r in references(definitions[name]) if r in definitions]
    return {name: definitions[name] for name in sorted(found)}


def references(schema: Any) -> Iterable[str]:
    """Names of the schemas a schema refers to directly."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):  # else it is a property of that name
                yield value.removeprefix(_V2_REFERENCE)
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def _schema(name: str, schema: Any) -> Any:
    types = _ONE_OF.get(name)
    if types is None:
        return _rewrite(schema)
    kept = {key: value for key, value in schema.items() if key != "type"}
    return kept | {"oneOf": [{"type": kind} for kind in types]}


def _rewrite(schema: Any) -> Any:
    """A v2 schema in v3's terms: other references, and none with siblings."""
    if isinstance(schema, list):
        return [_rewrite(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    if not isinstance(schema.get("$ref"), str):
        return {key: _rewrite(value) for key, value in schema.items()}
    reference = {"$ref": schema["$ref"].replace(_V2_REFERENCE, _REFERENCE)}
    siblings = {key: value for key, value in schema.items() if key != "$ref"}
    return siblings | {"allOf": [reference]} if siblings else reference


def _path(item: PathItem) -> dict[str, Any]:
    shared: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "uniqueItems": True}}
        for name in item.variables
    ]
    shared += [_query(name, type_name) for name, type_name in item.parameters.items()]
    told = {operation.method: _operation(operation, item.tag) for operation in item.operations}
    return told | {"parameters": shared}


def _fixed(path: FixedPath) -> dict[str, Any]:
    schema = {"$ref": _REFERENCE + path.answer} if path.answer else {"type": "string"}
    content = {media: {"schema": schema} for media in path.answer_types}
    told = {
        "tags": [path.tag],
        "operationId": path.operation_id,
        "responses": {"200": {"description": "OK", "content": content}, "401": {"description": "Unauthorized"}},
    }
    return {"get": told}


def _query(name: str, type_name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": type_name, "uniqueItems": True}}


def _operation(operation: Operation, tag: str) -> dict[str, Any]:
    group, version, kind = operation.gvk
    answer: dict[str, Any] = {}
    if operation.answer or operation.text:
        schema = {"type": "string"} if operation.text else {"$ref": _REFERENCE + operation.answer}
        answer = {"content": {media: {"schema": schema} for media in operation.answer_types}}
    texts = {200: "OK", 201: "Created", 202: "Accepted"}
    result: dict[str, Any] = {
        "tags": [tag],
        "operationId": operation.operation_id,
        "parameters": [_query(name, kind) for name, kind in operation.parameters.items()],
        "responses": {str(code): {"description": texts[code]} | answer for code in operation.codes}
        | {"401": {"description": "Unauthorized"}},
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
    }
    if operation.body:
        schema = {"$ref": _REFERENCE + operation.body}
        result["requestBody"] = {
            "content": {media: {"schema": schema} for media in operation.body_types},
            "required": operation.method != "delete",
        }
    return result
