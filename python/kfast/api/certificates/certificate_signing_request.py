"""CertificateSigningRequest."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, condition, human_duration, lookup, text
from kfast.api.field_errors import required
from kfast.api.kind import STATUS, Body, Cell, Column, FieldError, Kind, SelectableField, Subresource

_IDENTITY = ("username", "uid", "groups", "extra")


def _prepare_create(request: Body) -> None:
    """Who asks is filled in by the apiserver afterwards, never taken from the body."""
    for field in _IDENTITY:
        request["spec"].pop(field, None)
    request["status"] = {}


def _prepare_update(request: Body, old: Body) -> None:
    request["spec"] = old["spec"]


def _validate(request: Body) -> list[FieldError]:
    spec = request.get("spec") or {}
    errors = [] if spec.get("request") else [required("spec.request")]
    if not spec.get("usages"):
        errors.append(required("spec.usages"))
    if not spec.get("signerName"):
        errors.append(required("spec.signerName"))
    return errors


def _duration(request: Body, _: float) -> Cell:
    seconds = lookup(request, "spec.expirationSeconds")
    return NONE if seconds is None else human_duration(seconds)


def _condition(request: Body, _: float) -> Cell:
    verdict = "Denied" if condition(request, "Denied") else "Approved" if condition(request, "Approved") else "Pending"
    failed = ",Failed" if condition(request, "Failed") else ""
    return f"{verdict}{failed}{',Issued' if lookup(request, 'status.certificate') else ''}"


KIND = Kind(
    group="certificates.k8s.io",
    version="v1",
    kind="CertificateSigningRequest",
    plural="certificatesigningrequests",
    namespaced=False,
    short_names=("csr",),
    subresources=(Subresource("approval"), STATUS),
    columns=(
        NAME,
        AGE,
        Column("SignerName", text("spec.signerName", NONE)),
        Column("Requestor", text("spec.username")),
        Column("RequestedDuration", _duration),
        Column("Condition", _condition),
    ),
    fields=(SelectableField("spec.signerName", "spec.signerName"),),
    has_generation=False,
    name_rule="path",
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
)
