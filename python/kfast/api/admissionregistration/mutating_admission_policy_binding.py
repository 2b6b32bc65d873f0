"""MutatingAdmissionPolicyBinding."""

from __future__ import annotations

from kfast.api.admissionregistration.policies import (
    default_binding,
    mutating_operations,
    param_ref,
    validate_binding_head,
)
from kfast.api.admissionregistration.webhooks import static_name_warnings
from kfast.api.columns import AGE, NAME, text
from kfast.api.kind import Body, Column, FieldError, Kind


def _validate(binding: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = binding.get("spec") or {}
    validate_binding_head(spec, errors)
    mutating_operations(spec.get("matchResources") or {}, "spec.matchResources", errors)
    return errors


KIND = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="MutatingAdmissionPolicyBinding",
    plural="mutatingadmissionpolicybindings",
    name_rule="subdomain_only",
    namespaced=False,
    categories=("api-extensions",),
    columns=(NAME, Column("PolicyName", text("spec.policyName")), Column("ParamRef", param_ref), AGE),
    unconditional_update=False,
    defaults=default_binding,
    validate=_validate,
    warnings=static_name_warnings,
)
