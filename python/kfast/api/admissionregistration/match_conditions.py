"""matchConditions of webhooks and policies: CEL expressions that must all be true."""

from __future__ import annotations

from functools import cache

from kfast._core import CelEnvironment, CelError
from kfast.api.field_errors import duplicate, invalid, required, too_many
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, qualified_name

MOST = 64


@cache
def match_environment(params: bool = False) -> CelEnvironment:
    """What the conditions of webhooks may read; those of policies also `params`, if they have any."""
    return CelEnvironment(params=params, authorizer=True)


def validate_match_conditions(
    conditions: list[Body] | None, path: str, errors: list[FieldError], *, params: bool = False
) -> None:
    """Adds the errors of a list of conditions, expressions included."""
    names: set[str] = set()
    if len(conditions or ()) > MOST:
        errors.append(too_many(path, len(conditions or ()), MOST))
    for i, condition in enumerate(conditions or ()):
        at, name = f"{path}[{i}]", condition.get("name") or ""
        expression = (condition.get("expression") or "").strip()
        if not expression:
            errors.append(required(f"{at}.expression"))
        else:
            try:
                match_environment(params).compile(expression, ["bool"])
            except CelError as error:
                errors.append(invalid(f"{at}.expression", expression, str(error)))
        if not name:
            errors.append(required(f"{at}.name"))
            continue
        check(qualified_name, name, f"{at}.name", errors)
        if name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.add(name)
