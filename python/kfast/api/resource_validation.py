"""Validation of resource requirements (upstream: core/validation.ValidateContainerResourceRequirements)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kfast.api.field_errors import forbidden, invalid, required
from kfast.api.kind import FieldError
from kfast.api.name_checks import check, qualified_name
from kfast.api.resource_lists import Amounts, limits_and_requests, milli

_STANDARD = frozenset(("cpu", "memory", "ephemeral-storage"))
_NON_NEGATIVE = "must be greater than or equal to 0"
_MALFORMED = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def _overcommitted(name: str) -> bool:
    native = "/" not in name or "kubernetes.io/" in name
    return native and not name.startswith("hugepages-")


def _validate_name(name: str, path: str, errors: list[FieldError]) -> None:
    if name in _STANDARD:
        return
    check(qualified_name, name, path, errors)
    if "/" not in name and not name.startswith("hugepages-"):
        errors.append(invalid(path, name, "must be a standard resource for containers"))


def _amount(quantity: str, path: str, errors: list[FieldError]) -> int | None:
    try:
        amount = milli(quantity)
    except ValueError:
        errors.append(invalid(path, quantity, _MALFORMED))
        return None
    if amount < 0:
        errors.append(invalid(path, quantity, _NON_NEGATIVE))
    return amount


def _validate_list(amounts: Mapping[str, str], path: str, errors: list[FieldError]) -> dict[str, int]:
    parsed: dict[str, int] = {}
    for name, quantity in amounts.items():
        at = f"{path}[{name}]"
        _validate_name(name, at, errors)
        amount = _amount(quantity, at, errors)
        if amount is None:
            continue
        parsed[name] = amount
        if amount % 1000 and not _overcommitted(name):
            errors.append(invalid(at, quantity, "must be an integer"))
    return parsed


def validate_resources(resources: dict[str, Any], path: str, errors: list[FieldError]) -> None:
    """Amounts are well-formed, and no request exceeds its limit."""
    problems = _problems(*limits_and_requests(resources))
    errors.extend(FieldError(path + problem.path, problem.reason, problem.message) for problem in problems)


@lru_cache(maxsize=4096)
def _problems(limit_list: Amounts, request_list: Amounts) -> tuple[FieldError, ...]:
    """Paths are relative to the requirements."""
    errors: list[FieldError] = []
    limits, requests = dict(limit_list), dict(request_list)
    limited = _validate_list(limits, ".limits", errors)
    requested = _validate_list(requests, ".requests", errors)
    for name, amount in requested.items():
        limit = limited.get(name)
        if limit is None:
            if not _overcommitted(name) and name not in limits:
                errors.append(required(".limits", "Limit must be set for non overcommitable resources"))
        elif amount != limit and not _overcommitted(name):
            message = f"must be equal to {name} limit of {limits[name]}"
            errors.append(invalid(".requests", requests[name], message))
        elif amount > limit:
            message = f"must be less than or equal to {name} limit of {limits[name]}"
            errors.append(invalid(".requests", requests[name], message))
    names = {*limits, *requests}
    if any(name.startswith("hugepages-") for name in names) and not names & {"cpu", "memory"}:
        errors.append(forbidden("", "HugePages require cpu or memory"))
    return tuple(errors)
