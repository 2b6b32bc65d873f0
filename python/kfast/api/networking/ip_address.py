"""IPAddress."""

from __future__ import annotations

from kfast.api.addresses import validate_canonical_ip
from kfast.api.columns import NAME, NONE, lookup
from kfast.api.field_errors import IMMUTABLE, invalid, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, Cell, Column, FieldError, Kind
from kfast.api.name_checks import check, dns_subdomain
from kfast.api.references import check_segments
from kfast.meta.gvk import group_resource
from kfast.meta.names import path_segment


def _parent(address: Body, _: float) -> Cell:
    parent = lookup(address, "spec.parentRef")
    if not parent:
        return NONE
    resource = group_resource(parent.get("group") or "", parent.get("resource") or "").lower()
    return "/".join(part for part in (resource, parent.get("namespace"), parent.get("name")) if part)


def _validate(address: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    for field in ("generateName", "name"):
        if address["metadata"].get(field):
            validate_canonical_ip(address["metadata"][field], f"metadata.{field}", errors)
    parent = lookup(address, "spec.parentRef")
    path = "spec.parentRef"
    if parent is None:
        return [*errors, required(path)]
    if parent.get("group"):
        check(dns_subdomain, parent["group"], f"{path}.group", errors)
    check_segments(parent, ("resource", "name"), path, errors)
    namespace = parent.get("namespace") or ""
    errors += [invalid(f"{path}.namespace", namespace, problem) for problem in path_segment(namespace)]
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    parent = lookup(new, "spec.parentRef")
    return (
        []
        if parent == lookup(old, "spec.parentRef")
        else [invalid("spec.parentRef", internal("*networking.ParentReference", parent), IMMUTABLE)]
    )


KIND = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="IPAddress",
    plural="ipaddresses",
    namespaced=False,
    short_names=("ip",),
    columns=(NAME, Column("ParentRef", _parent)),
    has_generation=False,
    name_rule="any",
    validate=_validate,
    metadata_on_update=("create", "update"),
    validate_update=_validate_update,
)
