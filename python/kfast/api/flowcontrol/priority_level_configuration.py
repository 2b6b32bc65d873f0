"""PriorityLevelConfiguration."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, CellValue, lookup, text
from kfast.api.flowcontrol.flow_schema_validation import validate_conditions_update
from kfast.api.flowcontrol.priority_level_validation import validate_priority_level
from kfast.api.kind import Body, Cell, Column, Kind, Subresource

_QUEUING = {"queues": 64, "handSize": 8, "queueLengthLimit": 50}
_LIMITED_SHARES = 30


def _default_shares(level: Body | None, shares: int) -> None:
    if level is not None:
        if level.get("nominalConcurrencyShares") is None:
            level["nominalConcurrencyShares"] = shares
        if level.get("lendablePercent") is None:
            level["lendablePercent"] = 0


def _defaults(configuration: Body) -> None:
    spec = configuration.setdefault("spec", {})
    _default_shares(spec.get("exempt"), 0)
    _default_shares(spec.get("limited"), _LIMITED_SHARES)
    queuing = lookup(spec, "limited.limitResponse.queuing")
    if queuing is not None:
        for field, value in _QUEUING.items():
            if not queuing.get(field):
                queuing[field] = value


def _prepare_create(configuration: Body) -> None:
    configuration["status"] = {}


def _limit(path: str) -> CellValue:
    def value(configuration: Body, _: float) -> Cell:
        found = lookup(configuration, f"spec.limited.{path}")
        return NONE if found is None else int(found)

    return value


KIND = Kind(
    group="flowcontrol.apiserver.k8s.io",
    version="v1",
    kind="PriorityLevelConfiguration",
    plural="prioritylevelconfigurations",
    namespaced=False,
    subresources=(Subresource("status", metadata=(), validate=validate_conditions_update),),
    columns=(
        NAME,
        Column("Type", text("spec.type")),
        Column("NominalConcurrencyShares", _limit("nominalConcurrencyShares")),
        Column("Queues", _limit("limitResponse.queuing.queues")),
        Column("HandSize", _limit("limitResponse.queuing.handSize")),
        Column("QueueLengthLimit", _limit("limitResponse.queuing.queueLengthLimit")),
        AGE,
    ),
    defaults=_defaults,
    prepare_create=_prepare_create,
    metadata_on_update=("create",),
    validate=validate_priority_level,
)
