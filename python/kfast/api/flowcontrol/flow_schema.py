"""FlowSchema."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, condition, lookup, number, text
from kfast.api.flowcontrol.flow_schema_validation import validate_conditions_update, validate_flow_schema
from kfast.api.kind import Body, Cell, Column, Kind, Subresource

_DEFAULT_PRECEDENCE = 1000


def _defaults(schema: Body) -> None:
    spec = schema.setdefault("spec", {})
    if not spec.get("matchingPrecedence"):
        spec["matchingPrecedence"] = _DEFAULT_PRECEDENCE


def _prepare_create(schema: Body) -> None:
    schema["status"] = {}


def _precedence(schema: Body) -> tuple[int, str]:
    return lookup(schema, "spec.matchingPrecedence") or 0, schema["metadata"]["name"]


def _dangling(schema: Body, _: float) -> Cell:
    found = condition(schema, "Dangling")
    return found.get("status", "") if found else "?"


KIND = Kind(
    group="flowcontrol.apiserver.k8s.io",
    version="v1",
    kind="FlowSchema",
    plural="flowschemas",
    namespaced=False,
    subresources=(Subresource("status", metadata=(), validate=validate_conditions_update),),
    columns=(
        NAME,
        Column("PriorityLevel", text("spec.priorityLevelConfiguration.name")),
        Column("MatchingPrecedence", number("spec.matchingPrecedence")),
        Column("DistinguisherMethod", text("spec.distinguisherMethod.type", NONE)),
        AGE,
        Column("MissingPL", _dangling),
    ),
    row_order=_precedence,
    defaults=_defaults,
    prepare_create=_prepare_create,
    metadata_on_update=("create",),
    validate=validate_flow_schema,
)
