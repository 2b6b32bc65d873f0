"""ResourceClaimTemplate."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME
from kfast.api.field_errors import IMMUTABLE, invalid
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError, Kind
from kfast.api.resource.admin_access import template_access
from kfast.api.resource.device_requests import claim_spec_errors, default_claim_spec
from kfast.meta.validation import validate_annotations, validate_finalizers, validate_labels


def _defaults(template: Body) -> None:
    spec = template.setdefault("spec", {})
    spec.setdefault("metadata", {})
    default_claim_spec(spec.setdefault("spec", {}))


def _validate(template: Body) -> list[FieldError]:
    spec, path = template["spec"], "spec.metadata"
    meta = spec["metadata"]
    problems = [
        *validate_annotations(meta.get("annotations") or {}, f"{path}.annotations"),
        *validate_labels(meta.get("labels") or {}, f"{path}.labels"),
        *validate_finalizers(meta.get("finalizers") or [], f"{path}.finalizers"),
    ]
    return [*(FieldError(*problem) for problem in problems), *claim_spec_errors(spec["spec"], "spec.spec")]


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    if new["spec"] == old["spec"]:
        return []
    return [invalid("spec", internal("resource.ResourceClaimTemplateSpec", new["spec"]), IMMUTABLE)]


KIND = Kind(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceClaimTemplate",
    plural="resourceclaimtemplates",
    columns=(NAME, AGE),
    has_generation=False,
    metadata_on_update=("create", "update"),
    defaults=_defaults,
    validate=_validate,
    validate_in_namespace=template_access,
    validates_metadata=False,
    validate_update=_validate_update,
)
