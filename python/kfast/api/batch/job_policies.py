"""Rules of a Job's pod failure policy and success policy (upstream: batch/validation)."""

from __future__ import annotations

from collections.abc import Iterable

from kfast.api.batch.job_indexes import count_indexes
from kfast.api.field_errors import (
    duplicate,
    invalid,
    invalid_unshown,
    non_negative,
    not_supported,
    quoted,
    required,
    too_long,
    too_many,
)
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, qualified_name

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_MAX_RULES = 20
_MAX_CODES = 255
_MAX_PATTERNS = 20
_MAX_INDEXES = 64 * 1024


def _one_of(value: str, values: tuple[str, ...], path: str, errors: list[FieldError]) -> None:
    if not value:
        errors.append(required(path, f"valid values: [{' '.join(quoted(v) for v in values)}]"))
    elif value not in values:
        errors.append(not_supported(path, value, values))


def _validate_exit_codes(requirement: Body, path: str, containers: set[str], errors: list[FieldError]) -> None:
    operator, container = requirement.get("operator") or "", requirement.get("containerName")
    _one_of(operator, _OPERATORS, f"{path}.operator", errors)
    if container is not None and container not in containers:
        message = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid(f"{path}.containerName", container, message))
    values, where = requirement.get("values"), f"{path}.values"
    if not values:
        errors.append(invalid(where, values, "at least one value is required"))
        return
    if len(values) > _MAX_CODES:
        errors.append(too_many(where, len(values), _MAX_CODES))
    for index, code in enumerate(values):
        if operator == "In" and code == 0:
            errors.append(invalid(f"{where}[{index}]", code, "must not be 0 for the In operator"))
        if code in values[:index]:
            errors.append(duplicate(f"{where}[{index}]", code))
    if values != sorted(values):
        errors.append(invalid(where, values, "must be ordered"))


def _validate_patterns(patterns: list[Body], path: str, errors: list[FieldError]) -> None:
    if len(patterns) > _MAX_PATTERNS:
        errors.append(too_many(path, len(patterns), _MAX_PATTERNS))
    for index, pattern in enumerate(patterns):
        check(qualified_name, pattern.get("type") or "", f"{path}[{index}].type", errors)
        _one_of(pattern.get("status") or "", _STATUSES, f"{path}[{index}].status", errors)


def validate_failure_policy(spec: Body, path: str, errors: list[FieldError]) -> None:
    """What happens on failures of pods: rules by exit code or condition."""
    rules, where = spec["podFailurePolicy"].get("rules") or [], f"{path}.rules"
    if len(rules) > _MAX_RULES:
        errors.append(too_many(where, len(rules), _MAX_RULES))
    pod = spec["template"]["spec"]
    containers = {c.get("name", "") for key in ("containers", "initContainers") for c in pod.get(key) or ()}
    for index, rule in enumerate(rules):
        at, action = f"{where}[{index}]", rule.get("action") or ""
        if action == "FailIndex":
            if spec.get("backoffLimitPerIndex") is None:
                errors.append(invalid(f"{at}.action", action, "requires the backoffLimitPerIndex to be set"))
        else:
            _one_of(action, _ACTIONS, f"{at}.action", errors)
        codes, patterns = rule.get("onExitCodes"), rule.get("onPodConditions")
        if codes is not None:
            _validate_exit_codes(codes, f"{at}.onExitCodes", containers, errors)
        if patterns:
            _validate_patterns(patterns, f"{at}.onPodConditions", errors)
        if codes is not None and patterns:
            errors.append(invalid_unshown(at, "specifying both OnExitCodes and OnPodConditions is not supported"))
        if codes is None and not patterns:
            errors.append(invalid_unshown(at, "specifying one of OnExitCodes and OnPodConditions is required"))


def validate_success_policy(rules: Iterable[Body], completions: int, path: str, errors: list[FieldError]) -> None:
    """When an Indexed Job with that many completions has succeeded."""
    rules = list(rules)
    if not rules:
        errors.append(required(path, "at least one rules must be specified when the successPolicy is specified"))
    if len(rules) > _MAX_RULES:
        errors.append(too_many(path, len(rules), _MAX_RULES))
    for number, rule in enumerate(rules):
        _validate_success_rule(rule, completions, f"{path}[{number}]", errors)


def _validate_success_rule(rule: Body, completions: int, at: str, errors: list[FieldError]) -> None:
    indexes, count, total = rule.get("succeededIndexes"), rule.get("succeededCount"), 0
    if count is None and indexes is None:
        errors.append(required(at, "at least one of succeededCount or succeededIndexes must be specified"))
    if indexes is not None:
        if len(indexes) > _MAX_INDEXES:
            errors.append(too_long(f"{at}.succeededIndexes", _MAX_INDEXES))
        try:
            total = count_indexes(indexes, completions)
        except ValueError as error:
            errors.append(invalid(f"{at}.succeededIndexes", indexes, f"error parsing succeededIndexes: {error}"))
    if count is not None:
        path = f"{at}.succeededCount"
        non_negative(path, count, errors)
        limits = [(completions, "specified completions")]
        if indexes is not None:
            limits.append((total, "indexes in the specified succeededIndexes field"))
        for limit, word in limits:
            if count > limit:
                errors.append(invalid(path, count, f"must be less than or equal to {limit} (the number of {word})"))
