"""PersistentVolumeClaim."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, UNSET, lookup, text
from kfast.api.core.persistent_volume import access_modes, phase, storage_class
from kfast.api.core.volume_claim_validation import (
    claim_warnings,
    validate_claim,
    validate_claim_status,
    validate_claim_update,
)
from kfast.api.kind import Body, Cell, Column, FieldError, Kind, Subresource
from kfast.api.pod_template import default_claim_spec
from kfast.api.resource_lists import canonical_quantities

_OLD_SOURCES = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))


def _defaults(claim: Body) -> None:
    spec = claim.setdefault("spec", {})
    default_claim_spec(spec)
    for field in ("dataSource", "dataSourceRef"):
        if spec.get(field) is not None:
            spec[field].setdefault("apiGroup", None)
    _default_status(claim)


def _default_status(claim: Body) -> None:
    status = claim.setdefault("status", {})
    canonical_quantities(status.get("capacity"))
    if not status.get("phase"):
        status["phase"] = "Pending"


def _normalize_sources(spec: Body) -> None:
    """dataSource and dataSourceRef mirror each other (upstream: NormalizeDataSources)."""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not reference:
        spec["dataSourceRef"] = dict(source)
    elif reference and not source and not reference.get("namespace"):
        spec["dataSource"] = {field: value for field, value in reference.items() if field != "namespace"}


def _drop_sources(spec: Body, old: Body) -> None:
    """What is off by default, and sources that clients of old may state in vain."""
    reference, source = spec.get("dataSourceRef"), spec.get("dataSource")
    if reference is not None and reference.get("namespace") and old.get("dataSourceRef") is None:
        spec.pop("dataSourceRef")
        reference = None
    if source is None or reference is not None:
        return
    known = any(old.get(field) is not None for field in ("dataSource", "dataSourceRef"))
    if not known and (source.get("apiGroup") or "", source.get("kind")) not in _OLD_SOURCES:
        spec.pop("dataSource")


def _prepare_create(claim: Body) -> None:
    claim["status"] = {"phase": "Pending"}
    _drop_sources(claim["spec"], {})
    _normalize_sources(claim["spec"])


def _prepare_update(claim: Body, old: Body) -> None:
    _drop_sources(claim["spec"], old["spec"])
    _normalize_sources(claim["spec"])


def _validate(claim: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_claim(claim["spec"], "spec", errors)
    return errors


def _warnings(claim: Body) -> list[str]:
    return claim_warnings(claim["spec"], "spec")


def _capacity(claim: Body, _: float) -> Cell:
    bound = lookup(claim, "spec.volumeName")
    return (lookup(claim, "status.capacity.storage") or "0") if bound else ""


def _access_modes(claim: Body, _: float) -> Cell:
    return access_modes(lookup(claim, "status.accessModes")) if lookup(claim, "spec.volumeName") else ""


KIND = Kind(
    group="",
    version="v1",
    kind="PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    short_names=("pvc",),
    subresources=(Subresource("status", defaults=_default_status, validate=validate_claim_status),),
    columns=(
        NAME,
        Column("Status", phase),
        Column("Volume", text("spec.volumeName")),
        Column("Capacity", _capacity),
        Column("Access Modes", _access_modes),
        Column("StorageClass", storage_class),
        Column("VolumeAttributesClass", text("spec.volumeAttributesClassName", UNSET)),
        AGE,
        Column("VolumeMode", text("spec.volumeMode", UNSET), priority=1),
    ),
    has_generation=False,
    defaults=_defaults,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    warnings=_warnings,
    validate=_validate,
    validates_on_update=False,
    metadata_on_update=("update", "create"),
    validate_update=validate_claim_update,
)
