"""Lease."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, text
from kfast.api.field_errors import invalid
from kfast.api.kind import Body, Column, FieldError, Kind


def _defaults(lease: Body) -> None:
    """Leases coordinated by the server are off by default: what they would say is dropped."""
    spec = lease.setdefault("spec", {})
    spec.pop("strategy", None)
    spec.pop("preferredHolder", None)


def _validate(lease: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = lease["spec"]
    seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if seconds is not None and seconds <= 0:
        errors.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        errors.append(invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"))
    return errors


KIND = Kind(
    group="coordination.k8s.io",
    version="v1",
    kind="Lease",
    plural="leases",
    columns=(NAME, Column("Holder", text("spec.holderIdentity")), AGE),
    has_generation=False,
    create_on_update=True,
    unconditional_update=False,
    defaults=_defaults,
    name_rule="subdomain_only",
    validate=_validate,
)
