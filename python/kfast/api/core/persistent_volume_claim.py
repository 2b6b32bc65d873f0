"""PersistentVolumeClaim."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, UNSET, lookup, text
from kfast.api.core.persistent_volume import access_modes, phase, storage_class
from kfast.api.core.volume_claim_validation import validate_claim, validate_claim_update
from kfast.api.kind import STATUS, Body, Cell, Column, FieldError, Kind
from kfast.api.pod_template import default_claim_spec
from kfast.api.resource_lists import canonical_quantities


def _defaults(claim: Body) -> None:
    default_claim_spec(claim.setdefault("spec", {}))
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
        spec["dataSource"] = dict(reference)


def _prepare_create(claim: Body) -> None:
    claim["status"] = {"phase": "Pending"}
    _normalize_sources(claim["spec"])


def _prepare_update(claim: Body, _: Body) -> None:
    _normalize_sources(claim["spec"])


def _validate(claim: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_claim(claim["spec"], "spec", errors)
    return errors


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
    subresources=(STATUS,),
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
    validate=_validate,
    validate_update=validate_claim_update,
)
