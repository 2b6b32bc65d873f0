"""Validation of PersistentVolumes (upstream: core/validation.ValidatePersistentVolumeSpec)."""

from __future__ import annotations

import posixpath
from copy import deepcopy
from typing import Any

from kfast.api.core.volume_sources import SOURCES
from kfast.api.field_errors import IMMUTABLE, POSITIVE, forbidden, invalid, not_supported, required
from kfast.api.internal_form import difference, internal
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, dns_subdomain
from kfast.api.pod_template import node_selector_errors
from kfast.api.resource_lists import milli

Spec = dict[str, Any]

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
_MODES = ("Block", "Filesystem")
_INLINE = "may not be specified in the context of inline volumes"
_ONE_SOURCE = "may not specify more than 1 volume type"
_FINAL_KEYS = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
}
_FIXED_AFFINITY = "field is immutable, except for updating from beta label to GA"


def check_access_modes(modes: list[str], path: str, errors: list[FieldError]) -> None:
    """Known modes, the exclusive one alone."""
    errors += [not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    if "ReadWriteOncePod" in modes and any(mode in ACCESS_MODES[:3] for mode in modes):
        errors.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))


def _validate_capacity(spec: Spec, path: str, errors: list[FieldError]) -> None:
    capacity = spec.get("capacity")
    if not capacity:
        errors.append(required(path))
    if "storage" not in (capacity or {}) or len(capacity or {}) > 1:
        errors.append(not_supported(path, capacity, ("storage",)))
    for name, amount in sorted((capacity or {}).items()):
        value = milli(amount)
        if value < 0:
            errors.append(invalid(f"{path}[{name}]", -(-value // 1000), "must be a valid resource quantity"))
        if value <= 0:
            errors.append(invalid(f"{path}[{name}]", amount, POSITIVE))


def _validate_source(spec: Spec, name: str, path: str, affine: bool, errors: list[FieldError]) -> None:
    found = 0
    for field, (shown, rule) in SOURCES.items():
        source = spec.get(field)
        if source is None:
            continue
        found += 1
        if found > 1 and field != "flexVolume":
            errors.append(forbidden(f"{path}.{'cephFS' if field == 'cephfs' else field}", _ONE_SOURCE))
            continue
        rule(source, f"{path}.{shown}", name, errors)
        if field == "local" and not affine:
            errors.append(required(f"{path}.nodeAffinity", "Local volume requires node affinity"))
    if not found:
        errors.append(required(path, "must specify a volume type"))
    root = posixpath.normpath((spec.get("hostPath") or {}).get("path") or ".").lstrip("/") == ""
    if root and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        where = f"{path}.persistentVolumeReclaimPolicy"
        errors.append(forbidden(where, "may not be 'recycle' for a hostPath mount of '/'"))


def _validate_affinity(spec: Spec, path: str, errors: list[FieldError]) -> bool:
    affinity = spec.get("nodeAffinity")
    if affinity is None:
        return False
    if affinity.get("required") is None:
        errors.append(required(f"{path}.required", "must specify required node constraints"))
    else:
        errors += node_selector_errors(affinity["required"], f"{path}.required")
    return True


def validate_volume_spec(spec: Spec, name: str, path: str, attributes: bool, errors: list[FieldError]) -> None:
    """All rules of a volume; `attributes`: whether it may have a VolumeAttributesClass."""
    if not spec.get("accessModes"):
        errors.append(required(f"{path}.accessModes"))
    check_access_modes(spec.get("accessModes") or [], f"{path}.accessModes", errors)
    _validate_capacity(spec, f"{path}.capacity", errors)
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _RECLAIM_POLICIES:
        errors.append(not_supported(f"{path}.persistentVolumeReclaimPolicy", policy, _RECLAIM_POLICIES))
    affine = _validate_affinity(spec, f"{path}.nodeAffinity", errors)
    _validate_source(spec, name, path, affine, errors)
    if spec.get("storageClassName"):
        check(dns_subdomain, spec["storageClassName"], f"{path}.storageClassName", errors)
    if spec.get("volumeMode") not in (None, *_MODES):
        errors.append(not_supported(f"{path}.volumeMode", spec["volumeMode"], _MODES))
    chosen = spec.get("volumeAttributesClassName")
    if chosen is not None and attributes:
        where = f"{path}.volumeAttributesClassName"
        if chosen:
            check(dns_subdomain, chosen, where, errors)
        else:
            errors.append(required(where, "an empty string is disallowed"))
        if spec.get("csi") is None:
            errors.append(required(f"{path}.csi", "has to be specified when using volumeAttributesClassName"))


def validate_inline_volume(spec: Spec, path: str, errors: list[FieldError]) -> None:
    """The rules of a volume stated in a VolumeAttachment: CSI, and little else."""
    if spec.get("claimRef") is not None:
        errors.append(forbidden(f"{path}.claimRef", _INLINE))
    if spec.get("capacity"):
        errors.append(forbidden(f"{path}.capacity", _INLINE))
    if spec.get("csi") is None:
        errors.append(required(f"{path}.csi", "has to be specified in the context of inline volumes"))
    if not spec.get("accessModes"):
        errors.append(required(f"{path}.accessModes"))
    check_access_modes(spec.get("accessModes") or [], f"{path}.accessModes", errors)
    if spec.get("persistentVolumeReclaimPolicy") not in (None, "", "Retain"):
        message = "may only be Retain in the context of inline volumes"
        errors.append(forbidden(f"{path}.persistentVolumeReclaimPolicy", message))
    if spec.get("nodeAffinity") is not None:
        errors.append(forbidden(f"{path}.nodeAffinity", _INLINE))
    _validate_source(spec, "", path, False, errors)
    if spec.get("storageClassName"):
        errors.append(forbidden(f"{path}.storageClassName", _INLINE))
    if spec.get("volumeMode") not in (None, "Filesystem"):
        message = "may not specify volumeMode other than Filesystem in the context of inline volumes"
        errors.append(forbidden(f"{path}.volumeMode", message))


def validate_volume(volume: Body) -> list[FieldError]:
    """All rules of a PersistentVolume."""
    errors: list[FieldError] = []
    validate_volume_spec(volume["spec"], volume["metadata"].get("name") or "", "spec", True, errors)
    return errors


def _sources(spec: Spec) -> Spec:
    return {name: spec[name] for name in SOURCES if spec.get(name) is not None}


def _same_affinity(affinity: Spec | None, before: Spec) -> bool:
    """Whether it is the same but for keys that became final; upstream lets any other key become empty."""
    known = deepcopy(before)
    for term, was in zip(_terms(affinity), _terms(known), strict=False):
        for field in ("matchExpressions", "matchFields"):
            for one, other in zip(term.get(field) or (), was.get(field) or (), strict=False):
                if _FINAL_KEYS.get(other.get("key"), "") == (one.get("key") or ""):
                    other["key"] = one.get("key")
    return affinity == known


def _terms(affinity: Spec | None) -> list[Spec]:
    return ((affinity or {}).get("required") or {}).get("nodeSelectorTerms") or []


def validate_volume_update(new: Body, old: Body) -> list[FieldError]:
    """The source and the mode stay, the affinity once set, too. Upstream checks the object twice."""
    errors = validate_volume(new) + validate_volume(new)
    spec, before = new["spec"], old["spec"]
    source, known = _sources(spec), _sources(before)
    if ("csi" in source and known.get("csi", {}).get("controllerExpandSecretRef", ()) is None) or (
        "csi" in source and "csi" in known and "controllerExpandSecretRef" not in known["csi"]
    ):
        source["csi"] = {k: v for k, v in source["csi"].items() if k != "controllerExpandSecretRef"}
    if source != known:
        text = difference("core.PersistentVolumeSource", known, source)
        message = f"spec.persistentvolumesource is immutable after creation\n{text}"
        errors.append(forbidden("spec.persistentvolumesource", message))
    if spec.get("volumeMode") != before.get("volumeMode"):
        errors.append(invalid("volumeMode", spec.get("volumeMode"), IMMUTABLE))
    affinity = spec.get("nodeAffinity")
    if before.get("nodeAffinity") is not None and not _same_affinity(affinity, before["nodeAffinity"]):
        errors.append(invalid("nodeAffinity", internal("*core.VolumeNodeAffinity", affinity), _FIXED_AFFINITY))
    if before.get("volumeAttributesClassName") is not None and spec.get("volumeAttributesClassName") is None:
        message = "update from non-nil value to nil is forbidden"
        errors.append(forbidden("spec.volumeAttributesClassName", message))
    return errors
