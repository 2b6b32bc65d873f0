"""CertificateSigningRequest: approval decides, status issues, and neither touches what the other wrote."""

from __future__ import annotations

from kfast.api.certificates.signing_validation import (
    APPROVED,
    DENIED,
    certificate_of,
    conditions_of,
    validate_certificate,
    validate_certificate_kept,
    validate_conditions,
    validate_lasting,
    validate_request,
    validate_verdict_kept,
)
from kfast.api.columns import AGE, NAME, NONE, condition, human_duration, lookup, text
from kfast.api.kind import Body, Cell, Column, FieldError, Kind, SelectableField, Subresource
from kfast.clock import rfc3339
from kfast.meta.exchange import User

_IDENTITY = ("username", "uid", "groups", "extra")


def _prepare_create(request: Body) -> None:
    request["status"] = {}


def _prepare_requester(request: Body, user: User) -> None:
    """Who asks is never taken from the body."""
    spec = request.setdefault("spec", {})
    for field in _IDENTITY:
        spec.pop(field, None)
    stated = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": user.extra}
    spec.update({field: value for field, value in stated.items() if value})


def _prepare_update(request: Body, old: Body) -> None:
    request["spec"] = old["spec"]


def _prepare_status(new: Body, old: Body, now: float) -> None:
    """Keeps the verdict as it was, unless one was added or removed, which is refused."""
    for verdict in (APPROVED, DENIED):
        stated, before = conditions_of(new, verdict), conditions_of(old, verdict)
        if len(stated) == len(before):
            for replaced, kept in zip(stated, before, strict=True):
                replaced.clear()
                replaced.update(kept)
    _stamp(new, old, now)


def _prepare_approval(new: Body, old: Body, now: float) -> None:
    """Of the status, only the conditions change."""
    _stamp(new, old, now)
    conditions = (new.get("status") or {}).get("conditions")
    new["status"] = {key: value for key, value in (old.get("status") or {}).items() if key != "conditions"}
    if conditions:
        new["status"]["conditions"] = conditions


def _stamp(new: Body, old: Body, now: float) -> None:
    """Fills in when conditions were updated and changed."""
    before = {(c.get("type"), c.get("status")): c for c in (old.get("status") or {}).get("conditions") or []}
    for stated in (new.get("status") or {}).get("conditions") or []:
        if not stated.get("lastUpdateTime"):
            stated["lastUpdateTime"] = rfc3339(now)
        if not stated.get("lastTransitionTime"):
            known = before.get((stated.get("type"), stated.get("status")), {})
            stated["lastTransitionTime"] = known.get("lastTransitionTime") or rfc3339(now)


def _validate_status(new: Body, old: Body) -> list[FieldError]:
    return [
        *validate_conditions(new),
        *([] if certificate_of(new) == certificate_of(old) else validate_certificate(new)),
        *validate_lasting(new, old),
        *validate_verdict_kept(new, old),
        *validate_certificate_kept(new, old),
    ]


def _validate_approval(new: Body, old: Body) -> list[FieldError]:
    return [*validate_conditions(new), *validate_lasting(new, old)]


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
    subresources=(
        Subresource("approval", prepare=_prepare_approval, validate=_validate_approval),
        Subresource("status", prepare=_prepare_status, validate=_validate_status),
    ),
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
    metadata_on_update=("create", "update"),
    prepare_create=_prepare_create,
    prepare_requester=_prepare_requester,
    prepare_update=_prepare_update,
    validate=validate_request,
)
