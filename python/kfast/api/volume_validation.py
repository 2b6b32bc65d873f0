"""Validation of pod volumes (upstream: core/validation.ValidateVolumes)."""

from __future__ import annotations

from typing import Any

from kfast.api.field_errors import duplicate, forbidden, invalid, required
from kfast.api.kind import FieldError
from kfast.api.name_checks import check, dns_label

Spec = dict[str, Any]

_REQUIRED = {
    "secret": "secretName",
    "configMap": "name",
    "persistentVolumeClaim": "claimName",
    "hostPath": "path",
    "csi": "driver",
    "image": "reference",
}
_MODE_LIMIT = 0o777


def _validate_items(source: Spec, path: str, errors: list[FieldError]) -> None:
    mode = source.get("defaultMode")
    if mode is not None and not 0 <= mode <= _MODE_LIMIT:
        message = "must be a number between 0 and 0777 (octal), both inclusive"
        errors.append(invalid(f"{path}.defaultMode", mode, message))
    for index, item in enumerate(source.get("items") or ()):
        for field in ("key", "path") if "key" in item or "fieldRef" not in item else ("path",):
            if not item.get(field) and not (field == "key" and "resourceFieldRef" in item):
                errors.append(required(f"{path}.items[{index}].{field}"))
        where = item.get("path") or ""
        if where.startswith("/"):
            errors.append(invalid(f"{path}.items[{index}].path", where, "must be a relative path"))
        elif ".." in where.split("/"):
            errors.append(invalid(f"{path}.items[{index}].path", where, "must not contain '..'"))


def _validate_source(volume: Spec, path: str, errors: list[FieldError]) -> None:
    kinds = [name for name, source in volume.items() if name != "name" and source is not None]
    if not kinds:
        errors.append(required(path, "must specify a volume type"))
    errors.extend(forbidden(f"{path}.{name}", "may not specify more than 1 volume type") for name in kinds[1:])
    for name in kinds[:1]:
        source = volume[name]
        field = _REQUIRED.get(name)
        if field is not None and not source.get(field):
            errors.append(required(f"{path}.{name}.{field}"))
        if name in ("secret", "configMap", "downwardAPI", "projected"):
            _validate_items(source, f"{path}.{name}", errors)
        elif name == "ephemeral" and source.get("volumeClaimTemplate") is None:
            errors.append(required(f"{path}.ephemeral.volumeClaimTemplate"))


def validate_volumes(volumes: list[Spec], path: str, errors: list[FieldError]) -> set[str]:
    """All rules of the volumes; the names of the valid ones."""
    names: set[str] = set()
    for index, volume in enumerate(volumes):
        at, found = f"{path}[{index}]", len(errors)
        _validate_source(volume, at, errors)
        name = volume.get("name", "")
        if not name:
            errors.append(required(f"{at}.name"))
        else:
            check(dns_label, name, f"{at}.name", errors)
        if name in names:
            errors.append(duplicate(f"{at}.name", name))
        if len(errors) == found:
            names.add(name)
    return names
