"""CSINode."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, size
from kfast.api.core.volume_sources import check_driver
from kfast.api.field_errors import IMMUTABLE, duplicate, invalid, non_negative, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, Column, FieldError, Kind
from kfast.api.name_checks import check, qualified_name

_LONGEST_ID = 256


def _drivers(node: Body) -> list[Body]:
    return (node.get("spec") or {}).get("drivers") or []


def _validate(node: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, driver in enumerate(_drivers(node)):
        path, name, node_id = f"spec.drivers[{index}]", driver.get("name") or "", driver.get("nodeID") or ""
        check_driver(name, f"{path}.name", errors)
        if not node_id:
            errors.append(required(f"{path}.nodeID"))
        if len(node_id.encode()) > _LONGEST_ID:
            errors.append(invalid(f"{path}.nodeID", node_id, f"must be {_LONGEST_ID} characters or less"))
        non_negative(f"{path}.allocatable.count", (driver.get("allocatable") or {}).get("count"), errors)
        if name in names:
            errors.append(duplicate(f"{path}.name", name))
        names.add(name)
        keys = driver.get("topologyKeys") or []
        for number, key in enumerate(keys):
            if not key:
                errors.append(required(path))
            if key in keys[:number]:
                errors.append(duplicate(path, key))
            check(qualified_name, key, path, errors)
    return errors


def _fixed(driver: Body) -> Body:
    return {key: value for key, value in driver.items() if key != "allocatable" and value not in (None, [])}


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    return [
        invalid("spec.drivers", internal("storage.CSINodeDriver", _fixed(now)), IMMUTABLE)
        for before in _drivers(old)
        for now in _drivers(new)
        if before.get("name") == now.get("name") and _fixed(before) != _fixed(now)
    ]


KIND = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="CSINode",
    plural="csinodes",
    namespaced=False,
    columns=(NAME, Column("Drivers", size("spec.drivers"), type="integer"), AGE),
    has_generation=False,
    unconditional_update=False,
    metadata_on_update=("create",),
    validate=_validate,
    validate_update=_validate_update,
)
