"""Validation of affinities and spread constraints (upstream: core/validation.validateAffinity)."""

from __future__ import annotations

from typing import Any

from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from kfast.api.kind import FieldError
from kfast.api.label_selectors import validate_selector
from kfast.api.name_checks import check, qualified_name

Spec = dict[str, Any]

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_WHEN = ("DoNotSchedule", "ScheduleAnyway")
_NO_TOPOLOGY = "can not be empty"


def _validate_node_requirement(requirement: Spec, path: str, errors: list[FieldError]) -> None:
    operator, values = requirement.get("operator", ""), requirement.get("values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            errors.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            message = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden(f"{path}.values", message))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            message = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            errors.append(required(f"{path}.values", message))
    else:
        errors.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    check(qualified_name, requirement.get("key", ""), f"{path}.key", errors)


def _validate_node_term(term: Spec, path: str, errors: list[FieldError]) -> None:
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        _validate_node_requirement(requirement, f"{path}.matchExpressions[{index}]", errors)


def _validate_weight(weighted: Spec, path: str, errors: list[FieldError]) -> None:
    weight = weighted.get("weight") or 0
    if not 1 <= weight <= 100:
        errors.append(invalid(f"{path}.weight", weight, "must be in the range 1-100"))


def _validate_node_affinity(affinity: Spec, path: str, errors: list[FieldError]) -> None:
    demanded = affinity.get(_REQUIRED)
    if demanded is not None:
        terms, at = demanded.get("nodeSelectorTerms") or (), f"{path}.{_REQUIRED}.nodeSelectorTerms"
        if not terms:
            errors.append(required(at, "must have at least one node selector term"))
        for index, term in enumerate(terms):
            _validate_node_term(term, f"{at}[{index}]", errors)
    for index, weighted in enumerate(affinity.get(_PREFERRED) or ()):
        at = f"{path}.{_PREFERRED}[{index}]"
        _validate_weight(weighted, at, errors)
        _validate_node_term(weighted.get("preference") or {}, f"{at}.preference", errors)


def _validate_pod_term(term: Spec, path: str, errors: list[FieldError]) -> None:
    validate_selector(term.get("labelSelector"), f"{path}.labelSelector", errors)
    validate_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector", errors)
    if not term.get("topologyKey"):
        errors.append(required(f"{path}.topologyKey", _NO_TOPOLOGY))
    else:
        check(qualified_name, term["topologyKey"], f"{path}.topologyKey", errors)


def validate_affinity(affinity: Spec, path: str, errors: list[FieldError]) -> None:
    """All rules of an affinity."""
    if affinity.get("nodeAffinity"):
        _validate_node_affinity(affinity["nodeAffinity"], f"{path}.nodeAffinity", errors)
    for name in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(name) or {}
        for index, term in enumerate(terms.get(_REQUIRED) or ()):
            _validate_pod_term(term, f"{path}.{name}.{_REQUIRED}[{index}]", errors)
        for index, weighted in enumerate(terms.get(_PREFERRED) or ()):
            at = f"{path}.{name}.{_PREFERRED}[{index}]"
            _validate_weight(weighted, at, errors)
            _validate_pod_term(weighted.get("podAffinityTerm") or {}, f"{at}.podAffinityTerm", errors)


def validate_spread_constraints(constraints: list[Spec], path: str, errors: list[FieldError]) -> None:
    """All rules of topology spread constraints."""
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        at = f"{path}[{index}]"
        skew, key, when = (
            constraint.get("maxSkew") or 0,
            constraint.get("topologyKey", ""),
            constraint.get("whenUnsatisfiable", ""),
        )
        if skew <= 0:
            errors.append(invalid(f"{at}.maxSkew", skew, "must be greater than zero"))
        if not key:
            errors.append(required(f"{at}.topologyKey", _NO_TOPOLOGY))
        if when not in _WHEN:
            errors.append(not_supported(f"{at}.whenUnsatisfiable", when, _WHEN))
        if (key, when) in seen:
            errors.append(duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {when}}}"))
        seen.add((key, when))
        domains = constraint.get("minDomains")
        if domains is not None and domains <= 0:
            errors.append(invalid(f"{at}.minDomains", domains, "must be greater than zero"))
        validate_selector(constraint.get("labelSelector"), f"{at}.labelSelector", errors)
