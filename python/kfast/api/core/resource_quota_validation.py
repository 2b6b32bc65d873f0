"""Validation of ResourceQuotas (upstream: core/validation.ValidateResourceQuota)."""

from __future__ import annotations

from kfast.api.field_errors import IMMUTABLE, invalid, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError
from kfast.api.resource_names import check_amount, check_quota_name, is_quota

_COMPUTE = frozenset(("pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"))
_SCOPES: dict[str, frozenset[str]] = {
    "Terminating": _COMPUTE,
    "NotTerminating": _COMPUTE,
    "NotBestEffort": _COMPUTE,
    "PriorityClass": _COMPUTE,
    "CrossNamespacePodAffinity": _COMPUTE,
    "BestEffort": frozenset(("pods",)),
    "VolumeAttributesClass": frozenset(("persistentvolumeclaims", "requests.storage")),
}
"""Each scope, and of the standard resources those that it can be applied to."""
_ONLY_EXISTS = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
_CONFLICTS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_MUST_EXIST = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def _validate_amounts(amounts: Body | None, path: str, errors: list[FieldError]) -> None:
    for name in sorted(amounts or {}):
        check_quota_name(name, f"{path}[{name}]", errors)
        check_amount(name, (amounts or {})[name], f"{path}[{name}]", errors)


def _misapplied(scope: str, spec: Body) -> int:
    """To how many of the limited resources the scope cannot be applied."""
    allowed = _SCOPES.get(scope)
    return sum(allowed is not None and is_quota(name) and name not in allowed for name in spec.get("hard") or ())


def _conflicts(scopes: set[str]) -> int:
    return sum(scopes.issuperset(pair) for pair in _CONFLICTS)


def _validate_scopes(spec: Body, errors: list[FieldError]) -> None:
    scopes, path = spec.get("scopes") or [], "spec.scopes"
    for scope in scopes:
        if scope not in _SCOPES:
            errors.append(invalid(path, scopes, "unsupported scope"))
        errors += [invalid(path, scopes, "unsupported scope applied to resource")] * _misapplied(scope, spec)
    errors += [invalid(path, scopes, "conflicting scopes")] * _conflicts(set(scopes))


def _validate_selector(spec: Body, errors: list[FieldError]) -> None:
    selector, path = spec["scopeSelector"], "spec.scopeSelector.matchExpressions"
    expressions = selector.get("matchExpressions") or []
    for expression in expressions:
        scope, operator = expression.get("scopeName") or "", expression.get("operator") or ""
        values = expression.get("values") or []
        if scope not in _SCOPES:
            errors.append(invalid(f"{path}.scopeName", scope, "unsupported scope"))
        shown = internal("core.ScopeSelector", selector)
        errors += [invalid(path, shown, "unsupported scope applied to resource")] * _misapplied(scope, spec)
        if scope in _ONLY_EXISTS and operator != "Exists":
            errors.append(invalid(f"{path}.operator", operator, _MUST_EXIST))
        if operator in ("In", "NotIn"):
            if not values:
                message = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                errors.append(required(f"{path}.values", message))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                message = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                errors.append(invalid(f"{path}.values", values, message))
        else:
            errors.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    wrong = _conflicts({expression.get("scopeName") or "" for expression in expressions})
    errors += [invalid(path, spec.get("scopes"), "conflicting scopes")] * wrong


def validate_quota(quota: Body) -> list[FieldError]:
    """All rules of a quota's spec."""
    errors: list[FieldError] = []
    spec = quota["spec"]
    _validate_amounts(spec.get("hard"), "spec.hard", errors)
    _validate_scopes(spec, errors)
    if spec.get("scopeSelector") is not None:
        _validate_selector(spec, errors)
    return errors


def validate_quota_update(new: Body, old: Body) -> list[FieldError]:
    """The scopes stay."""
    scopes = new["spec"].get("scopes")
    if set(scopes or ()) == set(old["spec"].get("scopes") or ()):
        return []
    return [invalid("spec.scopes", scopes, IMMUTABLE)]


def validate_quota_status(new: Body, _: Body) -> list[FieldError]:
    """Limits and usage."""
    errors: list[FieldError] = []
    for field in ("hard", "used"):
        _validate_amounts((new.get("status") or {}).get(field), f"status.{field}", errors)
    return errors
