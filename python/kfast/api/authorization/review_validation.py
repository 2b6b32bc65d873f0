"""Validation of access reviews (upstream: authorization/validation)."""

from __future__ import annotations

from kfast.api.field_errors import forbidden, invalid, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, label_value, qualified_name

_ONE = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


def _validate_requirement(requirement: Body, labels: bool, path: str, errors: list[FieldError]) -> None:
    key, operator, values = (requirement.get(field) for field in ("key", "operator", "values"))
    if not labels and not key:
        errors.append(required(f"{path}.key", "must be specified"))
    if operator in ("In", "NotIn") and not values:
        errors.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    if operator in ("Exists", "DoesNotExist") and values:
        message = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.append(forbidden(f"{path}.values", message))
    if labels:
        check(qualified_name, key or "", f"{path}.key", errors)
        for index, value in enumerate(values or ()):
            check(label_value, value, f"{path}.values[{index}]", errors)


def _validate_selector(selector: Body | None, labels: bool, path: str, errors: list[FieldError]) -> None:
    if selector is None:
        return
    raw, requirements = selector.get("rawSelector") or "", selector.get("requirements") or []
    if raw and requirements:
        errors.append(invalid(f"{path}.rawSelector", raw, "may not specified at the same time as requirements"))
    if not raw and not requirements:
        message = f"when {path} is specified, requirements or rawSelector is required"
        errors.append(required(f"{path}.requirements", message))
    for index, requirement in enumerate(requirements):
        _validate_requirement(requirement, labels, f"{path}.requirements[{index}]", errors)


def validate_review(review: Body, subject: bool) -> list[FieldError]:
    """The spec of an access review; `subject`: whether it names who is meant."""
    errors: list[FieldError] = []
    spec = review.get("spec") or {}
    path, resource = spec.get("nonResourceAttributes"), spec.get("resourceAttributes")
    shown = internal("*authorization.NonResourceAttributes", path)
    if path is not None and resource is not None:
        message = "cannot be specified in combination with resourceAttributes"
        errors.append(invalid("spec.nonResourceAttributes", shown, message))
    if path is None and resource is None:
        errors.append(invalid("spec.resourceAttributes", shown, _ONE))
    if subject and not spec.get("user") and not spec.get("groups"):
        errors.append(invalid("spec.user", "", "at least one of user or group must be specified"))
    if resource is not None:
        for field, labels in (("fieldSelector", False), ("labelSelector", True)):
            _validate_selector(resource.get(field), labels, f"spec.resourceAttributes.{field}", errors)
    return errors


def validate_metadata(review: Body, local: bool) -> list[FieldError]:
    """A review has no metadata, a local one nothing but a namespace."""
    given = review.get("metadata") or {}
    if not any(value for key, value in given.items() if key not in ("managedFields", "namespace")):
        return []
    message = "must be empty except for namespace" if local else "must be empty"
    return [invalid("metadata", internal("m.ObjectMeta", given), message)]


def validate_local(review: Body, namespace: str) -> list[FieldError]:
    """What a local review asks about is in its namespace."""
    errors: list[FieldError] = []
    spec = review.get("spec") or {}
    path, resource = spec.get("nonResourceAttributes"), spec.get("resourceAttributes")
    if resource is not None and (resource.get("namespace") or "") != namespace:
        stated = resource.get("namespace") or ""
        errors.append(invalid("spec.resourceAttributes.namespace", stated, "must match metadata.namespace"))
    if path is not None:
        shown = internal("authorization.NonResourceAttributes", path)
        errors.append(invalid("spec.nonResourceAttributes", shown, "disallowed on this kind of request"))
    return errors
