"""Namespace."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, text
from kfast.api.kind import STATUS, Body, Column, Kind, SelectableField, Subresource

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


KIND = Kind(
    group="",
    version="v1",
    kind="Namespace",
    plural="namespaces",
    namespaced=False,
    short_names=("ns",),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    subresources=(Subresource("finalize", ("update",)), STATUS),
    columns=(NAME, Column("Status", text("status.phase"), description="The status of the namespace"), AGE),
    fields=(SelectableField("status.phase", "status.phase"),),
    has_generation=False,
    name_rule="label",
    defaults=_defaults,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
)
