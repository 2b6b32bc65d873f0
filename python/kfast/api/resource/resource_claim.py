"""ResourceClaim."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, lookup
from kfast.api.field_errors import IMMUTABLE, invalid
from kfast.api.internal_form import internal
from kfast.api.kind import Body, Cell, Column, FieldError, Kind, Subresource
from kfast.api.resource.admin_access import claim_access
from kfast.api.resource.claim_permissions import status_permissions
from kfast.api.resource.claim_status import default_status, prepare_status, status_errors
from kfast.api.resource.device_requests import claim_spec_errors, default_claim_spec


def _defaults(claim: Body) -> None:
    default_claim_spec(claim.setdefault("spec", {}))


def _prepare_create(claim: Body) -> None:
    claim["status"] = {}


def _validate(claim: Body) -> list[FieldError]:
    return claim_spec_errors(claim["spec"], "spec")


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    if new["spec"] == old["spec"]:
        return []
    return [invalid("spec", internal("resource.ResourceClaimSpec", new["spec"]), IMMUTABLE)]


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
    subresources=(
        Subresource(
            "status",
            metadata=(),
            defaults=default_status,
            prepare=prepare_status,
            validate=status_errors,
            permissions=status_permissions,
        ),
    ),
    columns=(NAME, Column("State", _state), AGE),
    has_generation=False,
    metadata_on_update=("create", "update"),
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=_validate,
    validate_in_namespace=claim_access,
    validates_metadata=False,
    validates_on_update=False,
    validate_update=_validate_update,
)
