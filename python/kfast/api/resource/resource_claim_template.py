"""ResourceClaimTemplate."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME
from kfast.api.field_errors import immutable
from kfast.api.kind import Body, FieldError, Kind
from kfast.api.resource.device_requests import default_claim_spec


def _defaults(template: Body) -> None:
    spec = template.setdefault("spec", {})
    spec.setdefault("metadata", {})
    default_claim_spec(spec.setdefault("spec", {}))


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    immutable("spec", new.get("spec"), old.get("spec"), errors)
    return errors


KIND = Kind(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceClaimTemplate",
    plural="resourceclaimtemplates",
    columns=(NAME, AGE),
    has_generation=False,
    defaults=_defaults,
    validate_update=_validate_update,
)
