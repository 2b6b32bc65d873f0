"""IPAddress."""

from __future__ import annotations

from ipaddress import ip_address

from kfast.api.columns import AGE, NAME, NONE, lookup
from kfast.api.field_errors import IMMUTABLE, invalid, quoted, required
from kfast.api.kind import Body, Cell, Column, FieldError, Kind
from kfast.meta.gvk import group_resource


def _parent(address: Body, _: float) -> Cell:
    parent = lookup(address, "spec.parentRef")
    if not parent:
        return NONE
    resource = group_resource(parent.get("group") or "", parent.get("resource") or "").lower()
    return "/".join(part for part in (resource, parent.get("namespace"), parent.get("name")) if part)


def _validate(address: Body) -> list[FieldError]:
    name = address["metadata"].get("name", "")
    errors = []
    try:
        canonical = str(ip_address(name))
    except ValueError:
        errors.append(invalid("metadata.name", name, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"))
    else:
        if canonical != name:
            errors.append(invalid("metadata.name", name, f"must be in canonical form ({quoted(canonical)})"))
    parent = lookup(address, "spec.parentRef")
    if not parent:
        return [*errors, required("spec.parentRef")]
    return errors + [required(f"spec.parentRef.{field}") for field in ("resource", "name") if not parent.get(field)]


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    parent = lookup(new, "spec.parentRef")
    return [] if parent == lookup(old, "spec.parentRef") else [invalid("spec.parentRef", parent, IMMUTABLE)]


KIND = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="IPAddress",
    plural="ipaddresses",
    namespaced=False,
    short_names=("ip",),
    columns=(NAME, Column("ParentRef", _parent), AGE),
    has_generation=False,
    name_rule="path",
    validate=_validate,
    validate_update=_validate_update,
)
