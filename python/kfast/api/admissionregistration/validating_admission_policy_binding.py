"""ValidatingAdmissionPolicyBinding."""

from __future__ import annotations

from kfast.api.admissionregistration.policies import default_binding, param_ref, validate_binding_head
from kfast.api.admissionregistration.webhooks import static_name_warnings
from kfast.api.columns import AGE, NAME, text
from kfast.api.field_errors import duplicate, invalid, not_supported, required
from kfast.api.kind import Body, Column, FieldError, Kind

_ACTIONS = ("Audit", "Deny", "Warn")


def _validate(binding: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = binding.get("spec") or {}
    validate_binding_head(spec, errors)
    path, actions = "spec.validationActions", spec.get("validationActions") or []
    for i, action in enumerate(actions):
        if action not in _ACTIONS:
            errors.append(not_supported(f"{path}[{i}]", action, _ACTIONS))
        if action in actions[:i]:
            errors.append(duplicate(f"{path}[{i}]", action))
    if "Deny" in actions and "Warn" in actions:
        why = (
            "must not contain both Deny and Warn (repeating the same validation failure information in the API "
            "response and headers serves no purpose)"
        )
        errors.append(invalid(path, actions, why))
    if not actions:
        errors.append(required(path, "at least one validation action is required"))
    return errors


KIND = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingAdmissionPolicyBinding",
    plural="validatingadmissionpolicybindings",
    name_rule="subdomain_only",
    namespaced=False,
    categories=("api-extensions",),
    columns=(NAME, Column("PolicyName", text("spec.policyName")), Column("ParamRef", param_ref), AGE),
    unconditional_update=False,
    defaults=default_binding,
    validate=_validate,
    warnings=static_name_warnings,
)
