"""A CustomResourceDefinition becomes kinds: one for each version, like the kinds declared in files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from kfast._core import Schema
from kfast.api.apiextensions import conditions
from kfast.api.apiextensions.custom_validation import CustomRules, finalizer_warnings, new_finalizer_warnings
from kfast.api.apiextensions.definition_validation import versions_of
from kfast.api.apiextensions.printer_columns import printer_columns
from kfast.api.apiextensions.schemas import structure_of
from kfast.api.apiextensions.selectable_fields import field_path
from kfast.api.kind import SCALE, STATUS_ALONE, Body, Definition, Kind, SelectableField, Subresource
from kfast.meta.versions import version_rank

_decode = msgspec.json.decode
_encode = msgspec.json.encode
_NO_SCHEMA: Body = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@dataclass(frozen=True, slots=True)
class CustomKinds:
    """The kinds of one definition."""

    served: tuple[Kind, ...]
    """The preferred version first."""
    stored: Kind
    """The version objects are stored in; it need not be served."""


def compile_structures(crd: Body, before: Body, structures: Mapping[str, Schema]) -> dict[str, Schema]:
    """The structure of each version; one whose schema is that of the spec `before` keeps its structure."""
    spec = crd["spec"]
    group, naming = spec["group"], spec["names"]
    known = {version["name"]: _schema(version) for version in before.get("versions") or ()}
    kept = known if before.get("names", {}).get("kind") == naming["kind"] else {}
    return {
        name: structures[name] if kept.get(name) == schema else structure_of(group, name, naming["kind"], schema)
        for name, schema in ((version["name"], _schema(version)) for version in versions_of(crd))
    }


def kinds_of(crd: Body, structures: Mapping[str, Schema], changed: int) -> CustomKinds:
    """The kinds an accepted definition makes; `structures` are those of its versions. Objects last written at a
    revision up to `changed` may be of another form than the storage version has now."""
    versions = sorted(versions_of(crd), key=lambda version: version_rank(version["name"]))
    stored = next(version for version in versions if version["storage"])
    kinds = {version["name"]: _kind(crd, version, stored["name"], structures, changed) for version in versions}
    served = tuple(kinds[version["name"]] for version in versions if version["served"])
    return CustomKinds(served, kinds[stored["name"]])


def _schema(version: Body) -> Body:
    schema: Body = (version.get("schema") or {}).get("openAPIV3Schema") or _NO_SCHEMA
    return schema


def _kind(crd: Body, version: Body, stored: str, structures: Mapping[str, Schema], changed: int) -> Kind:
    spec, accepted = crd["spec"], crd["status"]["acceptedNames"]
    group, name = spec["group"], version["name"]
    parts = version.get("subresources") or {}
    has_status = "status" in parts
    converter = _Converter(f"{group}/{name}", accepted["kind"], structures)
    scale = _scaled(version)
    rules = CustomRules(structures[name], f"{group}/{name}/{accepted['kind']}", scale)
    return Kind(
        group=group,
        version=name,
        kind=accepted["kind"],
        plural=accepted["plural"],
        singular=accepted.get("singular") or "",
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(accepted.get("shortNames") or ()),
        categories=tuple(accepted.get("categories") or ()),
        subresources=tuple(_subresources(parts, rules)),
        columns=printer_columns(version.get("additionalPrinterColumns") or []),
        fields=tuple(_fields(version)),
        counts=_counts_metadata_alone if has_status else _counts_status,
        unconditional_update=False,
        name_rule="subdomain_only",
        deprecation=_deprecation(crd, version),
        definition=Definition(
            structures[name],
            _schema(version),
            accepted["listKind"],
            terminating=conditions.is_true(crd, conditions.TERMINATING),
            changed=changed,
            structures=structures,
            replicas={f"{group}/{v['name']}": _scaled(v).get("spec", "") for v in versions_of(crd)},
            webhook=_webhook(spec) if len(structures) > 1 else None,
            selectable=tuple(dict.fromkeys(f for v in versions_of(crd) for f in _fields(v))),
        ),
        storage=f"{group}/{stored}" if changed or len(structures) > 1 else "",
        from_storage=converter.from_storage,
        to_storage=_Converter(f"{group}/{stored}", accepted["kind"], structures).to_storage,
        scale_paths=scale,
        validate=rules.validate,
        validates_on_update=False,
        validate_update=rules.validate_update,
        warnings=finalizer_warnings,
        update_warnings=new_finalizer_warnings,
    )


def _webhook(spec: Body) -> Body | None:
    conversion = spec.get("conversion") or {}
    return conversion.get("webhook") if conversion.get("strategy") == "Webhook" else None


def _fields(version: Body) -> list[SelectableField]:
    paths = [field_path(field["jsonPath"]) for field in version.get("selectableFields") or ()]
    return [SelectableField(path, path) for path in paths]


def _subresources(parts: Body, rules: CustomRules) -> list[Subresource]:
    status = replace(STATUS_ALONE, validate=rules.validate_status)
    return [declared for name, declared in (("status", status), ("scale", SCALE)) if name in parts]


def _scaled(version: Body) -> dict[str, str]:
    scale = (version.get("subresources") or {}).get("scale") or {}
    paths = {
        "spec": scale.get("specReplicasPath"),
        "status": scale.get("statusReplicasPath"),
        "selector": scale.get("labelSelectorPath"),
    }
    return {part: path.removeprefix(".") for part, path in paths.items() if path}


def _counts_status(new: Body, old: Body) -> bool:
    """Without a status subresource the status is a part like any other."""
    return bool(new.get("status") != old.get("status"))


def _counts_metadata_alone(_new: Body, _old: Body) -> bool:
    return False


def _deprecation(crd: Body, version: Body) -> str:
    if not version.get("deprecated"):
        return ""
    if version.get("deprecationWarning") is not None:
        return str(version["deprecationWarning"])
    group, kind, name = crd["spec"]["group"], crd["spec"]["names"]["kind"], version["name"]
    text = f"{group}/{name} {kind} is deprecated"
    better = [
        other["name"]
        for other in versions_of(crd)
        if other["served"] and not other.get("deprecated") and version_rank(other["name"]) < version_rank(name)
    ]
    return f"{text}; use {group}/{min(better, key=version_rank)} {kind}" if better else text


class _Converter:
    """Takes objects to one version: conversion None changes the apiVersion, and prunes what that version lacks."""

    def __init__(self, api_version: str, kind: str, structures: Mapping[str, Schema]) -> None:
        self._api_version = api_version
        self._kind = kind
        self._structures = structures

    def from_storage(self, body: Body) -> Body:
        """A stored object, completed by what its own version has grown since."""
        return self.to_version(self._read(body, body["apiVersion"], True))

    def to_version(self, body: Body) -> Body:
        """An object of another version."""
        if body["apiVersion"] != self._api_version:
            body = self._read(body, self._api_version, False)
        return body

    def to_storage(self, body: Body) -> Body:
        """An object of another version, completed as every read would do it."""
        if body["apiVersion"] != self._api_version:
            body = self._read(body, self._api_version, True)
        return body

    def _read(self, body: Body, api_version: str, defaults: bool) -> Body:
        structure = self._structures.get(api_version.rpartition("/")[2])
        if structure is None:
            return body
        stated = {**body, "apiVersion": api_version}
        data = structure.reread(f"{api_version}/{self._kind}", _encode(stated), defaults)
        if data is None:
            return stated
        read: Body = _decode(data)
        revision = stated["metadata"].get("resourceVersion")
        if revision:
            read["metadata"]["resourceVersion"] = revision
        return read
