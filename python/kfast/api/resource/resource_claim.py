"""ResourceClaim."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, lookup
from kfast.api.field_errors import immutable
from kfast.api.kind import STATUS_ALONE, Body, Cell, Column, FieldError, Kind
from kfast.api.resource.device_requests import default_claim_spec


def _defaults(claim: Body) -> None:
    default_claim_spec(claim.setdefault("spec", {}))


def _prepare_create(claim: Body) -> None:
    claim["status"] = {}


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    immutable("spec", new.get("spec"), old.get("spec"), errors)
    return errors


def _state(claim: Body, _: float) -> Cell:
    deleted = bool(claim["metadata"].get("deletionTimestamp"))
    states = ["deleted"] if deleted else []
    if lookup(claim, "status.allocation") is not None:
        states.append("allocated")
        if lookup(claim, "status.reservedFor"):
            states.append("reserved")
    elif not deleted:
        states.append("pending")
    return ",".join(states)


KIND = Kind(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceClaim",
    plural="resourceclaims",
    subresources=(STATUS_ALONE,),
    columns=(NAME, Column("State", _state), AGE),
    has_generation=False,
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate_update=_validate_update,
)
