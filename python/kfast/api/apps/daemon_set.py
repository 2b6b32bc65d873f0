"""DaemonSet."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, container_columns, label_selector, labels, number
from kfast.api.field_errors import invalid, non_negative, not_supported, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, Column, FieldError, Kind, Subresource
from kfast.api.label_selectors import is_well_formed, validate_selector
from kfast.api.pod_template import (
    at_most_all,
    default_template,
    int_or_percent,
    must_match,
    refuse_deadline,
    refuse_empty,
    template_warnings,
    unchanged_selector,
    validate_int_or_percent,
    validate_template,
)
from kfast.api.status_counts import collisions, counts

_GENERATION = "deprecated.daemonset.template.generation"
_COUNTS = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
)
_STRATEGIES = ("RollingUpdate", "OnDelete")


def _defaults(daemon_set: Body) -> None:
    spec = daemon_set.setdefault("spec", {})
    default_template(spec.setdefault("template", {}))
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate")
        if rolling is None:
            rolling = strategy["rollingUpdate"] = {}
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    if spec.get("revisionHistoryLimit") is None:
        spec["revisionHistoryLimit"] = 10
    if _GENERATION not in (daemon_set.setdefault("metadata", {}).get("annotations") or {}):
        _set_generation(daemon_set, 0)  # a field of the internal type, which every version is made of


def _set_generation(daemon_set: Body, generation: int) -> None:
    metadata = daemon_set["metadata"]
    metadata["annotations"] = {**(metadata.get("annotations") or {}), _GENERATION: str(generation)}


def _generation(daemon_set: Body) -> int:
    text = (daemon_set["metadata"].get("annotations") or {}).get(_GENERATION, "")
    return int(text) if text.isdecimal() else 0


def _prepare_create(daemon_set: Body) -> None:
    daemon_set["status"] = {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    }
    _set_generation(daemon_set, max(1, _generation(daemon_set)))


def _prepare_update(daemon_set: Body, old: Body) -> None:
    changed = daemon_set["spec"].get("template") != old["spec"].get("template")
    _set_generation(daemon_set, _generation(old) + changed)


def _validate_strategy(strategy: Body, errors: list[FieldError]) -> None:
    path = "spec.updateStrategy.rollingUpdate"
    if strategy["type"] not in _STRATEGIES:
        shown = internal("apps.DaemonSetUpdateStrategy", strategy)
        errors.append(not_supported("spec.updateStrategy", shown, _STRATEGIES))
    elif strategy["type"] == "RollingUpdate":
        bounds = tuple((f"{path}.{key}", strategy["rollingUpdate"][key]) for key in ("maxUnavailable", "maxSurge"))
        for where, bound in bounds:
            validate_int_or_percent(bound, where, errors)
        for where, bound in bounds:
            at_most_all(bound, where, errors)
        (where, unavailable), (surge_path, surge) = bounds
        if int_or_percent(unavailable) and int_or_percent(surge):
            errors.append(invalid(surge_path, surge, "may not be set when maxUnavailable is non-zero"))
        elif not int_or_percent(unavailable) and not int_or_percent(surge):
            errors.append(required(where, "cannot be 0 when maxSurge is 0"))


def _validate(daemon_set: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = daemon_set["spec"]
    selector, template = spec.get("selector"), spec["template"]
    validate_selector(selector, "spec.selector", errors)
    if is_well_formed(selector):
        must_match(selector, template["metadata"].get("labels"), errors)
    if selector is not None:
        refuse_empty(selector, errors, "daemonset")
    validate_template(template, "spec.template", errors, restart_policies=("Always",))
    refuse_deadline(template, errors, "DaemonSet")
    non_negative("spec.minReadySeconds", spec.get("minReadySeconds"), errors)
    _validate_strategy(spec["updateStrategy"], errors)
    non_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"), errors)
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    unchanged_selector(new, old, errors)
    return errors + _validate(new)


def _update_warnings(new: Body, old: Body) -> list[str]:
    return template_warnings(new) if _generation(new) != _generation(old) else []


def _keep_generation(new: Body, old: Body, _: float) -> None:
    """What stands in the annotation is a field of the spec upstream: no write of the status changes it."""
    _set_generation(new, _generation(old))


def _validate_status(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    counts(new.get("status") or {}, _COUNTS, errors)
    collisions(new, old, errors)
    return errors


KIND = Kind(
    group="apps",
    version="v1",
    kind="DaemonSet",
    fields_in_annotations=_GENERATION,
    plural="daemonsets",
    short_names=("ds",),
    categories=("all",),
    subresources=(Subresource("status", prepare=_keep_generation, validate=_validate_status),),
    columns=(
        NAME,
        Column("Desired", number("status.desiredNumberScheduled"), type="integer"),
        Column("Current", number("status.currentNumberScheduled"), type="integer"),
        Column("Ready", number("status.numberReady"), type="integer"),
        Column("Up-to-date", number("status.updatedNumberScheduled"), type="integer"),
        Column("Available", number("status.numberAvailable"), type="integer"),
        Column("Node Selector", labels("spec.template.spec.nodeSelector")),
        AGE,
        *container_columns("spec.template.spec"),
        Column("Selector", label_selector("spec.selector"), priority=1),
    ),
    defaults=_defaults,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    warnings=template_warnings,
    update_warnings=_update_warnings,
    validate=_validate,
    validates_on_update=False,
    validate_update=_validate_update,
)
