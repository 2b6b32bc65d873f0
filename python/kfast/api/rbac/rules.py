"""What Role and ClusterRole have in common: policy rules (upstream: rbac/validation.ValidatePolicyRule)."""

from __future__ import annotations

from kfast.api.field_errors import invalid, required
from kfast.api.kind import Body, FieldError


def validate_rules(role: Body, namespaced: bool) -> list[FieldError]:
    """Every rule names verbs, and either non-resource URLs or groups and resources."""
    errors: list[FieldError] = []
    for index, rule in enumerate(role.get("rules") or ()):
        path = f"rules[{index}]"
        urls, resources, groups = rule.get("nonResourceURLs"), rule.get("resources"), rule.get("apiGroups")
        if not rule.get("verbs"):
            errors.append(required(f"{path}.verbs", "verbs must contain at least one value"))
        if urls:
            if namespaced:
                message = "namespaced rules cannot apply to non-resource URLs"
                errors.append(invalid(f"{path}.nonResourceURLs", urls, message))
            if groups or resources or rule.get("resourceNames"):
                message = "rules cannot apply to both regular resources and non-resource URLs"
                errors.append(invalid(f"{path}.nonResourceURLs", urls, message))
            continue
        if not groups:
            errors.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
        if not resources:
            errors.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return errors
