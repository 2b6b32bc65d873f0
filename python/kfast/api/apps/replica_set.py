"""ReplicaSet."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, container_columns, label_selector, number
from kfast.api.field_errors import immutable
from kfast.api.kind import SCALE, STATUS, Body, Column, FieldError, Kind, SelectableField
from kfast.api.pod_template import default_template, validate_workload, workload_warnings


def _defaults(replica_set: Body) -> None:
    spec = replica_set.setdefault("spec", {})
    if spec.get("replicas") is None:
        spec["replicas"] = 1
    default_template(spec.setdefault("template", {}))


def _prepare_create(replica_set: Body) -> None:
    replica_set["status"] = {"replicas": 0}


def _validate(replica_set: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_workload(replica_set["spec"], errors, "deployment")
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    immutable("spec.selector", new["spec"].get("selector"), old["spec"].get("selector"), errors)
    return errors


KIND = Kind(
    group="apps",
    version="v1",
    kind="ReplicaSet",
    plural="replicasets",
    short_names=("rs",),
    categories=("all",),
    subresources=(SCALE, STATUS),
    columns=(
        NAME,
        Column("Desired", number("spec.replicas"), type="integer"),
        Column("Current", number("status.replicas"), type="integer"),
        Column("Ready", number("status.readyReplicas"), type="integer"),
        AGE,
        *container_columns("spec.template.spec"),
        Column("Selector", label_selector("spec.selector"), priority=1),
    ),
    fields=(SelectableField("status.replicas", "status.replicas", "0"),),
    defaults=_defaults,
    prepare_create=_prepare_create,
    warnings=workload_warnings,
    validate=_validate,
    validate_update=_validate_update,
)
