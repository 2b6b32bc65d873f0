"""VolumeAttributesClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, text
from kfast.api.field_errors import forbidden
from kfast.api.kind import Body, Column, FieldError, Kind
from kfast.api.storage.parameters import check_parameters, check_provisioner


def _validate(attributes_class: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    check_provisioner(attributes_class.get("driverName") or "", "driverName", errors)
    check_parameters(attributes_class.get("parameters"), False, errors)
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors = [
        forbidden(field, f"updates to {field} are forbidden.")
        for field in ("driverName", "parameters")
        if (new.get(field) or None) != (old.get(field) or None)
    ]
    return errors + _validate(new)


KIND = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="VolumeAttributesClass",
    plural="volumeattributesclasses",
    namespaced=False,
    short_names=("vac",),
    columns=(NAME, Column("DriverName", text("driverName")), AGE),
    has_generation=False,
    validate=_validate,
    validates_on_update=False,
    metadata_on_update=("update", "create"),
    validate_update=_validate_update,
)
