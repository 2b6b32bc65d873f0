"""StorageClass."""

from __future__ import annotations

from kfast.api.columns import AGE, flag, text
from kfast.api.field_errors import forbidden, immutable, required
from kfast.api.kind import Body, Cell, Column, FieldError, Kind

_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def _defaults(storage_class: Body) -> None:
    if storage_class.get("reclaimPolicy") is None:
        storage_class["reclaimPolicy"] = "Delete"
    if storage_class.get("volumeBindingMode") is None:
        storage_class["volumeBindingMode"] = "Immediate"


def _validate(storage_class: Body) -> list[FieldError]:
    return [] if storage_class.get("provisioner") else [required("provisioner")]


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    if (new.get("parameters") or {}) != (old.get("parameters") or {}):
        errors.append(forbidden("parameters", "updates to parameters are forbidden."))
    if new.get("provisioner") != old.get("provisioner"):
        errors.append(forbidden("provisioner", "updates to provisioner are forbidden."))
    if new.get("reclaimPolicy") != old.get("reclaimPolicy"):
        errors.append(forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden."))
    immutable("volumeBindingMode", new.get("volumeBindingMode"), old.get("volumeBindingMode"), errors)
    return errors


def _name(storage_class: Body, _: float) -> Cell:
    metadata = storage_class["metadata"]
    annotations = metadata.get("annotations") or {}
    default = any(annotations.get(key) == "true" for key in _DEFAULT)
    return f"{metadata['name']} (default)" if default else metadata["name"]


KIND = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="StorageClass",
    plural="storageclasses",
    namespaced=False,
    short_names=("sc",),
    columns=(
        Column("Name", _name, format="name"),
        Column("Provisioner", text("provisioner")),
        Column("ReclaimPolicy", text("reclaimPolicy", "Delete")),
        Column("VolumeBindingMode", text("volumeBindingMode", "Immediate")),
        Column("AllowVolumeExpansion", flag("allowVolumeExpansion")),
        AGE,
    ),
    has_generation=False,
    defaults=_defaults,
    validate=_validate,
    validate_update=_validate_update,
)
