"""Validation of PersistentVolumeClaims (upstream: core/validation.ValidatePersistentVolumeClaimSpec)."""

from __future__ import annotations

from kfast.api.field_errors import forbidden, invalid, not_supported, required
from kfast.api.internal_form import Struct
from kfast.api.kind import Body, FieldError
from kfast.api.label_selectors import validate_selector
from kfast.api.name_checks import check, dns_label, dns_subdomain
from kfast.api.resource_lists import milli

_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_LARGEST = 2**63 - 1
_IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def _validate_source(source: Body, path: str, errors: list[FieldError]) -> None:
    group, kind = source.get("apiGroup") or "", source.get("kind") or ""
    if not source.get("name"):
        errors.append(required(f"{path}.name"))
    if not kind:
        errors.append(required(f"{path}.kind"))
    if not group and kind != "PersistentVolumeClaim":
        message = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid(path, kind, message))
    if group:
        check(dns_subdomain, group, f"{path}.apiGroup", errors)
    if source.get("namespace"):
        check(dns_label, source["namespace"], f"{path}.namespace", errors)


def _validate_sources(spec: Body, path: str, errors: list[FieldError]) -> None:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    for name, given in (("dataSource", source), ("dataSourceRef", reference)):
        if given is not None:
            _validate_source(given, f"{path}.{name}", errors)
    if source is None or reference is None:
        return
    if reference.get("namespace"):
        errors.append(invalid(path, Struct(), "may not be specified when dataSourceRef.namespace is specified"))
    elif any(source.get(key) != reference.get(key) for key in ("apiGroup", "kind", "name")):
        errors.append(invalid(path, Struct(), "must match dataSourceRef"))


def validate_claim(spec: Body, path: str, errors: list[FieldError]) -> None:
    """All rules of a claim's spec."""
    modes = spec.get("accessModes") or ()
    if not modes:
        errors.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    validate_selector(spec.get("selector"), f"{path}.selector", errors)
    for mode in modes:
        if mode not in _MODES:
            errors.append(not_supported(f"{path}.accessModes", mode, _MODES))
    if "ReadWriteOncePod" in modes and any(mode in _MODES[:3] for mode in modes):
        errors.append(forbidden(f"{path}.accessModes", "may not use ReadWriteOncePod with other access modes"))
    amount = (spec["resources"].get("requests") or {}).get("storage")
    if amount is None:
        errors.append(required(f"{path}.resources[storage]"))
    elif milli(amount) <= 0:
        errors.append(invalid(f"{path}.resources[storage]", amount, "must be greater than zero"))
    if spec.get("storageClassName"):
        check(dns_subdomain, spec["storageClassName"], f"{path}.storageClassName", errors)
    if spec.get("volumeMode") not in ("Block", "Filesystem", None):
        errors.append(not_supported(f"{path}.volumeMode", spec["volumeMode"], ("Block", "Filesystem")))
    _validate_sources(spec, path, errors)
    if spec.get("volumeAttributesClassName"):
        check(dns_subdomain, spec["volumeAttributesClassName"], f"{path}.volumeAttributesClassName", errors)


def claim_warnings(spec: Body, path: str) -> list[str]:
    """Warnings about parts of bytes."""
    warnings = []
    for side in ("requests", "limits"):
        amount = (spec["resources"].get(side) or {}).get("storage")
        if amount is not None and milli(amount) % 1000 and milli(amount) < _LARGEST:
            where = f"{path}.resources.{side}[storage]"
            warnings.append(f'{where}: fractional byte value "{amount}" is invalid, must be an integer')
    return warnings


def _storage(spec: Body) -> int:
    return milli((spec["resources"].get("requests") or {}).get("storage") or "0")


def validate_claim_update(new: Body, old: Body) -> list[FieldError]:
    """Only growth and the attributes class of a bound claim, and the late binding of a volume or class, may change."""
    spec, before = dict(new["spec"]), dict(old["spec"])
    errors: list[FieldError] = []
    if not before.get("volumeName"):
        spec.pop("volumeName", None)
        before.pop("volumeName", None)
    if before.get("storageClassName") is None:
        spec.pop("storageClassName", None)
        before.pop("storageClassName", None)
    if (old.get("status") or {}).get("phase") == "Bound":
        if _storage(spec) < _storage(before):
            capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage") or "0"
            if _storage(spec) <= milli(capacity):
                errors.append(
                    forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
                )
        for side in (spec, before):
            side["resources"] = {k: v for k, v in side["resources"].items() if k != "requests"}
            side.pop("volumeAttributesClassName", None)
    if spec != before:
        errors.append(forbidden("spec", _IMMUTABLE))
    return errors
