"""LabelSelector objects: matching and emptiness (apimachinery: LabelSelectorAsSelector)."""

from __future__ import annotations

from typing import Any

from kfast._core import LabelSelector
from kfast.api.kind import FieldError
from kfast.meta.validation import validate_label_selector

Selector = dict[str, Any]


def validate_selector(selector: Selector | None, path: str, errors: list[FieldError]) -> None:
    """Adds the errors of a LabelSelector object."""
    if selector is not None:
        errors.extend(FieldError(*violation) for violation in validate_label_selector(selector, path))


def selector_matches(selector: Selector | None, labels: dict[str, str] | None) -> bool:
    """Whether labels satisfy the selector: an empty one takes everything, None and a malformed one nothing."""
    try:
        return LabelSelector.from_dict(selector).matches(labels or {})
    except ValueError:
        return False


def is_well_formed(selector: Selector | None) -> bool:
    """Whether the selector can be evaluated."""
    try:
        LabelSelector.from_dict(selector)
    except ValueError:
        return False
    return True


def is_empty(selector: Selector) -> bool:
    """Whether the selector takes everything."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")
