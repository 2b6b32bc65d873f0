"""DaemonSet."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, container_columns, label_selector, labels, number
from kfast.api.field_errors import immutable, invalid, not_supported, required
from kfast.api.kind import STATUS, Body, Column, FieldError, Kind
from kfast.api.pod_template import (
    default_template,
    int_or_percent,
    template_warnings,
    validate_int_or_percent,
    validate_workload,
)

_GENERATION = "deprecated.daemonset.template.generation"
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


def _validate(daemon_set: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = daemon_set["spec"]
    validate_workload(spec, errors, "daemonset", "DaemonSet")
    strategy, path = spec["updateStrategy"], "spec.updateStrategy.rollingUpdate"
    if strategy["type"] not in _STRATEGIES:
        errors.append(not_supported("spec.updateStrategy", strategy, _STRATEGIES))
    elif strategy["type"] == "RollingUpdate":
        unavailable, surge = strategy["rollingUpdate"]["maxUnavailable"], strategy["rollingUpdate"]["maxSurge"]
        validate_int_or_percent(unavailable, f"{path}.maxUnavailable", errors, at_most_all=True)
        validate_int_or_percent(surge, f"{path}.maxSurge", errors, at_most_all=True)
        if int_or_percent(unavailable) and int_or_percent(surge):
            errors.append(invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
        elif not int_or_percent(unavailable) and not int_or_percent(surge):
            errors.append(required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    immutable("spec.selector", new["spec"].get("selector"), old["spec"].get("selector"), errors)
    return errors


KIND = Kind(
    group="apps",
    version="v1",
    kind="DaemonSet",
    plural="daemonsets",
    short_names=("ds",),
    categories=("all",),
    subresources=(STATUS,),
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
    validate=_validate,
    validate_update=_validate_update,
)
