"""Validation of PersistentVolumeClaims (upstream: core/validation.ValidatePersistentVolumeClaimSpec)."""

from __future__ import annotations

from kfast.api.core.persistent_volume_validation import check_access_modes
from kfast.api.field_errors import IMMUTABLE, forbidden, invalid, not_supported, required
from kfast.api.internal_form import Struct, difference
from kfast.api.kind import Body, FieldError
from kfast.api.label_selectors import validate_selector
from kfast.api.name_checks import check, dns_label, dns_subdomain, qualified_name
from kfast.api.resource_lists import milli
from kfast.api.resource_names import check_amount, is_native

_CLASS = "volume.beta.kubernetes.io/storage-class"
_RESIZES = (
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
)
_LARGEST = 2**63 - 1
_IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def _validate_source(source: Body, path: str, any_group: bool, errors: list[FieldError]) -> None:
    group, kind = source.get("apiGroup") or "", source.get("kind") or ""
    if not source.get("name"):
        errors.append(required(f"{path}.name"))
    if not kind:
        errors.append(required(f"{path}.kind"))
    if not group and kind != "PersistentVolumeClaim":
        message = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid(path, kind, message))
    if group and not any_group:
        check(dns_subdomain, group, f"{path}.apiGroup", errors)
    if source.get("namespace"):
        check(dns_label, source["namespace"], f"{path}.namespace", errors)


def _validate_sources(spec: Body, path: str, old: Body, errors: list[FieldError]) -> None:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    any_group = any((old.get(field) or {}).get("apiGroup") is not None for field in ("dataSource", "dataSourceRef"))
    for name, given in (("dataSource", source), ("dataSourceRef", reference)):
        if given is not None:
            _validate_source(given, f"{path}.{name}", any_group, errors)
    if source is None or reference is None:
        return
    if reference.get("namespace"):
        errors.append(invalid(path, Struct(), "may not be specified when dataSourceRef.namespace is specified"))
    elif any(source.get(key) != reference.get(key) for key in ("apiGroup", "kind", "name")):
        errors.append(invalid(path, Struct(), "must match dataSourceRef"))


def validate_claim(spec: Body, path: str, errors: list[FieldError], old: Body | None = None) -> None:
    """All rules of a claim's spec; one that was there may have named any group before it was checked."""
    modes = spec.get("accessModes") or ()
    if not modes:
        errors.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    validate_selector(spec.get("selector"), f"{path}.selector", errors)
    check_access_modes(list(modes), f"{path}.accessModes", errors)
    amount = (spec["resources"].get("requests") or {}).get("storage")
    if amount is None:
        errors.append(required(f"{path}.resources[storage]"))
    elif milli(amount) <= 0:
        errors.append(invalid(f"{path}.resources[storage]", amount, "must be greater than zero"))
    if spec.get("storageClassName"):
        check(dns_subdomain, spec["storageClassName"], f"{path}.storageClassName", errors)
    if spec.get("volumeMode") not in ("Block", "Filesystem", None):
        errors.append(not_supported(f"{path}.volumeMode", spec["volumeMode"], ("Block", "Filesystem")))
    _validate_sources(spec, path, old or {}, errors)
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


def _comparable(spec: Body, old: Body, bound: bool, annotation: str | None) -> Body:
    """The new spec with what may change as it was."""
    before = old["spec"]
    spec = {key: value for key, value in spec.items() if value is not None}
    if before.get("storageClassName") is None and annotation in (None, spec.get("storageClassName")):
        spec.pop("storageClassName", None)
    if bound:
        resources = spec["resources"]
        if resources.get("requests") is not None:
            known = (before["resources"].get("requests") or {}).get("storage", "0")
            spec["resources"] = {**resources, "requests": {**resources["requests"], "storage": known}}
        spec.pop("volumeAttributesClassName", None)
        if before.get("volumeAttributesClassName") is not None:
            spec["volumeAttributesClassName"] = before["volumeAttributesClassName"]
    return spec


def validate_claim_update(new: Body, old: Body) -> list[FieldError]:
    """Only growth and the attributes class of a bound claim, and the late binding of a volume or class, may change."""
    errors: list[FieldError] = []
    validate_claim(new["spec"], "spec", errors, old["spec"])
    annotations, known = ((body["metadata"].get("annotations") or {}).get(_CLASS) for body in (new, old))
    spec, before = new["spec"], {key: value for key, value in old["spec"].items() if value is not None}
    status = old.get("status") or {}
    if known is not None and before.get("storageClassName") is None and spec.get("storageClassName") == known:
        pass  # the class moves from the annotation into its field
    elif (annotations or "") != (known or ""):
        errors.append(invalid(f"metadata[{_CLASS}]", annotations or "", IMMUTABLE))
    if not before.get("volumeName") and spec.get("volumeName"):
        before["volumeName"] = spec["volumeName"]
    compared = _comparable(spec, old, status.get("phase") == "Bound", known)
    if compared != before:
        text = difference("core.PersistentVolumeClaimSpec", before, compared)
        errors.append(forbidden("spec", f"{_IMMUTABLE}\n{text}"))
    capacity = (status.get("capacity") or {}).get("storage") or "0"
    if _storage(spec) < _storage(old["spec"]) and _storage(spec) <= milli(capacity):
        message = "field can not be less than status.capacity"
        errors.append(forbidden("spec.resources.requests.storage", message))
    if spec.get("volumeMode") != before.get("volumeMode"):
        errors.append(invalid("volumeMode", spec.get("volumeMode"), IMMUTABLE))
    chosen = spec.get("volumeAttributesClassName")
    current = status.get("currentVolumeAttributesClassName")
    if chosen != before.get("volumeAttributesClassName") and current is not None and not chosen:
        what = "nil" if chosen is None else "empty string"
        message = f"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
        errors.append(forbidden("spec.volumeAttributesClassName", message))
    return errors


def _check_key(name: str, path: str, errors: list[FieldError]) -> bool:
    if not check(qualified_name, name, path, errors):
        return False
    native = is_native(name) and name != "storage"
    if native:
        errors.append(not_supported(path, name, ("storage",)))
    return not native


def _check_basic(amount: str, path: str, errors: list[FieldError]) -> bool:
    value = -(-milli(amount) // 1000)
    if value < 0:
        errors.append(invalid(path, value, "must be a valid resource quantity"))
    return value >= 0


def validate_claim_status(new: Body, _: Body) -> list[FieldError]:
    """Amounts, and how far a resize is."""
    errors: list[FieldError] = []
    status = new.get("status") or {}
    for name, amount in sorted((status.get("capacity") or {}).items()):
        _check_basic(amount, f"status.capacity[{name}]", errors)
    for name, state in sorted((status.get("allocatedResourceStatuses") or {}).items()):
        path = "status.allocatedResourceStatuses"
        _check_key(name, path, errors)
        if state not in _RESIZES:
            errors.append(not_supported(path, name, _RESIZES))
    for name, amount in sorted((status.get("allocatedResources") or {}).items()):
        path = "status.allocatedResources"
        if _check_key(name, path, errors) and _check_basic(amount, f"{path}[{name}]", errors):
            check_amount("storage", amount, f"{path}[{name}]", errors)
    return errors
