"""ServiceCIDR."""

from __future__ import annotations

from kfast.api.addresses import parse_cidr, validate_cidr
from kfast.api.columns import AGE, NAME, joined
from kfast.api.field_errors import IMMUTABLE, invalid, required
from kfast.api.internal_form import internal
from kfast.api.kind import STATUS_ALONE, Body, Column, FieldError, Kind

_ONE_OF_EACH = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"


def _prepare_create(cidr: Body) -> None:
    cidr["status"] = {}


def _ranges(cidr: Body) -> list[str]:
    return (cidr.get("spec") or {}).get("cidrs") or []


def _validate(cidr: Body) -> list[FieldError]:
    ranges, path = _ranges(cidr), "spec.cidrs"
    if not ranges:
        return [required(path, "at least one CIDR required")]
    if len(ranges) > 2:
        shown = internal("networking.ServiceCIDRSpec", cidr["spec"])
        return [invalid(path, shown, "may only hold up to 2 values")]
    errors: list[FieldError] = []
    for index, text in enumerate(ranges):
        validate_cidr(text, f"{path}[{index}]", errors, canonical=True)
    parsed = [parse_cidr(text) for text in ranges]
    if len(parsed) == 2 and parsed[0] and parsed[1] and parsed[0][0].version == parsed[1][0].version:
        errors.append(invalid(path, ranges, _ONE_OF_EACH))
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    ranges, before, path = _ranges(new), _ranges(old), "spec.cidrs"
    errors = [
        invalid(f"{path}[{index}]", now, IMMUTABLE)
        for index, (now, was) in enumerate(zip(ranges, before, strict=False))
        if now != was
    ]
    if len(ranges) == len(before):
        return errors
    if (len(before), len(ranges)) == (1, 2):
        return errors + _validate(new)
    return [invalid(path, (new.get("spec") or {}).get("cidrs"), IMMUTABLE)]


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
    validates_on_update=False,
    validate_update=_validate_update,
)
