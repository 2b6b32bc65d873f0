"""ConfigMap."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, size
from kfast.api.config_data import validate_data_update, validate_keys
from kfast.api.field_errors import invalid, too_long
from kfast.api.kind import Body, Column, FieldError, Kind

_LIMIT = 1024 * 1024


def _validate(config: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    data, binary = config.get("data") or {}, config.get("binaryData") or {}
    validate_keys(data, "data", errors)
    validate_keys(binary, "binaryData", errors)
    for key in data:
        if key in binary:
            errors.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
    total = sum(len(value.encode()) for value in data.values()) + sum(len(value) * 3 // 4 for value in binary.values())
    if total > _LIMIT:
        errors.append(too_long("", _LIMIT))
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    return validate_data_update(new, old, "data", "binaryData") + _validate(new)


KIND = Kind(
    group="",
    version="v1",
    kind="ConfigMap",
    plural="configmaps",
    short_names=("cm",),
    columns=(NAME, Column("Data", size("data", "binaryData")), AGE),
    has_generation=False,
    validate=_validate,
    validates_on_update=False,
    metadata_on_update=("update", "create"),
    validate_update=_validate_update,
    tells_empties=True,
)
