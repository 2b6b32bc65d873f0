"""VolumeAttributesClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, text
from kfast.api.field_errors import forbidden, required
from kfast.api.kind import Body, Column, FieldError, Kind


def _validate(attributes_class: Body) -> list[FieldError]:
    return [] if attributes_class.get("driverName") else [required("driverName")]


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    return [
        forbidden(field, f"updates to {field} are forbidden.")
        for field in ("driverName", "parameters")
        if (new.get(field) or None) != (old.get(field) or None)
    ]


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
    validate_update=_validate_update,
)
