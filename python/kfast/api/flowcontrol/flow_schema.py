"""FlowSchema."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, condition, number, text
from kfast.api.field_errors import invalid, required
from kfast.api.kind import STATUS, Body, Cell, Column, FieldError, Kind

_DEFAULT_PRECEDENCE = 1000
_HIGHEST_PRECEDENCE = 10000


def _defaults(schema: Body) -> None:
    spec = schema.setdefault("spec", {})
    if not spec.get("matchingPrecedence"):
        spec["matchingPrecedence"] = _DEFAULT_PRECEDENCE


def _prepare_create(schema: Body) -> None:
    schema["status"] = {}


def _validate(schema: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = schema["spec"]
    if not 1 <= spec["matchingPrecedence"] <= _HIGHEST_PRECEDENCE:
        path, value = "spec.matchingPrecedence", spec["matchingPrecedence"]
        errors.append(invalid(path, value, f"must be a value between 1 and {_HIGHEST_PRECEDENCE}"))
    if not (spec.get("priorityLevelConfiguration") or {}).get("name"):
        errors.append(required("spec.priorityLevelConfiguration.name", "must reference a priority level"))
    return errors


def _dangling(schema: Body, _: float) -> Cell:
    found = condition(schema, "Dangling")
    return found.get("status", "") if found else "?"


KIND = Kind(
    group="flowcontrol.apiserver.k8s.io",
    version="v1",
    kind="FlowSchema",
    plural="flowschemas",
    namespaced=False,
    subresources=(STATUS,),
    columns=(
        NAME,
        Column("PriorityLevel", text("spec.priorityLevelConfiguration.name")),
        Column("MatchingPrecedence", number("spec.matchingPrecedence")),
        Column("DistinguisherMethod", text("spec.distinguisherMethod.type", NONE)),
        AGE,
        Column("MissingPL", _dangling),
    ),
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=_validate,
)
