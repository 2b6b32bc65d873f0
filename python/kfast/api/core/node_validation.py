"""Validation of Nodes (upstream: core/validation.ValidateNode)."""

from __future__ import annotations

import re

from kfast.api.addresses import cidr_warnings, parse_cidr, validate_cidr
from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, quoted, required, shown
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, label_value, qualified_name
from kfast.api.resource_names import check_amount

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_FIXED_CIDR = 'node updates may not change podCIDR except from "" to valid'
_FIXED_PROVIDER = 'node updates may not change providerID except from "" to valid'
_FEATURE = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*")
_FEATURE_RULE = (
    "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or "
    "MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
)
_MAX_FEATURE = 253


def _validate_taints(taints: list[Body], errors: list[FieldError]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        path, effect = f"metadata.taints[{index}]", taint.get("effect") or ""
        check(qualified_name, taint.get("key") or "", f"{path}.key", errors)
        problems = label_value(taint.get("value") or "")
        if problems:
            errors.append(invalid(f"{path}.value", taint["value"], ";".join(problems)))
        if not effect:
            errors.append(required(f"{path}.effect"))
        elif effect not in _EFFECTS:
            errors.append(not_supported(f"{path}.effect", effect, _EFFECTS))
        key = (taint.get("key") or "", effect)
        if key in seen:
            message = f"Duplicate value: {shown(internal('core.Taint', taint))}"
            detail = "taints must be unique by key and effect pair"
            errors.append(FieldError(path, "FieldValueDuplicate", f"{message}: {detail}"))
        seen.add(key)


def _validate_status(status: Body, errors: list[FieldError]) -> None:
    for field in ("capacity", "allocatable"):
        for name, amount in sorted((status.get(field) or {}).items()):
            check_amount(name, amount, f"status.{field}.{name}", errors)


def _validate_swap(status: Body, errors: list[FieldError]) -> None:
    swap = ((status.get("nodeInfo") or {}).get("swap") or {}).get("capacity")
    if swap is not None and swap <= 0:
        errors.append(invalid("metadata.nodeSwapStatus.capacity", swap, "must be greater than 0"))


def _validate_features(status: Body, errors: list[FieldError]) -> None:
    features = status.get("declaredFeatures") or []
    for index, feature in enumerate(features):
        path = f"status.declaredFeatures[{index}]"
        if len(feature) > _MAX_FEATURE:
            message = f"invalid feature name {quoted(feature)}: must be no more than {_MAX_FEATURE} characters"
            errors.append(invalid(path, feature, message))
        elif not _FEATURE.fullmatch(feature):
            errors.append(invalid(path, feature, f"invalid feature name {quoted(feature)}: {_FEATURE_RULE}"))
        if index + 1 < len(features):
            following, path = features[index + 1], f"status.declaredFeatures[{index + 1}]"
            if feature == following:
                errors.append(duplicate(path, following))
            elif feature > following:
                errors.append(invalid(path, following, "list must be sorted alphabetically"))


def validate_node(node: Body) -> list[FieldError]:
    """All rules of a Node."""
    errors: list[FieldError] = []
    spec, status = node["spec"], node["status"]
    _validate_taints(spec.get("taints") or [], errors)
    _validate_status(status, errors)
    _validate_swap(status, errors)
    _validate_features(status, errors)
    cidrs = spec.get("podCIDRs") or []
    for index, cidr in enumerate(cidrs):
        validate_cidr(cidr, f"spec.podCIDRs[{index}]", errors)
    if len(cidrs) > 1:
        families = {parsed[0].version for cidr in cidrs if (parsed := parse_cidr(cidr))}
        if len(cidrs) > 2 or families != {4, 6}:
            errors.append(invalid("spec.podCIDRs", cidrs, "may specify no more than one CIDR for each IP family"))
    return errors


def validate_node_update(new: Body, old: Body) -> list[FieldError]:
    """Pod CIDRs and provider are set once. The rules of the status hold for writes of the status, too."""
    errors: list[FieldError] = []
    spec, before, status = new["spec"], old["spec"], new.get("status") or {}
    _validate_status(status, errors)
    _validate_features(status, errors)
    addresses: list[Body] = []
    for index, address in enumerate(status.get("addresses") or ()):
        if address in addresses:
            errors.append(duplicate(f"status.addresses[{index}]", internal("core.NodeAddress", address)))
        addresses.append(address)
    cidrs, known = spec.get("podCIDRs") or [], before.get("podCIDRs") or []
    if known:
        changed = 1 if len(cidrs) != len(known) else sum(a != b for a, b in zip(cidrs, known, strict=True))
        errors += [forbidden("spec.podCIDRs", _FIXED_CIDR)] * changed
    if before.get("providerID") and spec.get("providerID") != before["providerID"]:
        errors.append(forbidden("spec.providerID", _FIXED_PROVIDER))
    _validate_taints(spec.get("taints") or [], errors)
    if (spec.get("externalID") or "") != (before.get("externalID") or ""):
        errors.append(forbidden("spec.externalID", "may not be updated"))
    return errors


def node_warnings(node: Body) -> list[str]:
    """Fields without effect, and odd CIDRs."""
    spec, warnings = node["spec"], []
    if spec.get("externalID"):
        warnings.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
    for index, cidr in enumerate(spec.get("podCIDRs") or ()):
        warnings += cidr_warnings(cidr, f"spec.podCIDRs[{index}]")
    return warnings
