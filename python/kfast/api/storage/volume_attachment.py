"""VolumeAttachment."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, flag, text
from kfast.api.field_errors import immutable
from kfast.api.kind import STATUS_ALONE, Body, Column, FieldError, Kind


def _prepare_create(attachment: Body) -> None:
    attachment["status"] = {"attached": False}


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    immutable("spec", new.get("spec"), old.get("spec"), errors)
    return errors


KIND = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="VolumeAttachment",
    plural="volumeattachments",
    namespaced=False,
    subresources=(STATUS_ALONE,),
    columns=(
        NAME,
        Column("Attacher", text("spec.attacher"), format="name"),
        Column("PV", text("spec.source.persistentVolumeName")),
        Column("Node", text("spec.nodeName")),
        Column("Attached", flag("status.attached"), type="boolean"),
        AGE,
    ),
    has_generation=False,
    unconditional_update=False,
    prepare_create=_prepare_create,
    validate_update=_validate_update,
)
