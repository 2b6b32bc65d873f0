"""What a request asks for, read from its method and path: upstream's RequestInfo."""

from __future__ import annotations

from collections.abc import Callable

from kfast.apiserver.scope import Scope
from kfast.apiserver.selection import EVERYTHING, selected_fields, selected_labels, selected_name
from kfast.meta.exchange import Request

ScopeLookup = Callable[[str, str, str], "Scope | None"]
"""(group, version, plural) -> Scope."""

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})
_SELECTING = frozenset({"list", "watch", "deletecollection"})
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})


class RequestInfo:
    """The attributes authorization and routing decide on.

    `scope` is set if the resource is served. For a non-resource request `verb` is the lower-case method and only
    `path` is meaningful besides. `fields` and `labels` narrow a request for many objects; `name` is also that of the
    one object the fields of a list or watch prescribe.
    """

    __slots__ = (
        "api_group",
        "api_version",
        "fields",
        "is_resource",
        "labels",
        "name",
        "namespace",
        "path",
        "resource",
        "scope",
        "subresource",
        "verb",
    )

    def __init__(self, path: str, verb: str) -> None:
        self.path = path
        self.verb = verb
        self.is_resource = False
        self.scope: Scope | None = None
        self.fields = self.labels = EVERYTHING
        self.api_group = self.api_version = self.resource = self.subresource = self.namespace = self.name = ""

    @property
    def served(self) -> Scope:
        """The scope of a resource request already known to be served."""
        assert self.scope is not None
        return self.scope


def request_info(request: Request, scopes: ScopeLookup) -> RequestInfo:
    """Reads method and path; never fails: what is no resource path is a non-resource request."""
    path = request.path
    method = request.method
    parts = path.split("/")
    root = parts[1] if len(parts) > 1 else ""
    if root == "api" and len(parts) > 3:
        group, version, at = "", parts[2], 3
    elif root == "apis" and len(parts) > 4:
        group, version, at = parts[2], parts[3], 4
    else:
        return RequestInfo(path, method.lower())
    if parts[-1] == "":
        while parts[-1] == "":
            parts.pop()
        if len(parts) <= at:
            return RequestInfo(path, method.lower())
    info = RequestInfo(path, _VERBS.get(method, method.lower()))
    info.is_resource = True
    info.api_group, info.api_version = group, version
    old_watch = parts[at] == "watch" and method == "GET" and len(parts) > at + 1
    if old_watch:
        at += 1
        info.verb = "watch"
    _read_resource(info, parts[at:])
    info.scope = scopes(group, version, info.resource)
    if not info.name:
        _collection_verb(info, request)
        if request.query and not old_watch and info.verb in _SELECTING:
            _read_selectors(info, request)
    return info


def _read_resource(info: RequestInfo, parts: list[str]) -> None:
    count = len(parts)
    if parts[0] == "namespaces" and count > 1:
        info.namespace = parts[1]
        if count > 2 and parts[2] not in _NAMESPACE_SUBRESOURCES:
            parts = parts[2:]
            count -= 2
    info.resource = parts[0]
    if count > 1:
        info.name = parts[1]
    if count > 2:
        info.subresource = "/".join(parts[2:]) if count > 3 and parts[2] != "proxy" else parts[2]


def _collection_verb(info: RequestInfo, request: Request) -> None:
    if info.verb == "get":
        watch = request.query.get("watch")
        info.verb = "watch" if watch and watch[0] in _TRUE else "list"
    elif info.verb == "delete":
        info.verb = "deletecollection"


def _read_selectors(info: RequestInfo, request: Request) -> None:
    if labels := request.param("labelSelector"):
        info.labels = selected_labels(labels)
    if fields := request.param("fieldSelector"):
        info.fields = selected_fields(fields)
        if info.verb != "deletecollection":
            info.name = selected_name(info.fields)
