"""What can be asked of a kind, as both OpenAPI versions tell it: paths, verbs, parameters, bodies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kfast.api.kind import Kind, Subresource
from kfast.meta.gvk import GroupVersion

STATUS = "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
PATCH = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"
DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"

JSON_TYPES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
WATCH_TYPES = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)

_STRING = "string"
_WRITE = {"dryRun": _STRING, "fieldManager": _STRING, "fieldValidation": _STRING}
_LIST = {
    "allowWatchBookmarks": "boolean",
    "continue": _STRING,
    "fieldSelector": _STRING,
    "labelSelector": _STRING,
    "limit": "integer",
    "resourceVersion": _STRING,
    "resourceVersionMatch": _STRING,
    "sendInitialEvents": "boolean",
    "timeoutSeconds": "integer",
    "watch": "boolean",
}
_DELETE = {
    "dryRun": _STRING,
    "gracePeriodSeconds": "integer",
    "ignoreStoreReadErrorWithClusterBreakingPotential": "boolean",
    "orphanDependents": "boolean",
    "propagationPolicy": _STRING,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `body` and `answer` are schema names; `gvk` is the kind acted on."""

    method: str
    action: str
    operation_id: str
    gvk: tuple[str, str, str]
    parameters: dict[str, str] = field(default_factory=dict)
    """Query parameters with their types."""
    body: str = ""
    body_types: tuple[str, ...] = ("*/*",)
    answer: str = STATUS
    answer_types: tuple[str, ...] = JSON_TYPES
    codes: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True)
class PathItem:
    """One path with its operations; `variables` are its path parameters."""

    path: str
    variables: tuple[str, ...]
    operations: tuple[Operation, ...]


class Names:
    """Which schema a group, version and kind has."""

    def __init__(self, definitions: dict[str, dict[str, Any]]) -> None:
        self._names: dict[tuple[str, str, str], str] = {}
        for name, definition in definitions.items():
            for gvk in definition.get("x-kubernetes-group-version-kind", ()):
                self._names.setdefault((gvk["group"], gvk["version"], gvk["kind"]), name)

    def of(self, group: str, version: str, kind: str) -> str:
        """The schema name, empty if there is none."""
        return self._names.get((group, version, kind), "")


def path_items(kind: Kind, names: Names) -> Iterator[PathItem]:
    """Every path of a kind, its subresources included."""
    maker = _Maker(kind, names)
    variables = ("namespace",) if kind.namespaced else ()
    collection = kind.path("{namespace}" if kind.namespaced else "")
    yield PathItem(collection, variables, tuple(maker.collection()))
    if kind.namespaced and "list" in kind.verbs:
        yield PathItem(kind.path(), (), (maker.list(all_namespaces=True),))
    item = tuple(maker.item())
    if item:
        yield PathItem(f"{collection}/{{name}}", ("name", *variables), item)
    for subresource in kind.subresources:
        operations = tuple(maker.subresource(subresource))
        yield PathItem(f"{collection}/{{name}}/{subresource.name}", ("name", *variables), operations)


class _Maker:
    def __init__(self, kind: Kind, names: Names) -> None:
        self._kind = kind
        self._names = names
        self._gvk = (kind.group, kind.version, kind.kind)
        self._schema = names.of(*self._gvk)
        group = kind.group.split(".")[0].capitalize() if kind.group else "Core"
        self._id = f"{group}{kind.version.capitalize()}{'Namespaced' if kind.namespaced else ''}{kind.kind}"

    def list(self, all_namespaces: bool = False) -> Operation:
        list_schema = self._names.of(self._kind.group, self._kind.version, f"{self._kind.kind}List")
        name = self._id.replace("Namespaced", "", 1) + "ForAllNamespaces" if all_namespaces else self._id
        answer_types = (*JSON_TYPES[:1], WATCH_TYPES[0], *JSON_TYPES[1:], WATCH_TYPES[1])
        return Operation("get", "list", f"list{name}", self._gvk, _LIST, answer=list_schema, answer_types=answer_types)

    def collection(self) -> Iterator[Operation]:
        if "list" in self._kind.verbs:
            yield self.list()
        if "create" in self._kind.verbs:
            yield self._write("post", f"create{self._id}", self._gvk, self._schema)
        if "deletecollection" in self._kind.verbs:
            parameters = _LIST.copy() | _DELETE
            for watch_only in ("allowWatchBookmarks", "watch"):
                del parameters[watch_only]
            action = "deletecollection"
            yield Operation("delete", action, f"deleteCollection{self._id}", self._gvk, parameters, DELETE_OPTIONS)

    def item(self) -> Iterator[Operation]:
        verbs = self._kind.verbs
        if "get" in verbs:
            yield Operation("get", "get", f"read{self._id}", self._gvk, answer=self._schema)
        if "update" in verbs:
            yield self._write("put", f"replace{self._id}", self._gvk, self._schema)
        if "patch" in verbs:
            yield self._write("patch", f"patch{self._id}", self._gvk, self._schema)
        if "delete" in verbs:
            yield Operation(
                "delete", "delete", f"delete{self._id}", self._gvk, _DELETE, DELETE_OPTIONS, codes=(200, 202)
            )

    def subresource(self, subresource: Subresource) -> Iterator[Operation]:
        gvk, schema = self._gvk, self._schema
        if subresource.kind:
            gv = GroupVersion.parse(subresource.group_version) if subresource.group_version else self._kind.gv
            gvk = (gv.group, gv.version, subresource.kind)
            schema = self._names.of(*gvk)
        name = f"{self._id}{subresource.name.capitalize()}"
        methods = {"create": "post", "update": "put", "patch": "patch"}
        prefixes = {"create": "create", "update": "replace", "patch": "patch"}
        if "get" in subresource.verbs:
            yield Operation("get", "get", f"read{name}", gvk, answer=schema)
        for verb in ("update", "patch", "create"):
            if verb in subresource.verbs:
                yield self._write(methods[verb], f"{prefixes[verb]}{name}", gvk, schema)

    def _write(self, method: str, operation_id: str, gvk: tuple[str, str, str], schema: str) -> Operation:
        if method == "patch":
            parameters = _WRITE | {"force": "boolean"}
            return Operation(
                "patch", "patch", operation_id, gvk, parameters, PATCH, PATCH_TYPES, schema, codes=(200, 201)
            )
        codes = (200, 201, 202) if method == "post" else (200, 201)
        return Operation(method, method, operation_id, gvk, _WRITE, schema, ("*/*",), schema, codes=codes)
