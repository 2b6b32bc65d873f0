"""The paths of discovery and of the server itself, as both OpenAPI versions tell them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kfast.api.kind import Kind
from kfast.apiserver.openapi.operations import JSON_TYPES, group_tag

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_JSON = ("application/json",)
VERSION_INFO = "io.k8s.apimachinery.pkg.version.Info"
_ALWAYS = (
    "major",
    "minor",
    "gitVersion",
    "gitCommit",
    "gitTreeState",
    "buildDate",
    "goVersion",
    "compiler",
    "platform",
)
_SOMETIMES = ("emulationMajor", "emulationMinor", "minCompatibilityMajor", "minCompatibilityMinor")
DEFINITIONS: Mapping[str, dict[str, Any]] = {
    VERSION_INFO: {
        "type": "object",
        "required": list(_ALWAYS),
        "properties": {name: {"type": "string"} for name in (*_ALWAYS, *_SOMETIMES)},
    }
}
"""Definitions that no kind has."""


@dataclass(frozen=True, slots=True)
class FixedPath:
    """A path with a GET. `key` is the v3 document it is in; `answer` the name of a definition, empty for text."""

    key: str
    path: str
    tag: str
    operation_id: str
    answer: str
    answer_types: tuple[str, ...] = JSON_TYPES
    body_types: tuple[str, ...] = JSON_TYPES
    """In v2, what a body could be that no GET has."""


def fixed_paths(kinds: Iterable[Kind], issuer: bool) -> list[FixedPath]:
    """Those of a server with these kinds; custom ones have none. `issuer`: it issues tokens."""
    versions = dict.fromkeys(kind.gv for kind in kinds if not kind.definition)
    found = [
        FixedPath("api", "/api/", "core", "getCoreAPIVersions", _META + "APIVersions"),
        FixedPath("apis", "/apis/", "apis", "getAPIVersions", _META + "APIGroupList"),
        FixedPath("version", "/version/", "version", "getCodeVersion", VERSION_INFO, _JSON, _JSON),
    ]
    for group in dict.fromkeys(gv.group for gv in versions if gv.group):
        tag = group_tag(group)
        path = f"/apis/{group}/"
        found.append(FixedPath(path.strip("/"), path, tag, f"get{_upper(tag)}APIGroup", _META + "APIGroup"))
    for gv in versions:
        tag = group_tag(gv.group)
        name = f"get{_upper(tag)}{gv.version.capitalize()}APIResources"
        key = gv.path.removeprefix("/")
        found.append(FixedPath(key, f"{gv.path}/", f"{tag}_{gv.version}", name, _META + "APIResourceList"))
    if issuer:
        about = (".well-known/openid-configuration", "WellKnown", "getServiceAccountIssuerOpenIDConfiguration")
        keys = ("openid/v1/jwks", "openid", "getServiceAccountIssuerOpenIDKeyset")
        for (key, tag, name), answered in ((about, _JSON), (keys, ("application/jwk-set+json",))):
            found.append(FixedPath(key, f"/{key}/", tag, name, "", answered, ()))
    return found


def _upper(tag: str) -> str:
    return tag[0].upper() + tag[1:]
