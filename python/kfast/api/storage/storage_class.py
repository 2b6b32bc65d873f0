"""StorageClass."""

from __future__ import annotations

from kfast.api.columns import AGE, flag, text
from kfast.api.field_errors import IMMUTABLE, duplicate, immutable, invalid, not_supported, required
from kfast.api.kind import Body, Cell, Column, FieldError, Kind
from kfast.api.name_checks import check, qualified_name
from kfast.api.storage.parameters import check_parameters, check_provisioner

_RECLAIM_POLICIES = ("Delete", "Retain")
_BINDING_MODES = ("Immediate", "WaitForFirstConsumer")
_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def _defaults(storage_class: Body) -> None:
    if storage_class.get("reclaimPolicy") is None:
        storage_class["reclaimPolicy"] = "Delete"
    if storage_class.get("volumeBindingMode") is None:
        storage_class["volumeBindingMode"] = "Immediate"


def _terms(storage_class: Body, errors: list[FieldError]) -> None:
    seen: list[dict[str, set[str]]] = [{}] * len(storage_class.get("allowedTopologies") or ())
    for index, term in enumerate(storage_class.get("allowedTopologies") or ()):
        path = f"allowedTopologies[{index}].matchLabelExpressions"
        found: dict[str, set[str]] = {}
        for number, expression in enumerate(term.get("matchLabelExpressions") or ()):
            at, key, values = f"{path}[{number}]", expression.get("key") or "", expression.get("values") or []
            if not values:
                errors.append(required(f"{at}.values"))
            errors += [duplicate(f"{at}.values[{i}]", value) for i, value in enumerate(values) if value in values[:i]]
            check(qualified_name, key, f"{at}.key", errors)
            if key in found:
                errors.append(duplicate(f"{at}.key", key))
            found[key] = set(values)
        errors += [duplicate(path, "")] * seen.count(found)
        seen.append(found)


def _validate(storage_class: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    check_provisioner(storage_class.get("provisioner") or "", "provisioner", errors)
    check_parameters(storage_class.get("parameters"), True, errors)
    for field, values in (("reclaimPolicy", _RECLAIM_POLICIES), ("volumeBindingMode", _BINDING_MODES)):
        value = storage_class[field]
        if value not in values and (value or field == "volumeBindingMode"):
            errors.append(not_supported(field, value, values))
    _terms(storage_class, errors)
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    if (new.get("parameters") or None) != (old.get("parameters") or None):
        errors.append(invalid("parameters", new.get("parameters"), IMMUTABLE))
    for field in ("provisioner", "reclaimPolicy", "volumeBindingMode"):
        immutable(field, new.get(field) or "", old.get(field) or "", errors)
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
    metadata_on_update=("create", "update"),
    validate_update=_validate_update,
)
