"""Namespace."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, text
from kfast.api.field_errors import invalid
from kfast.api.kind import Body, Column, FieldError, Kind, SelectableField, Subresource
from kfast.api.name_checks import check, qualified_name
from kfast.meta.validation import STANDARD_FINALIZERS

NAME_LABEL = "kubernetes.io/metadata.name"


def _name_label(namespace: Body) -> None:
    metadata = namespace["metadata"]
    if metadata.get("name"):
        labels = metadata.get("labels")
        if labels is None:
            labels = metadata["labels"] = {}
        labels[NAME_LABEL] = metadata["name"]


def _defaults(namespace: Body) -> None:
    _name_label(namespace)
    namespace.setdefault("spec", {})
    status = namespace.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Active"


def _prepare_create(namespace: Body) -> None:
    _name_label(namespace)  # a generated name was not there for the defaults
    namespace["status"] = {"phase": "Active"}
    finalizers = namespace["spec"].setdefault("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")


def _prepare_update(namespace: Body, old: Body) -> None:
    finalizers = (old.get("spec") or {}).get("finalizers")
    spec = namespace["spec"]
    spec.pop("finalizers", None)
    if finalizers:
        spec["finalizers"] = finalizers


def _validate(namespace: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    path = "spec.finalizers"
    for finalizer in namespace["spec"].get("finalizers") or ():
        check(qualified_name, finalizer, path, errors)
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
            message = "name is neither a standard finalizer name nor is it fully qualified"
            errors.append(invalid(path, finalizer, message))
    return errors


def _validate_status(new: Body, _: Body) -> list[FieldError]:
    phase = (new.get("status") or {}).get("phase") or ""
    deleted = bool(new["metadata"].get("deletionTimestamp"))
    if phase == ("Terminating" if deleted else "Active"):
        return []
    only = (
        "'Terminating' if `deletionTimestamp` is not empty" if deleted else "'Active' if `deletionTimestamp` is empty"
    )
    return [invalid("status.Phase", phase, f"may only be {only}")]


_STATUS = Subresource("status", defaults=_defaults, validate=_validate_status)

KIND = Kind(
    group="",
    version="v1",
    kind="Namespace",
    plural="namespaces",
    namespaced=False,
    short_names=("ns",),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    subresources=(
        Subresource("finalize", ("update",)),
        Subresource("status", defaults=_defaults, validate=_validate_status),
    ),
    columns=(NAME, Column("Status", text("status.phase"), description="The status of the namespace"), AGE),
    fields=(SelectableField("status.phase", "status.phase"),),
    has_generation=False,
    name_rule="label",
    defaults=_defaults,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
    metadata_on_update=("create", "update"),
)
