"""Discovery: which groups, versions and resources are served, in the legacy and the aggregated shape.

Documents are made from the catalog on first use and again when it changes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from kfast.api.kind import Kind, Subresource
from kfast.apiserver.aggregation.local_services import CUSTOM_PRIORITY, GROUP_PRIORITIES
from kfast.apiserver.aggregation.remote import Remote
from kfast.apiserver.encode import render
from kfast.apiserver.negotiate import JSON, PLAIN, SERVED, Output, media_clauses, negotiate, wants_pretty
from kfast.meta.exchange import Request, Response
from kfast.meta.gvk import GroupVersion
from kfast.meta.versions import version_rank

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

_GROUP_ORDER = (
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
)
"""Upstream's group priorities; clients take the first group that has a name. Other groups follow by name."""

_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_CHANGES = frozenset({"patch", "create", "update"})
_encode = msgspec.json.encode

Groups = dict[str, dict[str, list[Kind]]]
"""group -> version -> kinds, each in the order it is shown."""


class Discovery:
    """Answers `/api`, `/apis` and what is below them down to a group version."""

    def __init__(self, kinds: Callable[[], Iterable[Kind]], address: str = "") -> None:
        self._kinds = kinds
        self._documents: dict[str, tuple[dict[str, Any], str]] | None = None
        self._forms: dict[tuple[str, Output, bool], bytes] = {}
        self.remotes: Callable[[], Sequence[Remote]] = tuple
        """The remote group versions that are shown, too."""
        self.address = address
        """`host:port` clients reach the server at, told in `/api`."""

    def changed(self) -> None:
        """The catalog is another one now."""
        self._documents = None
        self._forms.clear()

    def paths(self) -> list[str]:
        """Every path that is answered."""
        return [path for path in self._all() if "#" not in path]

    def has_group(self, path: str) -> bool:
        """Whether the path lies in a group the server was built with, `/api` included."""
        root, _, rest = path.removeprefix("/").partition("/")
        return root == "api" or (
            root == "apis" and any(not k.definition and k.group == rest.partition("/")[0] for k in self._kinds())
        )

    @staticmethod
    def is_group(path: str) -> bool:
        """Whether the path is `/apis` or `/apis/<group>`, which upstream answers whatever the method, but for the group
        of its aggregator."""
        return path.startswith("/apis") and path.count("/") < 3 and path != "/apis/apiregistration.k8s.io"

    def respond(self, request: Request) -> Response | None:
        """The answer, or None if the path is none of discovery's."""
        path = request.path.rstrip("/") or "/"
        if not path.startswith("/api"):
            return None
        media_type = _aggregated_as(request.headers.get("accept", "")) if path in ("/api", "/apis") else None
        found = self._all().get(f"{path}#aggregated" if media_type else path)
        if found is None:
            return None
        body, etag = found
        vary = {"Vary": "Accept"} if path in ("/api", "/apis") else {}
        if media_type is None:
            output = PLAIN if request.native else negotiate(request, "none")
            data = self._rendered(path, body, output, request)
            return Response(200, data, vary, output.media_type)
        headers = vary | {"ETag": etag}
        content_type = media_type + AGGREGATED.removeprefix(JSON)
        if request.headers.get("if-none-match") == etag:
            return Response(304, b"", headers, content_type)
        data = self._rendered(f"{path}#aggregated", body, Output(media_type), request)
        return Response(200, data, headers, content_type)

    def _rendered(self, key: str, body: dict[str, Any], output: Output, request: Request) -> bytes:
        """A document in one form, made once."""
        form = (key, output, wants_pretty(request))
        data = self._forms.get(form)
        if data is None:
            data = self._forms[form] = render(body, output, form[2])
        return data

    def _all(self) -> dict[str, tuple[dict[str, Any], str]]:
        if self._documents is None:
            self._documents = self._build()
        return self._documents

    def _build(self) -> dict[str, tuple[dict[str, Any], str]]:
        groups = grouped(self._kinds())
        named = {name: versions for name, versions in groups.items() if name}
        documents: dict[str, Any] = {
            "/api": {
                "kind": "APIVersions",
                "versions": list(groups.get("", {})),
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": self.address}],
            },
            "/apis": {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [_group(name, versions) for name, versions in named.items()],
            },
            "/api#aggregated": aggregated_list({"": groups[""]} if "" in groups else {}),
            "/apis#aggregated": aggregated_list(named),
        }
        for group, versions in groups.items():
            if group:
                documents[f"/apis/{group}"] = {"kind": "APIGroup", "apiVersion": "v1"} | _group(group, versions)
            for version, kinds in versions.items():
                gv = GroupVersion(group, version)
                documents[gv.path] = resource_list(gv, kinds)
        remotes = self.remotes()
        if remotes:
            _add_remotes(documents, remotes)
        return {path: _with_etag(document) for path, document in documents.items()}


def _add_remotes(documents: dict[str, Any], remotes: Sequence[Remote]) -> None:
    """Shows what remote servers have among what is served here, groups in the order of their priorities."""
    legacy = {group["name"]: group for group in documents["/apis"]["groups"]}
    aggregated = {item["metadata"]["name"]: item for item in documents["/apis#aggregated"]["items"]}
    priorities: dict[str, int] = {}
    for remote in sorted(remotes, key=lambda r: (-r.priorities[1], version_rank(r.gv.version))):
        name, version = remote.gv
        group = legacy.setdefault(name, {"name": name, "versions": []})
        if any(entry["version"] == version for entry in group["versions"]):
            continue
        entry = {"groupVersion": str(remote.gv), "version": version}
        group["versions"].append(entry)
        group.setdefault("preferredVersion", entry)
        documents[f"/apis/{name}"] = {"kind": "APIGroup", "apiVersion": "v1"} | group
        item = aggregated.setdefault(name, {"metadata": {"name": name}, "versions": []})
        fresh = remote.available and remote.resources is not None
        shown = {"resources": remote.resources} if remote.resources else {}
        item["versions"].append({"version": version, **shown, "freshness": "Current" if fresh else "Stale"})
        priorities[name] = max(priorities.get(name, 0), remote.priorities[0])

    def place(name: str) -> tuple[int, str]:
        return -max(GROUP_PRIORITIES.get(name, 0), priorities.get(name, 0)) or -CUSTOM_PRIORITY, name

    documents["/apis"]["groups"] = [legacy[name] for name in sorted(legacy, key=place)]
    documents["/apis#aggregated"]["items"] = [aggregated[name] for name in sorted(aggregated, key=place)]


def grouped(kinds: Iterable[Kind]) -> Groups:
    """Kinds by group and version: groups by priority, versions newest stable first, resources by name."""
    found: Groups = {}
    for kind in kinds:
        found.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
    rank = {group: index for index, group in enumerate(_GROUP_ORDER)}
    return {
        group: {
            version: sorted(found[group][version], key=lambda kind: kind.plural)
            for version in sorted(found[group], key=version_rank)
        }
        for group in sorted(found, key=lambda group: (rank.get(group, len(rank)), group))
    }


def resource_list(gv: GroupVersion, kinds: Iterable[Kind]) -> dict[str, Any]:
    """`APIResourceList` of one group version."""
    kinds = list(kinds)
    resources = [entry for kind in kinds for entry in _legacy_entries(kind)]
    if not all(kind.definition for kind in kinds):
        resources.sort(key=lambda entry: entry["name"])
    head = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if gv.group else {})
    return head | {"groupVersion": str(gv), "resources": resources}


def aggregated_list(groups: Groups) -> dict[str, Any]:
    """`APIGroupDiscoveryList` v2."""
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": name} if name else {},
                "versions": [
                    {
                        "version": version,
                        "resources": [_aggregated_entry(kind) for kind in kinds],
                        "freshness": "Current",
                    }
                    for version, kinds in versions.items()
                ],
            }
            for name, versions in groups.items()
        ],
    }


_ADMISSION = "admissionregistration.k8s.io"
_STORED_IN_BETA = {
    (_ADMISSION, "MutatingAdmissionPolicy"): "v1beta1",
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): "v1beta1",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "v1beta1",
}
"""What upstream v1.36 does not store in v1 yet: the hashes clients are shown are of that version."""


def storage_version_hash(group: str, version: str, kind: str) -> str:
    """Upstream's discovery.StorageVersionHash."""
    version = _STORED_IN_BETA.get((group, kind), version)
    return base64.b64encode(hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()[:8]).decode()


def _group(name: str, versions: Iterable[str]) -> dict[str, Any]:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def _legacy_entries(kind: Kind) -> list[dict[str, Any]]:
    main: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular_name,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": offered_verbs(kind),
    }
    if kind.short_names:
        main["shortNames"] = list(kind.short_names)
    if kind.categories:
        main["categories"] = list(kind.categories)
    if {"create", "list"} <= set(kind.verbs):
        gv = GroupVersion.parse(kind.storage) if kind.storage else kind.gv
        main["storageVersionHash"] = storage_version_hash(gv.group, gv.version, kind.kind)
    return [main, *(_legacy_subresource(kind, subresource) for subresource in kind.subresources)]


def _legacy_subresource(kind: Kind, subresource: Subresource) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": f"{kind.plural}/{subresource.name}",
        "singularName": "",
        "namespaced": kind.namespaced,
    }
    if subresource.group_version:
        group, version = GroupVersion.parse(subresource.group_version)
        entry |= {"group": group, "version": version} if group else {"version": version}
    return entry | {"kind": subresource.kind or kind.kind, "verbs": sorted(subresource.verbs)}


def _aggregated_entry(kind: Kind) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": _response_kind(_own_group_version(kind), kind.kind),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular_name,
        "verbs": offered_verbs(kind),
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    if kind.subresources:
        entry["subresources"] = [
            {
                "subresource": s.name,
                "responseKind": _response_kind(s.group_version or _own_group_version(kind), s.kind or kind.kind),
                "verbs": sorted(s.verbs),
            }
            for s in (kind.subresources if kind.definition else sorted(kind.subresources, key=lambda s: s.name))
        ]
    return entry


def offered_verbs(kind: Kind) -> list[str]:
    """The verbs in the order they are told; nothing new is made of what is being removed."""
    if kind.definition is None:
        return sorted(kind.verbs)
    return [verb for verb in _CUSTOM_VERBS if not (kind.definition.terminating and verb in _CHANGES)]


def _own_group_version(kind: Kind) -> str:
    """What custom resources tell of themselves and other kinds leave out."""
    return kind.api_version if kind.definition else ""


def _response_kind(group_version: str, kind: str) -> dict[str, str]:
    """Group and version are told where they are not the resource's own."""
    gv = GroupVersion.parse(group_version) if group_version else GroupVersion("", "")
    return {"group": gv.group, "version": gv.version, "kind": kind}


def _with_etag(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    return body, f'"{hashlib.sha512(_encode(body)).hexdigest().upper()}"'


def _aggregated_as(accept: str) -> str | None:
    """The media type of the aggregated document, None if Accept wants another document first."""
    for media, parameters in media_clauses(accept):
        media_type = JSON if media in ("application/*", "*/*") else media
        if media_type not in SERVED:
            continue
        if "as" not in parameters:
            return None
        if parameters["as"] == "APIGroupDiscoveryList" and parameters.get("v") == "v2":
            return media_type if parameters.get("g") == "apidiscovery.k8s.io" else None
    return None
