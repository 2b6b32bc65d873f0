"""The schema data the wheel carries: compiled `Schema`, REST map and OpenAPI view, each loaded on demand."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kfast._core import Schema

_GZIP_WBITS = 31
_APIEXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

_SPECIAL: dict[str, tuple[str, dict[str, Any]]] = {
    "Time": ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", {"type": "string", "format": "date-time"}),
    "MicroTime": ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", {"type": "string", "format": "date-time"}),
    "Quantity": ("io.k8s.apimachinery.pkg.api.resource.Quantity", {"type": "string"}),
    "IntOrString": (
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        {"type": "string", "format": "int-or-string"},
    ),
    "RawExtension": ("io.k8s.apimachinery.pkg.runtime.RawExtension", {"type": "object"}),
    "FieldsV1": ("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", {"type": "object"}),
    "JSON": (f"{_APIEXTENSIONS}JSON", {}),
    **{
        name: (_APIEXTENSIONS + name, {})
        for name in ("JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray")
    },
}
_METADATA = {
    "name": "Name is unique among the objects of a kind, in a namespace or the cluster. It cannot be changed.",
    "generateName": "GenerateName is the start of a name the server makes up if there is none.",
    "namespace": "Namespace is the space in which the name is unique; objects of the cluster have none.",
    "uid": "UID is unique in time and space. Set by the server.",
    "resourceVersion": "ResourceVersion tells the object's states apart, and whether it has changed.",
    "generation": "Generation counts the wanted states the object has had.",
    "creationTimestamp": "CreationTimestamp is a timestamp of when the server created the object: RFC 3339, UTC.",
    "deletionTimestamp": "DeletionTimestamp is when the object is to be gone: RFC 3339, UTC. Set by a delete.",
    "labels": "Labels are keys and values to select objects by.",
    "annotations": "Annotations are keys and values that tools keep with the object.",
    "ownerReferences": "OwnerReferences are the objects this one depends on; when all are gone, it goes.",
    "finalizers": "Finalizers must be empty before a deleted object goes.",
    "managedFields": "ManagedFields tells which manager has set which fields.",
}
"""What is told of the metadata all kinds have."""
_SCALAR: dict[str, dict[str, Any]] = {
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "double": {"type": "number", "format": "double"},
    "string": {"type": "string"},
    "bytes": {"type": "string", "format": "byte"},
}


def _data() -> bytes:
    return zlib.decompress((Path(__file__).parent / "data" / "schema.json.gz").read_bytes(), _GZIP_WBITS)


@cache
def load_schema() -> Schema:
    """The compiled schema of all kinds, shared by the process."""
    return Schema(_data())


@cache
def version() -> str:
    """The Kubernetes version the data was taken from, `v1.36.0`."""
    return str(json.loads(_data())["version"])


@cache
def rest_map() -> list[dict[str, Any]]:
    """Every resource upstream serves: group, version, kind, plural, namespaced, verbs, subresources."""
    resources: list[dict[str, Any]] = json.loads(_data())["resources"]
    return resources


@cache
def definitions() -> Mapping[str, dict[str, Any]]:
    """The definitions of upstream's OpenAPI by schema name, without descriptions and defaults. They are shared: not to
    be changed.

    Each is an OpenAPI v2 schema: references have the form `{"$ref": "#/definitions/<name>"}`.
    """
    out: dict[str, dict[str, Any]] = {name: dict(schema) for name, schema in _SPECIAL.values()}
    for row in json.loads(_data())["types"]:
        if row.get("defined"):
            out[row["name"]] = _definition(row)
    return dict(sorted(out.items()))


def _definition(row: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    if row["fields"]:
        schema["properties"] = {field["name"]: _property(field) for field in row["fields"]}
    if row["name"].endswith(".meta.v1.ObjectMeta"):
        for name, description in _METADATA.items():
            schema["properties"][name]["description"] = description
    if required := sorted(field["name"] for field in row["fields"] if field.get("required")):
        schema["required"] = required
    if row.get("atomic"):
        schema["x-kubernetes-map-type"] = "atomic"
    for key, out in (("gvks", "x-kubernetes-group-version-kind"), ("unions", "x-kubernetes-unions")):
        if key in row:
            schema[out] = row[key]
    return schema


def _property(field: dict[str, Any]) -> dict[str, Any]:
    schema = _expression(field["type"])
    if "enum" in field:
        (schema["items"] if schema.get("type") == "array" else schema)["enum"] = field["enum"]
    for key, out in (
        ("list", "x-kubernetes-list-type"),
        ("keys", "x-kubernetes-list-map-keys"),
        ("merge_key", "x-kubernetes-patch-merge-key"),
        ("patch", "x-kubernetes-patch-strategy"),
    ):
        if key in field:
            schema[out] = field[key]
    if field.get("atomic"):
        schema["x-kubernetes-map-type"] = "atomic"
    return schema


def _expression(text: str) -> dict[str, Any]:
    """The schema of a type expression of the data file."""
    for prefix in ("items[]", "[]"):
        if text.startswith(prefix):
            return {"type": "array", "items": _expression(text.removeprefix(prefix))}
    if text.startswith("map[]"):
        return {"type": "object", "additionalProperties": _expression(text.removeprefix("map[]"))}
    if text in _SCALAR:
        return dict(_SCALAR[text])
    name = _SPECIAL[text][0] if text in _SPECIAL else text
    return {"$ref": f"#/definitions/{name}"}
