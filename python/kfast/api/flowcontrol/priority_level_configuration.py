"""PriorityLevelConfiguration."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, CellValue, lookup, text
from kfast.api.field_errors import not_supported
from kfast.api.kind import STATUS, Body, Cell, Column, FieldError, Kind

_TYPES = ("Exempt", "Limited")
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


def _validate(configuration: Body) -> list[FieldError]:
    kind = configuration["spec"].get("type", "")
    return [] if kind in _TYPES else [not_supported("spec.type", kind, _TYPES)]


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
    subresources=(STATUS,),
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
    validate=_validate,
)
