"""Rules of webhooks and policies: which operations on which resources they care about."""

from __future__ import annotations

from collections.abc import Sequence

from kfast.api.field_errors import invalid, not_supported, required
from kfast.api.kind import Body, FieldError

OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
SCOPES = ("*", "Cluster", "Namespaced")


def default_rule(rule: Body) -> None:
    """Fills the scope in."""
    if rule.get("scope") is None:
        rule["scope"] = "*"


def validate_rule(
    rule: Body,
    path: str,
    errors: list[FieldError],
    *,
    operations: Sequence[str] = OPERATIONS,
    subresources: bool = True,
) -> None:
    """Adds the errors of a RuleWithOperations; `operations` are those it may name."""
    stated = rule.get("operations") or []
    if not stated:
        errors.append(required(f"{path}.operations"))
    _alone(stated, f"{path}.operations", "operations", errors)
    for i, operation in enumerate(stated):
        if operation not in operations:
            errors.append(not_supported(f"{path}.operations[{i}]", operation, operations))
    for field, what in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        if not rule.get(field):
            errors.append(required(f"{path}.{field}"))
        _alone(rule.get(field) or [], f"{path}.{field}", what, errors)
    for i, version in enumerate(rule.get("apiVersions") or []):
        if not version:
            errors.append(required(f"{path}.apiVersions[{i}]"))
    check = _resources if subresources else _plain_resources
    check(rule.get("resources") or [], f"{path}.resources", errors)
    if rule.get("scope") is not None and rule["scope"] not in SCOPES:
        errors.append(not_supported(f"{path}.scope", rule["scope"], SCOPES))


def _alone(items: list[str], path: str, what: str, errors: list[FieldError]) -> None:
    if len(items) > 1 and "*" in items:
        errors.append(invalid(path, items, f"if '*' is present, must not specify other {what}"))


def _resources(resources: list[str], path: str, errors: list[FieldError]) -> None:
    if not resources:
        errors.append(required(path))
    whole: set[str] = set()
    everywhere: set[str] = set()
    plain = False
    for i, item in enumerate(resources):
        at = f"{path}[{i}]"
        if not item:
            errors.append(required(at))
            continue
        resource, slash, sub = item.partition("/")
        if not slash:
            plain = item != "*"  # the last one counts, as upstream has it
            continue
        if resource in whole:
            errors.append(invalid(at, item, f"if '{resource}/*' is present, must not specify {item}"))
        if sub in everywhere:
            errors.append(invalid(at, item, f"if '*/{sub}' is present, must not specify {item}"))
        if sub == "*":
            whole.add(resource)
        if resource == "*":
            everywhere.add(sub)
    if len(resources) > 1 and "*/*" in resources:
        errors.append(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and plain:
        why = "if '*' is present, must not specify other resources without subresources"
        errors.append(invalid(path, resources, why))


def _plain_resources(resources: list[str], path: str, errors: list[FieldError]) -> None:
    if not resources:
        errors.append(required(path))
    for i, item in enumerate(resources):
        if not item:
            errors.append(required(f"{path}[{i}]"))
        if "/" in item:
            errors.append(invalid(f"{path}[{i}]", item, "must not specify subresources"))
    _alone(resources, path, "resources", errors)
