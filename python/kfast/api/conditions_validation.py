"""Rules of `metav1.Condition` lists in statuses (upstream: meta/v1/validation.ValidateConditions)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kfast.api.field_errors import duplicate, invalid, not_supported, required, too_long
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, qualified_name
from kfast.meta.names import regex_error

_STATUSES = ("False", "True", "Unknown")
_REASON_FMT = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_REASON = re.compile(_REASON_FMT)
_REASON_RULE = regex_error(
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
    "characters or '_,:', and must end with an alphanumeric character or '_'",
    _REASON_FMT,
    "my_name",
    "MY_NAME",
    "MyName",
    "ReasonA,ReasonB",
    "ReasonA:ReasonB",
)
_MAX_REASON = 1024
_MAX_MESSAGE = 32 * 1024


def validate_conditions(conditions: Iterable[Body] | None, path: str, errors: list[FieldError]) -> None:
    """Well-formed conditions, each type once."""
    seen: set[str] = set()
    for index, condition in enumerate(conditions or ()):
        at, kind, reason = f"{path}[{index}]", condition.get("type") or "", condition.get("reason") or ""
        if kind in seen:
            errors.append(duplicate(f"{at}.type", kind))
        seen.add(kind)
        check(qualified_name, kind, f"{at}.type", errors)
        if condition.get("status") not in _STATUSES:
            errors.append(not_supported(f"{at}.status", condition.get("status") or "", _STATUSES))
        generation = condition.get("observedGeneration") or 0
        if generation < 0:
            message = "must be greater than or equal to zero"
            errors.append(invalid(f"{at}.observedGeneration", generation, message))
        if not condition.get("lastTransitionTime"):
            errors.append(required(f"{at}.lastTransitionTime"))
        if not reason:
            errors.append(required(f"{at}.reason"))
        elif not _REASON.fullmatch(reason):
            errors.append(invalid(f"{at}.reason", reason, _REASON_RULE))
        if len(reason.encode()) > _MAX_REASON:
            errors.append(too_long(f"{at}.reason", _MAX_REASON))
        if len((condition.get("message") or "").encode()) > _MAX_MESSAGE:
            errors.append(too_long(f"{at}.message", _MAX_MESSAGE))
