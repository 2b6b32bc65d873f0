"""PodDisruptionBudget."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, CellValue, lookup, number
from kfast.api.field_errors import invalid, not_supported
from kfast.api.kind import STATUS, Body, Column, FieldError, Kind
from kfast.api.label_selectors import validate_selector
from kfast.api.pod_template import validate_int_or_percent

_POLICIES = ("AlwaysAllow", "IfHealthyBudget")


def _prepare_create(budget: Body) -> None:
    budget["status"] = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}


def _validate(budget: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = budget.get("spec") or {}
    minimum, maximum = spec.get("minAvailable"), spec.get("maxUnavailable")
    if minimum is not None and maximum is not None:
        errors.append(invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
    if minimum is not None:
        validate_int_or_percent(minimum, "spec.minAvailable", errors, at_most_all=True)
    if maximum is not None:
        validate_int_or_percent(maximum, "spec.maxUnavailable", errors, at_most_all=True)
    validate_selector(spec.get("selector"), "spec.selector", errors)
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _POLICIES:
        errors.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, _POLICIES))
    return errors


def _amount(path: str) -> CellValue:
    def value(budget: Body, _: float) -> str:
        found = lookup(budget, path)
        return "N/A" if found is None else str(found)

    return value


KIND = Kind(
    group="policy",
    version="v1",
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    short_names=("pdb",),
    subresources=(STATUS,),
    columns=(
        NAME,
        Column("Min Available", _amount("spec.minAvailable")),
        Column("Max Unavailable", _amount("spec.maxUnavailable")),
        Column("Allowed Disruptions", number("status.disruptionsAllowed"), type="integer"),
        AGE,
    ),
    unconditional_update=False,
    name_rule="path",
    prepare_create=_prepare_create,
    validate=_validate,
)
