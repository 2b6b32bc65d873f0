"""PriorityClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, flag, number, text
from kfast.api.field_errors import forbidden
from kfast.api.kind import Body, Column, FieldError, Kind

_HIGHEST = 1_000_000_000
_SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def _defaults(priority_class: Body) -> None:
    priority_class.setdefault("value", 0)
    if priority_class.get("preemptionPolicy") is None:
        priority_class["preemptionPolicy"] = "PreemptLowerPriority"


def _validate(priority_class: Body) -> list[FieldError]:
    name, value = priority_class["metadata"].get("name", ""), priority_class["value"]
    if name.startswith("system-"):
        if _SYSTEM.get(name) != value or priority_class.get("globalDefault"):
            message = (
                "priority class names with 'system-' prefix are reserved for system use only. "
                f"error: {name} is not a known system priority class"
            )
            return [forbidden("metadata.name", message)]
    elif value > _HIGHEST:
        message = f"maximum allowed value of a user defined priority is {_HIGHEST}"
        return [forbidden("value", message)]
    return []


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    return [
        forbidden(field, message)
        for field, message in (
            ("value", "may not be changed in an update."),
            ("preemptionPolicy", "may not be changed in an update."),
        )
        if new.get(field) != old.get(field)
    ]


KIND = Kind(
    group="scheduling.k8s.io",
    version="v1",
    kind="PriorityClass",
    plural="priorityclasses",
    namespaced=False,
    short_names=("pc",),
    columns=(
        NAME,
        Column("Value", number("value"), type="integer"),
        Column("Global-Default", flag("globalDefault"), type="boolean"),
        AGE,
        Column("PreemptionPolicy", text("preemptionPolicy")),
    ),
    defaults=_defaults,
    validate=_validate,
    validate_update=_validate_update,
)
