"""PriorityClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, flag, number, text
from kfast.api.field_errors import forbidden, immutable, not_supported, required
from kfast.api.kind import Body, Column, FieldError, Kind

_POLICIES = ("PreemptLowerPriority", "Never")
_HIGHEST = 1_000_000_000
_SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def _defaults(priority_class: Body) -> None:
    priority_class.setdefault("value", 0)
    if priority_class.get("preemptionPolicy") is None:
        priority_class["preemptionPolicy"] = "PreemptLowerPriority"


def _validate(priority_class: Body) -> list[FieldError]:
    name, value = priority_class["metadata"].get("name", ""), priority_class["value"]
    errors: list[FieldError] = []
    if name.startswith("system-"):
        problem = _system_problem(name, value, bool(priority_class.get("globalDefault")))
        if problem:
            message = "priority class names with 'system-' prefix are reserved for system use only. error: "
            errors.append(forbidden("metadata.name", message + problem))
    elif value > _HIGHEST:
        errors.append(forbidden("value", f"maximum allowed value of a user defined priority is {_HIGHEST}"))
    policy = priority_class["preemptionPolicy"]
    if not policy:
        errors.append(required("preemptionPolicy"))
    elif policy not in _POLICIES:
        errors.append(not_supported("preemptionPolicy", policy, _POLICIES))
    return errors


def _system_problem(name: str, value: int, default: bool) -> str:
    if name not in _SYSTEM:
        return f"{name} is not a known system priority class"
    if value != _SYSTEM[name]:
        return f"value of {name} PriorityClass must be {_SYSTEM[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if default else ""


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    if new.get("value") != old.get("value"):
        errors.append(forbidden("value", "may not be changed in an update."))
    immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"), errors)
    return errors


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
    generation_grows=False,
    defaults=_defaults,
    validate=_validate,
    validates_on_update=False,
    validate_update=_validate_update,
)
