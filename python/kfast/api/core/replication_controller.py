"""ReplicationController."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, container_columns, labels, number
from kfast.api.field_errors import invalid, non_negative, required
from kfast.api.kind import SCALE, STATUS, Body, Column, DeleteDefaults, FieldError, Kind, SelectableField
from kfast.api.pod_template import default_template, validate_template


def _defaults(controller: Body) -> None:
    spec = controller.setdefault("spec", {})
    if spec.get("replicas") is None:
        spec["replicas"] = 1
    template = spec.get("template")
    default_template(template)
    labels_ = template["metadata"].get("labels") if template else None
    if labels_ is not None:
        if not spec.get("selector"):
            spec["selector"] = dict(labels_)
        if not controller["metadata"].get("labels"):
            controller["metadata"]["labels"] = dict(labels_)


def _prepare_create(controller: Body) -> None:
    controller["status"] = {"replicas": 0}


def _validate(controller: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = controller["spec"]
    non_negative("spec.replicas", spec["replicas"], errors)
    non_negative("spec.minReadySeconds", spec.get("minReadySeconds"), errors)
    selector = spec.get("selector") or {}
    if not selector:
        errors.append(required("spec.selector"))
    template = spec.get("template")
    if template is None:
        errors.append(required("spec.template"))
        return errors
    template_labels = template["metadata"].get("labels") or {}
    if any(template_labels.get(key) != value for key, value in selector.items()):
        errors.append(
            invalid("spec.template.metadata.labels", template_labels, "`selector` does not match template `labels`")
        )
    validate_template(template, "spec.template", errors, restart_policies=("Always",))
    return errors


KIND = Kind(
    group="",
    version="v1",
    kind="ReplicationController",
    plural="replicationcontrollers",
    short_names=("rc",),
    categories=("all",),
    subresources=(SCALE, STATUS),
    columns=(
        NAME,
        Column("Desired", number("spec.replicas"), type="integer"),
        Column("Current", number("status.replicas"), type="integer"),
        Column("Ready", number("status.readyReplicas"), type="integer"),
        AGE,
        *container_columns("spec.template.spec"),
        Column("Selector", labels("spec.selector"), priority=1),
    ),
    fields=(SelectableField("status.replicas", "status.replicas", "0"),),
    delete=DeleteDefaults(propagation="Orphan"),
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=_validate,
)
