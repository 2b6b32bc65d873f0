"""ReplicationController."""

from __future__ import annotations

from kfast.api.apps.replica_set import validate_replica_status
from kfast.api.columns import AGE, NAME, container_columns, labels, lookup, number
from kfast.api.field_errors import invalid, non_negative, required
from kfast.api.kind import SCALE, Body, Column, DeleteDefaults, FieldError, Kind, SelectableField, Subresource
from kfast.api.pod_template import (
    changed_template_warnings,
    default_template,
    name_warnings,
    refuse_deadline,
    validate_template,
    workload_warnings,
)


def _defaults(controller: Body) -> None:
    spec = controller.setdefault("spec", {})
    if spec.get("replicas") is None:
        spec["replicas"] = 1
    template = spec.get("template")
    default_template(template)
    _default_labels(controller)


def _default_labels(controller: Body) -> None:
    spec = controller.get("spec") or {}
    found = lookup(spec, "template.metadata.labels")
    if found is not None:
        if not spec.get("selector"):
            spec["selector"] = dict(found)
        if not controller["metadata"].get("labels"):
            controller["metadata"]["labels"] = dict(found)


def _prepare_create(controller: Body) -> None:
    controller["status"] = {"replicas": 0}


def _validate(controller: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = controller["spec"]
    non_negative("spec.minReadySeconds", spec.get("minReadySeconds"), errors)
    selector = spec.get("selector") or {}
    if not selector:
        errors.append(required("spec.selector"))
    non_negative("spec.replicas", spec["replicas"], errors)
    template = spec.get("template")
    if template is None:
        errors.append(required("spec.template"))
        return errors
    template_labels = template["metadata"].get("labels")
    if any((template_labels or {}).get(key) != value for key, value in selector.items()):
        path = "spec.template.metadata.labels"
        errors.append(invalid(path, template_labels, "`selector` does not match template `labels`"))
    validate_template(template, "spec.template", errors, restart_policies=("Always",))
    refuse_deadline(template, errors, "ReplicationController")
    return errors


def _warnings(controller: Body) -> list[str]:
    return workload_warnings(controller) if controller["spec"].get("template") else name_warnings(controller)


KIND = Kind(
    group="",
    version="v1",
    kind="ReplicationController",
    plural="replicationcontrollers",
    short_names=("rc",),
    categories=("all",),
    subresources=(SCALE, Subresource("status", defaults=_default_labels, validate=validate_replica_status)),
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
    name_rule="long",
    defaults=_defaults,
    prepare_create=_prepare_create,
    warnings=_warnings,
    update_warnings=changed_template_warnings,
    validate=_validate,
)
