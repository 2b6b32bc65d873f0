"""VolumeAttachment."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, flag, lookup, text
from kfast.api.core.persistent_volume import default_source
from kfast.api.core.persistent_volume_validation import validate_inline_volume
from kfast.api.core.volume_sources import check_driver
from kfast.api.field_errors import IMMUTABLE, forbidden, invalid, required, too_long
from kfast.api.internal_form import internal
from kfast.api.kind import Body, Column, FieldError, Kind, Subresource
from kfast.api.name_checks import check, dns_subdomain

_LARGEST_METADATA = 256 * 1024
_LONGEST_MESSAGE = 1024


def _defaults(attachment: Body) -> None:
    inline = lookup(attachment, "spec.source.inlineVolumeSpec")
    if inline is not None:
        default_source(inline)


def _prepare_create(attachment: Body) -> None:
    attachment["status"] = {"attached": False}


def _validate_source(source: Body, path: str, errors: list[FieldError]) -> None:
    inline, name = source.get("inlineVolumeSpec"), source.get("persistentVolumeName")
    message = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    if inline is None and name is None:
        errors.append(required(path, message))
    elif inline is not None and name is not None:
        errors.append(forbidden(path, message))
    elif inline is not None:
        validate_inline_volume(inline, f"{path}.inlineVolumeSpec", errors)
    elif not name:
        errors.append(required(f"{path}.persistentVolumeName", "must specify non empty persistentVolumeName"))


def _validate(attachment: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = attachment.get("spec") or {}
    check_driver(spec.get("attacher") or "", "spec.attacher", errors)
    source = spec.get("source") or {}
    _validate_source(source, "spec.source", errors)
    check(dns_subdomain, spec.get("nodeName") or "", "spec.nodeName", errors)
    _validate_status(attachment.get("status") or {}, errors)
    name = source.get("persistentVolumeName")
    if name is not None:
        check(dns_subdomain, name, "spec.source.persistentVolumeName", errors)
    return errors


def _validate_status(status: Body, errors: list[FieldError]) -> None:
    metadata = status.get("attachmentMetadata") or {}
    if sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()) > _LARGEST_METADATA:
        errors.append(too_long("status.attachmentMetadata", _LARGEST_METADATA))
    for field in ("attachError", "detachError"):
        error, path = status.get(field) or {}, f"status.{field}"
        if len((error.get("message") or "").encode()) > _LONGEST_MESSAGE:
            errors.append(too_long(f"{path}.message", _LARGEST_METADATA))
        code = error.get("errorCode")
        if code is not None and code < 0:
            errors.append(invalid(f"{path}.errorCode", code, "must be between 0 and 2147483647, inclusive"))


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors = _validate(new)
    spec = new.get("spec") or {}
    if spec != (old.get("spec") or {}):
        errors.append(invalid("spec", internal("storage.VolumeAttachmentSpec", spec), IMMUTABLE))
    return errors


KIND = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="VolumeAttachment",
    plural="volumeattachments",
    namespaced=False,
    subresources=(Subresource("status", metadata=(), validate=_validate_update),),
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
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=_validate,
    validates_on_update=False,
    validate_update=_validate_update,
    metadata_on_update=("create",),
)
