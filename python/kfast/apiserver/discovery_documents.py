"""The documents of discovery: groups, their versions and resources, in the legacy and the aggregated shape."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from kfast.api.kind import Kind, Subresource
from kfast.apiserver.aggregation.local_services import CUSTOM_PRIORITY, GROUP_PRIORITIES
from kfast.apiserver.aggregation.remote import Remote
from kfast.meta.gvk import GroupVersion
from kfast.meta.versions import version_rank

_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_CHANGES = frozenset({"patch", "create", "update"})

_ADMISSION = "admissionregistration.k8s.io"
_STORED_IN_BETA = {
    (_ADMISSION, "MutatingAdmissionPolicy"): "v1beta1",
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): "v1beta1",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "v1beta1",
}
"""What upstream v1.36 does not store in v1 yet: the hashes clients are shown are of that version."""

Groups = dict[str, dict[str, list[Kind]]]
"""group -> version -> kinds, each in the order it is shown."""


def add_remotes(documents: dict[str, Any], remotes: Sequence[Remote]) -> None:
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
        return _place(name, priorities.get(name, 0))

    documents["/apis"]["groups"] = [legacy[name] for name in sorted(legacy, key=place)]
    documents["/apis#aggregated"]["items"] = [aggregated[name] for name in sorted(aggregated, key=place)]


def _place(group: str, priority: int = 0) -> tuple[int, str]:
    """Clients take the first group that has a name; those without a priority of their own follow by name."""
    return -max(GROUP_PRIORITIES.get(group, 0), priority) or -CUSTOM_PRIORITY, group


def grouped(kinds: Iterable[Kind]) -> Groups:
    """Kinds by group and version: groups by priority, versions newest stable first, resources by name."""
    found: Groups = {}
    for kind in kinds:
        found.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
    return {
        group: {
            version: sorted(found[group][version], key=lambda kind: kind.plural)
            for version in sorted(found[group], key=version_rank)
        }
        for group in sorted(found, key=_place)
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


def storage_version_hash(group: str, version: str, kind: str) -> str:
    """Upstream's discovery.StorageVersionHash."""
    version = _STORED_IN_BETA.get((group, kind), version)
    return base64.b64encode(hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()[:8]).decode()


def group_entry(name: str, versions: Iterable[str]) -> dict[str, Any]:
    """A group with its versions, the first of them preferred."""
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
