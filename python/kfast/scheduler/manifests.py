"""Objects from manifests, with the defaults an API server would set."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import yaml

from kfast._core import CoreError, Object
from kfast.api import catalog
from kfast.api.schema import load_schema

Json = dict[str, Any]


class ManifestError(ValueError):
    """A manifest cannot be read; the text names it."""


def read(text: str, name: str) -> list[Json]:
    """All objects of a YAML stream, lists taken apart, namespace and defaults filled in. Raises ManifestError."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise ManifestError(f"{name}: {error}") from error
    objects = [o for number, d in enumerate(documents, 1) if d is not None for o in _flat(d, f"{name}, part {number}")]
    for obj in objects:
        _default(obj, name)
    return objects


def _flat(document: Any, where: str) -> Iterator[Json]:
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise ManifestError(f"{where} is no object with a kind")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for number, item in enumerate(document["items"]):
            yield from _flat(item, f"{where}, item {number}")
        return
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        raise ManifestError(f"{where}: this {document['kind']} has no metadata.name")
    metadata.setdefault("name", metadata.get("generateName"))
    yield document


def _default(obj: Json, name: str) -> None:
    group, _, version = str(obj.get("apiVersion", "v1")).rpartition("/")
    kind = catalog.by_gvk(group, version, obj["kind"])
    if kind is None:
        return
    if kind.namespaced:
        obj["metadata"].setdefault("namespace", "default")
    obj.setdefault("apiVersion", kind.api_version)
    try:
        decoded, _ = load_schema().decode(kind.schema, msgspec.json.encode(obj), "application/json", "Ignore")
        obj |= decoded
        kind.defaults(obj)
    except (CoreError, AttributeError, KeyError, TypeError, ValueError) as error:
        where = f"{obj['kind']} {obj['metadata']['name']}"
        raise ManifestError(f"{name}: {where} is malformed: {error}") from error
    if obj["kind"] == "Node":
        status = obj.setdefault("status", {})
        status.setdefault("allocatable", dict(status.get("capacity") or {}))


def handles(objects: Iterable[Json]) -> list[Object]:
    """The objects as the core takes them. Raises CoreError."""
    return [Object.parse(msgspec.json.encode(obj)) for obj in objects]


def pod_of(objects: Iterable[Json], name: str, namespace: str) -> Json | None:
    """The pod of that name, else the pod that a workload of that name would make."""
    same = [
        o for o in objects if o["metadata"]["name"] == name and o["metadata"].get("namespace", "default") == namespace
    ]
    for obj in same:
        if obj["kind"] == "Pod":
            return obj
    for obj in same:
        template = (obj.get("spec") or {}).get("template")
        if isinstance(template, dict) and "spec" in template:
            pod = {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(template)}
            pod["metadata"] = (pod.get("metadata") or {}) | {"name": name, "namespace": namespace}
            _default(pod, name)
            return pod
    return None
