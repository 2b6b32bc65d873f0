"""Checks of names that recur in every object of a kind, as errors at a path."""

from __future__ import annotations

from kfast.api.field_errors import invalid
from kfast.api.kind import FieldError
from kfast.meta.name_rules import (
    Rule,
    config_key,
    dns_label,
    dns_subdomain,
    env_var_name,
    label_value,
    port_name,
    qualified_name,
)

__all__ = [
    "check",
    "check_labels",
    "check_port",
    "config_key",
    "dns_label",
    "dns_subdomain",
    "env_var_name",
    "label_value",
    "port_name",
    "qualified_name",
]


def check(rule: Rule, text: str, path: str, errors: list[FieldError]) -> bool:
    """Adds the complaints of a rule about a text; tells whether there are none."""
    problems = rule(text)
    if problems:
        errors.extend(invalid(path, text, problem) for problem in problems)
    return not problems


def check_labels(labels: dict[str, str] | None, path: str, errors: list[FieldError]) -> None:
    """Adds the complaints about the keys and values of a label map."""
    for key, value in (labels or {}).items():
        check(qualified_name, key, path, errors)
        check(label_value, value, path, errors)


def check_port(port: int | str | None, path: str, errors: list[FieldError]) -> None:
    """A port by number or by name."""
    if isinstance(port, str):
        check(port_name, port, path, errors)
    elif not 1 <= (port or 0) <= 65535:
        errors.append(invalid(path, port or 0, "must be between 1 and 65535, inclusive"))
