"""LabelSelector objects: matching and emptiness (apimachinery: LabelSelectorAsSelector)."""

from __future__ import annotations

from typing import Any

from kfast.api.kind import FieldError
from kfast.meta.validation import validate_label_selector

Selector = dict[str, Any]


def validate_selector(selector: Selector | None, path: str, errors: list[FieldError]) -> None:
    """Adds the errors of a LabelSelector object."""
    if selector is not None:
        errors.extend(FieldError(*violation) for violation in validate_label_selector(selector, path))


def _requirement_matches(requirement: Selector, labels: dict[str, str]) -> bool:
    key, operator = requirement.get("key"), requirement.get("operator")
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    held = key in labels and labels[key] in (requirement.get("values") or ())
    return held if operator == "In" else not held


def selector_matches(selector: Selector | None, labels: dict[str, str] | None) -> bool:
    """Whether labels satisfy the selector: an empty one takes everything, None nothing."""
    if selector is None:
        return False
    labels = labels or {}
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()) and all(
        _requirement_matches(requirement, labels) for requirement in selector.get("matchExpressions") or ()
    )


def is_empty(selector: Selector) -> bool:
    """Whether the selector takes everything."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")
