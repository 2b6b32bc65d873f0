"""ReplicaSet."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, container_columns, label_selector, number
from kfast.api.field_errors import non_negative
from kfast.api.kind import SCALE, Body, Column, FieldError, Kind, Subresource
from kfast.api.pod_template import (
    changed_template_warnings,
    default_template,
    require_selector,
    unchanged_selector,
    validate_replica_template,
    workload_warnings,
)
from kfast.api.status_counts import counts, within

_COUNTS = (
    "replicas",
    "fullyLabeledReplicas",
    "readyReplicas",
    "availableReplicas",
    "observedGeneration",
    "terminatingReplicas",
)


def _defaults(replica_set: Body) -> None:
    spec = replica_set.setdefault("spec", {})
    if spec.get("replicas") is None:
        spec["replicas"] = 1
    default_template(spec.setdefault("template", {}))


def _prepare_create(replica_set: Body) -> None:
    replica_set["status"] = {"replicas": 0}


def _validate(replica_set: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = replica_set["spec"]
    non_negative("spec.replicas", spec.get("replicas"), errors)
    non_negative("spec.minReadySeconds", spec.get("minReadySeconds"), errors)
    require_selector(spec, errors, "deployment")
    validate_replica_template(spec, errors)
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    unchanged_selector(new, old, errors)
    return errors


def validate_replica_status(new: Body, _: Body) -> list[FieldError]:
    """The status of ReplicaSets and ReplicationControllers."""
    errors: list[FieldError] = []
    status = new.get("status") or {}
    counts(status, _COUNTS, errors)
    within(
        status, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"), "replicas", errors, "status.replicas"
    )
    within(status, ("availableReplicas",), "readyReplicas", errors)
    return errors


KIND = Kind(
    group="apps",
    version="v1",
    kind="ReplicaSet",
    plural="replicasets",
    short_names=("rs",),
    categories=("all",),
    subresources=(SCALE, Subresource("status", validate=validate_replica_status)),
    columns=(
        NAME,
        Column("Desired", number("spec.replicas"), type="integer"),
        Column("Current", number("status.replicas"), type="integer"),
        Column("Ready", number("status.readyReplicas"), type="integer"),
        AGE,
        *container_columns("spec.template.spec"),
        Column("Selector", label_selector("spec.selector"), priority=1),
    ),
    defaults=_defaults,
    prepare_create=_prepare_create,
    warnings=workload_warnings,
    update_warnings=changed_template_warnings,
    validate=_validate,
    validate_update=_validate_update,
)
