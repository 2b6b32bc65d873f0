"""Deployment."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, container_columns, lookup, number, selector_text
from kfast.api.field_errors import forbidden, invalid, non_negative, not_supported
from kfast.api.internal_form import internal
from kfast.api.kind import SCALE, Body, Cell, Column, FieldError, Kind, Subresource
from kfast.api.pod_template import (
    at_most_all,
    changed_template_warnings,
    default_template,
    int_or_percent,
    require_selector,
    unchanged_selector,
    validate_int_or_percent,
    validate_replica_template,
    workload_warnings,
)
from kfast.api.status_counts import collisions, counts, within

_COUNTS = (
    "observedGeneration",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "terminatingReplicas",
    "collisionCount",
)
_STRATEGIES = ("Recreate", "RollingUpdate")


def _defaults(deployment: Body) -> None:
    spec = deployment.setdefault("spec", {})
    if spec.get("replicas") is None:
        spec["replicas"] = 1
    default_template(spec.setdefault("template", {}))
    strategy = spec.setdefault("strategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.get("rollingUpdate")
        if rolling is None:
            rolling = strategy["rollingUpdate"] = {}
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    if spec.get("revisionHistoryLimit") is None:
        spec["revisionHistoryLimit"] = 10
    if spec.get("progressDeadlineSeconds") is None:
        spec["progressDeadlineSeconds"] = 600


def _prepare_create(deployment: Body) -> None:
    deployment["status"] = {}


def _validate_strategy(strategy: Body, errors: list[FieldError]) -> None:
    path, kind, rolling = "spec.strategy", strategy["type"], strategy.get("rollingUpdate")
    if kind not in _STRATEGIES:
        errors.append(not_supported(path, internal("apps.DeploymentStrategy", strategy), _STRATEGIES))
    elif kind == "Recreate":
        if rolling is not None:
            errors.append(forbidden(f"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"))
    else:
        path = f"{path}.rollingUpdate"
        unavailable, surge = strategy["rollingUpdate"]["maxUnavailable"], strategy["rollingUpdate"]["maxSurge"]
        validate_int_or_percent(unavailable, f"{path}.maxUnavailable", errors)
        validate_int_or_percent(surge, f"{path}.maxSurge", errors)
        if int_or_percent(unavailable) == 0 == int_or_percent(surge):
            errors.append(invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
        at_most_all(unavailable, f"{path}.maxUnavailable", errors)


def _validate(deployment: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = deployment["spec"]
    non_negative("spec.replicas", spec.get("replicas"), errors)
    require_selector(spec, errors, "deployment")
    validate_replica_template(spec, errors)
    _validate_strategy(spec["strategy"], errors)
    non_negative("spec.minReadySeconds", spec.get("minReadySeconds"), errors)
    non_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"), errors)
    deadline, path = spec["progressDeadlineSeconds"], "spec.progressDeadlineSeconds"
    non_negative(path, deadline, errors)
    if deadline <= (spec.get("minReadySeconds") or 0):
        errors.append(invalid(path, deadline, "must be greater than minReadySeconds"))
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    unchanged_selector(new, old, errors)
    return errors


def _validate_status(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    status = new.get("status") or {}
    counts(status, _COUNTS, errors)
    within(status, ("updatedReplicas", "readyReplicas", "availableReplicas"), "replicas", errors, "status.replicas")
    within(status, ("availableReplicas",), "readyReplicas", errors)
    collisions(new, old, errors)
    return errors


def _counts(new: Body, old: Body) -> bool:
    return (new["metadata"].get("annotations") or None) != (old["metadata"].get("annotations") or None)


def _ready(deployment: Body, _: float) -> Cell:
    return f"{lookup(deployment, 'status.readyReplicas') or 0}/{lookup(deployment, 'spec.replicas') or 0}"


def _selector(deployment: Body, _: float) -> Cell:
    return selector_text(lookup(deployment, "spec.selector"))


KIND = Kind(
    group="apps",
    version="v1",
    kind="Deployment",
    plural="deployments",
    short_names=("deploy",),
    categories=("all",),
    subresources=(SCALE, Subresource("status", metadata=("annotations", "finalizers"), validate=_validate_status)),
    columns=(
        NAME,
        Column("Ready", _ready, description="Number of the pod with ready state"),
        Column("Up-to-date", number("status.updatedReplicas")),
        Column("Available", number("status.availableReplicas")),
        AGE,
        *container_columns("spec.template.spec"),
        Column("Selector", _selector, priority=1),
    ),
    counts=_counts,
    defaults=_defaults,
    prepare_create=_prepare_create,
    warnings=workload_warnings,
    update_warnings=changed_template_warnings,
    validate=_validate,
    validate_update=_validate_update,
)
