"""What can be asked of a kind, as both OpenAPI versions tell it: paths, verbs, parameters, bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kfast.api.kind import Kind, Subresource
from kfast.apiserver.handlers.delete import RETURNS_OBJECT
from kfast.meta.gvk import GroupVersion

STATUS = "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
WATCH_EVENT = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent"
PATCH = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"
DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"

JSON_TYPES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
WATCH_TYPES = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)

CUSTOM_TYPES = JSON_TYPES[:2]
CUSTOM_PATCH_TYPES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
)
"""Custom resources have no protobuf, and no merge keys for strategic patches."""

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


_PRETTY = {"pretty": _STRING}
_WATCH = _LIST | _PRETTY
_STREAMS = {"container": _STRING, "stderr": "boolean", "stdin": "boolean", "stdout": "boolean", "tty": "boolean"}
_QUERIES = {
    "NodeProxyOptions": {"path": _STRING},
    "PodAttachOptions": _STREAMS,
    "PodExecOptions": {"command": _STRING, **_STREAMS},
    "PodPortForwardOptions": {"ports": "integer"},
    "PodProxyOptions": {"path": _STRING},
    "ServiceProxyOptions": {"path": _STRING},
    "log": {
        "container": _STRING,
        "follow": "boolean",
        "insecureSkipTLSVerifyBackend": "boolean",
        "limitBytes": "integer",
        "pretty": _STRING,
        "previous": "boolean",
        "sinceSeconds": "integer",
        "stream": _STRING,
        "tailLines": "integer",
        "timestamps": "boolean",
    },
}
"""The query parameters of subresources: those that clients are connected to by the kind of their options, or by
name."""
_PROXIED = ("get", "put", "post", "delete", "options", "head", "patch")


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
    text: bool = False
    """Answers text, not `answer`."""


@dataclass(frozen=True, slots=True)
class PathItem:
    """One path with its operations; `variables` are its path parameters."""

    path: str
    variables: tuple[str, ...]
    operations: tuple[Operation, ...]
    tag: str
    """Of the group version, on every operation."""
    custom: bool = False
    """Of a custom resource."""
    parameters: Mapping[str, str] = field(default_factory=lambda: _PRETTY)
    """Query parameters that all operations have, with their types."""


class Names:
    """Which schema a group, version and kind has."""

    def __init__(self, definitions: Mapping[str, dict[str, Any]]) -> None:
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
    custom = kind.definition is not None
    tag = maker.tag
    yield PathItem(collection, variables, tuple(maker.collection()), tag, custom)
    if kind.namespaced and "list" in kind.verbs:
        yield PathItem(kind.path(), (), (maker.list(all_namespaces=True),), tag, custom)
    item = tuple(maker.item())
    if item:
        yield PathItem(f"{collection}/{{name}}", ("name", *variables), item, tag, custom)
    if "watch" in kind.verbs and not custom:
        for path, given, operation in maker.watches(variables):
            yield PathItem(path, given, (operation,), tag, parameters=_WATCH)
    for subresource in kind.subresources:
        path = f"{collection}/{{name}}/{subresource.name}"
        parameters = _QUERIES.get(subresource.kind or subresource.name, _PRETTY)
        if subresource.kind in _QUERIES:
            operations = tuple(maker.connect(subresource))
        else:
            operations = tuple(maker.subresource(subresource))
        yield PathItem(path, ("name", *variables), operations, tag, custom, parameters)
        if subresource.name == "proxy":
            below = tuple(maker.connect(subresource, "WithPath"))
            yield PathItem(f"{path}/{{path}}", ("name", *variables, "path"), below, tag, parameters=parameters)


def group_tag(group: str, custom: bool = False) -> str:
    """What a group is called in tags: `core`, `apps`, `rbacAuthorization`."""
    first, *rest = (group if custom else group.removesuffix(".k8s.io") or "core").split(".")
    return first + "".join(part.capitalize() for part in rest)


class _Maker:
    def __init__(self, kind: Kind, names: Names) -> None:
        self._kind = kind
        self._names = names
        self._gvk = (kind.group, kind.version, kind.kind)
        self._schema = names.of(*self._gvk)
        self._custom = kind.definition is not None
        group = group_tag(kind.group, self._custom)
        self.tag = f"{group}_{kind.version}"
        self._prefix = f"{group[0].upper()}{group[1:]}{kind.version.capitalize()}"
        self._id = f"{self._prefix}{'Namespaced' if kind.namespaced else ''}{kind.kind}"

    @property
    def _types(self) -> tuple[str, ...]:
        return CUSTOM_TYPES if self._custom else JSON_TYPES

    def list(self, all_namespaces: bool = False) -> Operation:
        list_schema = self._names.of(self._kind.group, self._kind.version, self._kind.list_kind)
        name = self._id.replace("Namespaced", "", 1) + "ForAllNamespaces" if all_namespaces else self._id
        answer_types: tuple[str, ...] = (*JSON_TYPES, *WATCH_TYPES)
        if self._custom:
            answer_types = CUSTOM_TYPES
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
            name = f"delete{self._prefix}Collection{self._id.removeprefix(self._prefix)}"
            body = "" if self._custom else DELETE_OPTIONS
            yield Operation("delete", action, name, self._gvk, parameters, body, answer_types=self._types)

    def item(self) -> Iterator[Operation]:
        verbs = self._kind.verbs
        if "get" in verbs:
            name = f"read{self._id}"
            yield Operation("get", "get", name, self._gvk, answer=self._schema, answer_types=self._types)
        if "update" in verbs:
            yield self._write("put", f"replace{self._id}", self._gvk, self._schema)
        if "patch" in verbs:
            yield self._write("patch", f"patch{self._id}", self._gvk, self._schema)
        if "delete" in verbs:
            yield Operation(
                "delete",
                "delete",
                f"delete{self._id}",
                self._gvk,
                _DELETE,
                DELETE_OPTIONS,
                CUSTOM_TYPES if self._custom else ("*/*",),
                self._schema if self._kind.resource in RETURNS_OBJECT else STATUS,
                answer_types=self._types,
                codes=(200, 202),
            )

    def watches(self, variables: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], Operation]]:
        """The deprecated paths that are always watched, with their variables."""
        version = self._kind.gv.path
        collection = self._kind.path("{namespace}" if variables else "").removeprefix(version)
        everywhere = self._id.replace("Namespaced", "", 1)

        def watch(action: str, name: str) -> Operation:
            types = (*JSON_TYPES, *WATCH_TYPES)
            return Operation("get", action, f"watch{name}", self._gvk, answer=WATCH_EVENT, answer_types=types)

        if variables:
            path = f"{version}/watch{self._kind.path().removeprefix(version)}"
            yield path, (), watch("watchlist", f"{everywhere}ListForAllNamespaces")
        yield f"{version}/watch{collection}", variables, watch("watchlist", f"{self._id}List")
        yield f"{version}/watch{collection}/{{name}}", ("name", *variables), watch("watch", self._id)

    def subresource(self, subresource: Subresource) -> Iterator[Operation]:
        gvk, schema = self._gvk, self._schema
        if subresource.kind:
            gv = GroupVersion.parse(subresource.group_version) if subresource.group_version else self._kind.gv
            schema = self._names.of(gv.group, gv.version, subresource.kind)
            gvk = gvk if self._custom else (gv.group, gv.version, subresource.kind)
        name = f"{self._id}{subresource.name.capitalize()}"
        methods = {"create": "post", "update": "put", "patch": "patch"}
        prefixes = {"create": "create", "update": "replace", "patch": "patch"}
        if subresource.name == "log":
            types = ("text/plain", *JSON_TYPES)
            yield Operation("get", "get", f"read{name}", gvk, answer="", answer_types=types, text=True)
        elif "get" in subresource.verbs:
            yield Operation("get", "get", f"read{name}", gvk, answer=schema, answer_types=self._types)
        for verb in ("update", "patch", "create"):
            if verb in subresource.verbs:
                yield self._write(methods[verb], f"{prefixes[verb]}{name}", gvk, schema)

    def connect(self, subresource: Subresource, suffix: str = "") -> Iterator[Operation]:
        """Operations whose requests go on to a node, a pod or a service."""
        gvk = (self._kind.group, self._kind.version, subresource.kind)
        methods = _PROXIED if subresource.name == "proxy" else ("get", "post")
        kind = f"{self._id.removeprefix(self._prefix)}{subresource.name.capitalize()}{suffix}"
        for method in methods:
            name = f"connect{self._prefix}{method.capitalize()}{kind}"
            yield Operation(method, "connect", name, gvk, answer="", answer_types=("*/*",), text=True)

    def _write(self, method: str, operation_id: str, gvk: tuple[str, str, str], schema: str) -> Operation:
        if method == "patch":
            parameters = _WRITE | {"force": "boolean"}
            patch_types = CUSTOM_PATCH_TYPES if self._custom else PATCH_TYPES
            codes: tuple[int, ...] = (200,) if self._custom else (200, 201)
            return Operation(
                "patch", "patch", operation_id, gvk, parameters, PATCH, patch_types, schema, self._types, codes
            )
        codes = (200, 201, 202) if method == "post" else (200, 201)
        body_types: tuple[str, ...] = CUSTOM_TYPES if self._custom else ("*/*",)
        return Operation(method, method, operation_id, gvk, _WRITE, schema, body_types, schema, self._types, codes)
