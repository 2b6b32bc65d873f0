"""Validation of PersistentVolumeClaims (upstream: core/validation.ValidatePersistentVolumeClaimSpec)."""

from __future__ import annotations

from kfast.api.field_errors import forbidden, invalid, not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.api.resource_lists import milli

_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def validate_claim(spec: Body, path: str, errors: list[FieldError]) -> None:
    """All rules of a claim's spec."""
    modes = spec.get("accessModes") or ()
    if not modes:
        errors.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    for mode in modes:
        if mode not in _MODES:
            errors.append(not_supported(f"{path}.accessModes", mode, _MODES))
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        errors.append(forbidden(f"{path}.accessModes", "may not use ReadWriteOncePod with other access modes"))
    amount = (spec["resources"].get("requests") or {}).get("storage")
    if amount is None:
        errors.append(required(f"{path}.resources[storage]"))
    elif milli(amount) <= 0:
        errors.append(invalid(f"{path}.resources[storage]", amount, "must be greater than zero"))
    if spec.get("volumeMode") not in ("Block", "Filesystem", None):
        errors.append(not_supported(f"{path}.volumeMode", spec["volumeMode"], ("Block", "Filesystem")))


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
