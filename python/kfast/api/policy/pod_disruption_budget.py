"""PodDisruptionBudget."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, CellValue, lookup, number
from kfast.api.conditions_validation import validate_conditions
from kfast.api.field_errors import invalid, not_supported
from kfast.api.internal_form import internal
from kfast.api.kind import Body, Column, FieldError, Kind, Subresource
from kfast.api.label_selectors import validate_selector
from kfast.api.pod_template import at_most_all, validate_int_or_percent
from kfast.api.status_counts import counts

_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
_POLICIES = ("AlwaysAllow", "IfHealthyBudget")


def _prepare_create(budget: Body) -> None:
    budget["status"] = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}


def _validate(budget: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = budget.get("spec") or {}
    minimum, maximum = spec.get("minAvailable"), spec.get("maxUnavailable")
    if minimum is not None and maximum is not None:
        shown = internal("policy.PodDisruptionBudgetSpec", spec)
        errors.append(invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"))
    for path, bound in (("spec.minAvailable", minimum), ("spec.maxUnavailable", maximum)):
        validate_int_or_percent(bound, path, errors)
        at_most_all(bound, path, errors)
    validate_selector(spec.get("selector"), "spec.selector", errors)
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _POLICIES:
        errors.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, _POLICIES))
    return errors


def _validate_status(new: Body, _: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    status = new.get("status") or {}
    validate_conditions(status.get("conditions"), "status.conditions", errors)
    counts(status, _COUNTS, errors)
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
    subresources=(Subresource("status", validate=_validate_status),),
    columns=(
        NAME,
        Column("Min Available", _amount("spec.minAvailable")),
        Column("Max Unavailable", _amount("spec.maxUnavailable")),
        Column("Allowed Disruptions", number("status.disruptionsAllowed"), type="integer"),
        AGE,
    ),
    unconditional_update=False,
    name_rule="generic",
    prepare_create=_prepare_create,
    metadata_on_update=(),
    validate=_validate,
)
