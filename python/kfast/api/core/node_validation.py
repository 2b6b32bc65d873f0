"""Validation of Nodes (upstream: core/validation.ValidateNode)."""

from __future__ import annotations

from ipaddress import ip_network

from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, label_value, qualified_name
from kfast.api.resource_lists import milli

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_FIXED_CIDR = 'node updates may not change podCIDR except from "" to valid'
_FIXED_PROVIDER = 'node updates may not change providerID except from "" to valid'


def _validate_taints(taints: list[Body], errors: list[FieldError]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        path, effect = f"metadata.taints[{index}]", taint.get("effect", "")
        check(qualified_name, taint.get("key", ""), f"{path}.key", errors)
        problems = label_value(taint.get("value") or "")
        if problems:
            errors.append(invalid(f"{path}.value", taint["value"], ";".join(problems)))
        if not effect:
            errors.append(required(f"{path}.effect"))
        elif effect not in _EFFECTS:
            errors.append(not_supported(f"{path}.effect", effect, _EFFECTS))
        key = (taint.get("key", ""), effect)
        if key in seen:
            errors.append(duplicate(path, taint))
        seen.add(key)


def _validate_amounts(status: Body, errors: list[FieldError]) -> None:
    for field in ("capacity", "allocatable"):
        for name, quantity in (status.get(field) or {}).items():
            try:
                negative = milli(quantity) < 0
            except ValueError as error:
                errors.append(invalid(f"status.{field}.{name}", quantity, str(error)))
                continue
            if negative:
                message = "must be greater than or equal to 0"
                errors.append(invalid(f"status.{field}.{name}", quantity, message))


def validate_node(node: Body) -> list[FieldError]:
    """All rules of a Node."""
    errors: list[FieldError] = []
    spec = node["spec"]
    _validate_taints(spec.get("taints") or [], errors)
    _validate_amounts(node["status"], errors)
    cidrs = spec.get("podCIDRs") or []
    for index, cidr in enumerate(cidrs):
        try:
            ip_network(cidr, strict=False)
        except ValueError:
            message = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            errors.append(invalid(f"spec.podCIDRs[{index}]", cidr, message))
    if len(cidrs) > 2:
        message = "may specify no more than one CIDR for each IP family"
        errors.append(invalid("spec.podCIDRs", cidrs, message))
    return errors


def validate_node_update(new: Body, old: Body) -> list[FieldError]:
    """Pod CIDRs and provider are set once."""
    errors: list[FieldError] = []
    spec, before = new["spec"], old["spec"]
    if before.get("podCIDRs") and spec.get("podCIDRs") != before["podCIDRs"]:
        errors.append(forbidden("spec.podCIDRs", _FIXED_CIDR))
    if before.get("providerID") and spec.get("providerID") != before["providerID"]:
        errors.append(forbidden("spec.providerID", _FIXED_PROVIDER))
    return errors
