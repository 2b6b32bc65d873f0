"""The schemas of custom resources as OpenAPI tells them (upstream: controller/openapi/builder)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kfast.api.kind import Kind

Schema = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_METADATA = {"ObjectMeta": "Standard object's metadata.", "ListMeta": "Standard list metadata."}
_STRING: Schema = {"type": "string"}
_EMBEDDED = "x-kubernetes-embedded-resource"
_PRESERVES = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_EITHER: list[Schema] = [{"type": "integer"}, {"type": "string"}]
_JUNCTORS = ("allOf", "anyOf", "oneOf", "not")
_UNTOLD = frozenset({"example", "externalDocs", "id", "$schema"})


def definition_name(group: str, version: str, kind: str) -> str:
    """`com.example.v1.Foo` of example.com/v1 Foo."""
    return ".".join([*reversed(group.split(".")), version, kind])


def custom_definitions(kinds: Iterable[Kind], v2: bool) -> dict[str, Schema]:
    """The schemas of custom resources and their lists by name, with references in v2's form. `v2`: without what that
    version cannot say."""
    made: dict[str, Schema] = {}
    for kind in kinds:
        if kind.definition is not None:
            name = definition_name(kind.group, kind.version, kind.kind)
            made[name] = _object(kind, v2)
            made[definition_name(kind.group, kind.version, kind.list_kind)] = _list(kind, name)
    return made


def _object(kind: Kind, v2: bool) -> Schema:
    assert kind.definition is not None
    declared = kind.definition.schema
    if v2 and declared.get(_PRESERVES):
        schema: Schema = {"type": "object"}
    else:
        schema = _map(declared, _to_v2 if v2 else _to_v3)
        properties = schema.setdefault("properties", {})
        properties |= _type_meta("ObjectMeta")
        _add_embedded(schema, v2)
    return schema | _extensions(kind, kind.kind)


def _list(kind: Kind, name: str) -> Schema:
    items = {"type": "array", "items": {"$ref": f"#/definitions/{name}"}}
    properties = {"items": items} | _type_meta("ListMeta")
    schema: Schema = {"type": "object", "required": ["items"], "properties": properties}
    return schema | _extensions(kind, kind.list_kind)


def _type_meta(metadata: str) -> Schema:
    reference = {"$ref": f"#/definitions/{_META}{metadata}"}
    return {
        "apiVersion": _STRING | {"description": "APIVersion defines the group and version of the object's schema."},
        "kind": _STRING | {"description": "Kind is the name of the object's schema, in CamelCase."},
        "metadata": reference | {"description": _METADATA[metadata]},
    }


def _extensions(kind: Kind, name: str) -> Schema:
    told: Schema = {
        "x-kubernetes-group-version-kind": [{"group": kind.group, "kind": name, "version": kind.version}],
    }
    if kind.fields:
        told["x-kubernetes-selectable-fields"] = [{"fieldPath": field.path} for field in kind.fields]
    return told


def _map(schema: Schema, change: Callable[[Schema], None]) -> Schema:
    """A copy in which every schema went through `change`, outer ones first."""
    schema = {key: value for key, value in schema.items() if key not in _UNTOLD}
    change(schema)
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), dict):
            schema[key] = _map(schema[key], change)
    if isinstance(schema.get("properties"), dict):
        schema["properties"] = {name: _map(value, change) for name, value in schema["properties"].items()}
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            schema[key] = [_map(value, change) for value in schema[key]]
    return schema


def _to_v3(schema: Schema) -> None:
    """Says in OpenAPI's words what an int-or-string is."""
    if not schema.get(_INT_OR_STRING):
        return
    if "anyOf" not in schema and not any(part.get("anyOf") == _EITHER for part in schema.get("allOf") or ()):
        schema["anyOf"] = _EITHER
    elif schema.get("anyOf") not in (None, _EITHER):
        schema["allOf"] = [*(schema.get("allOf") or ()), {"anyOf": _EITHER}]


def _to_v2(schema: Schema) -> None:
    """Takes out what v2 has no word for, and what would make kubectl refuse more than the server does."""
    for key in (*_JUNCTORS, "default"):
        schema.pop(key, None)
    if schema.pop("nullable", False):
        for key in ("type", "items", "properties"):
            schema.pop(key, None)
    if schema.get(_PRESERVES):
        for key in ("items", "properties"):
            schema.pop(key, None)
        if schema.get("type") == "object":
            del schema["type"]
    if schema.get("type") == "array" and "items" not in schema:
        del schema["type"]
    _drop_required(schema)


def _drop_required(schema: Schema) -> None:
    """What may be null is not required."""
    required = schema.get("required")
    if not required:
        return
    free = schema.get("additionalProperties")
    properties = schema.get("properties") or {}
    nullable = {name for name, value in properties.items() if value.get("nullable")}
    kept = [name for name in required if name not in nullable]
    if isinstance(free, dict) and free.get("nullable"):
        kept = []
    schema["required"] = kept
    if not kept:
        del schema["required"]


def _add_embedded(schema: Schema, v2: bool) -> None:
    """Embedded resources have type and metadata of their own."""
    for inner in _children(schema):
        _add_embedded(inner, v2)
    if schema.get(_EMBEDDED) and not (v2 and schema.get(_PRESERVES)):
        schema["properties"] = (schema.get("properties") or {}) | _type_meta("ObjectMeta")
        required = schema.get("required") or []
        schema["required"] = [*required, *(key for key in ("kind", "apiVersion") if key not in required)]


def _children(schema: Schema) -> Iterator[Schema]:
    yield from (schema.get("properties") or {}).values()
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield schema[key]
