"""ServiceCIDR."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, joined
from kfast.api.field_errors import invalid, required
from kfast.api.kind import STATUS_ALONE, Body, Column, FieldError, Kind


def _prepare_create(cidr: Body) -> None:
    cidr["status"] = {}


def _validate(cidr: Body) -> list[FieldError]:
    ranges = (cidr.get("spec") or {}).get("cidrs") or []
    if not ranges:
        return [required("spec.cidrs", "at least one CIDR required")]
    if len(ranges) > 2:
        return [invalid("spec", {"cidrs": ranges}, "may only hold up to 2 values")]
    return []


KIND = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="ServiceCIDR",
    plural="servicecidrs",
    namespaced=False,
    subresources=(STATUS_ALONE,),
    columns=(NAME, Column("CIDRs", joined("spec.cidrs")), AGE),
    has_generation=False,
    prepare_create=_prepare_create,
    validate=_validate,
)
