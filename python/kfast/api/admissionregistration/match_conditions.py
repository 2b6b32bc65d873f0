"""matchConditions of webhooks and policies: CEL expressions that must all be true."""

from __future__ import annotations

from kfast.api.field_errors import duplicate, required, too_many
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, qualified_name

MOST = 64


def validate_match_conditions(conditions: list[Body] | None, path: str, errors: list[FieldError]) -> None:
    """Adds the errors of a list of conditions."""
    names: set[str] = set()
    if len(conditions or ()) > MOST:
        errors.append(too_many(path, len(conditions or ()), MOST))
    for i, condition in enumerate(conditions or ()):
        at, name = f"{path}[{i}]", condition.get("name") or ""
        expression = (condition.get("expression") or "").strip()
        if not expression:
            errors.append(required(f"{at}.expression"))
        if not name:
            errors.append(required(f"{at}.name"))
            continue
        check(qualified_name, name, f"{at}.name", errors)
        if name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.add(name)
