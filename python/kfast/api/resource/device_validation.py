"""Rules that several kinds of resource.k8s.io share (upstream: pkg/apis/resource/validation)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from typing import Any

import msgspec

from kfast._core import CelError, device_selector_cost
from kfast.api.core.volume_sources import check_driver
from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, required, too_long, too_many
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, dns_label, dns_subdomain, label_value, qualified_name
from kfast.meta.names import c_identifier

TAINT_EFFECTS = ("NoExecute", "NoSchedule", "None")
MAX_REQUESTS = MAX_CONFIG = 32
_MAX_SELECTORS = 32
_MAX_EXPRESSION = _MAX_RAW = 10 * 1024
_MAX_EXPRESSION_COST = 1_000_000
_MAX_POOL = 253
_MAX_ID = 32
_MAX_BINDING_CONDITIONS = 4

ItemRule = Callable[[Any, str, list[FieldError]], None]


def check_items(
    items: list[Any] | None,
    limit: int,
    rule: ItemRule,
    path: str,
    errors: list[FieldError],
    key: Callable[[Any], Hashable] | None = None,
    shown: Callable[[Any], Any] | None = None,
) -> None:
    """The rule of each item of a list that is no longer than the limit, if that is not negative; with `key` none may
    recur, and errors have the key as `shown`."""
    items = items or []
    if 0 <= limit < len(items):
        errors.append(too_many(path, len(items), limit))
        return
    for index, item in enumerate(items):
        rule(item, f"{path}[{index}]", errors)
    seen: set[Hashable] = set()
    for index, item in enumerate(items if key else ()):
        this = key(item) if key else None
        if this in seen:
            errors.append(duplicate(f"{path}[{index}]", shown(this) if shown else this))
        seen.add(this)


def text_itself(item: str) -> str:
    """The key of texts."""
    return item


def check_pool_name(name: str, path: str, errors: list[FieldError]) -> None:
    """DNS subdomains between slashes."""
    if not name:
        errors.append(required(path))
        return
    if len(name.encode()) > _MAX_POOL:
        errors.append(too_long(path, _MAX_POOL))
    for part in name.split("/"):
        check(dns_subdomain, part, path, errors)


def check_identifier(name: str, path: str, errors: list[FieldError]) -> None:
    """A short identifier of C."""
    if len(name.encode()) > _MAX_ID:
        errors.append(too_long(path, _MAX_ID))
    errors += [invalid(path, name, problem) for problem in c_identifier(name)]


def check_qualified_name(name: str, path: str, errors: list[FieldError]) -> None:
    """An identifier, with or without a domain."""
    parts = name.split("/")
    if len(parts) == 1:
        check_identifier(name, path, errors)
    elif len(parts) == 2:
        domain, identifier = parts
        if domain:
            check_driver(domain, path, errors)
        else:
            errors.append(invalid(path, "", "the domain must not be empty"))
        if identifier:
            check_identifier(identifier, path, errors)
        else:
            errors.append(invalid(path, "", "the name must not be empty"))


def check_full_name(name: str, path: str, errors: list[FieldError]) -> None:
    """An identifier with a domain."""
    check_qualified_name(name, path, errors)
    if "/" not in name:
        detail = "a fully qualified name must be a domain and a name separated by a slash"
        errors.append(invalid(path, name, detail))


@lru_cache(maxsize=1024)
def _selector_cost(expression: str) -> int | str:
    try:
        return device_selector_cost(expression)
    except CelError as error:
        return str(error)


def _check_selector(selector: Body, path: str, errors: list[FieldError]) -> None:
    if selector.get("cel") is None:
        errors.append(required(f"{path}.cel"))
        return
    path, expression = f"{path}.cel.expression", selector["cel"].get("expression") or ""
    if len(expression.encode()) > _MAX_EXPRESSION:
        errors.append(too_long(path, _MAX_EXPRESSION))
        return
    cost = _selector_cost(expression)
    if isinstance(cost, str):
        errors.append(invalid(path, expression, cost))
    elif cost > _MAX_EXPRESSION_COST:
        errors.append(forbidden(path, "too complex, exceeds cost limit"))


def check_selectors(selectors: list[Body] | None, path: str, errors: list[FieldError]) -> None:
    """CEL expressions about a device, none of them too costly."""
    check_items(selectors, _MAX_SELECTORS, _check_selector, path, errors)


def check_raw(value: Any, path: str, errors: list[FieldError]) -> None:
    """A JSON object that is not too large."""
    if value is None:
        errors.append(required(path))
    elif len(msgspec.json.encode(value)) > _MAX_RAW:
        errors.append(too_long(path, _MAX_RAW))
    elif not isinstance(value, dict):
        errors.append(invalid(path, "<value omitted>", "must be a valid JSON object"))


def check_configuration(config: Body, path: str, errors: list[FieldError]) -> None:
    """Parameters for a driver."""
    opaque = config.get("opaque")
    if opaque is None:
        errors.append(required(f"{path}.opaque"))
        return
    check_driver(opaque.get("driver") or "", f"{path}.opaque.driver", errors)
    check_raw(opaque.get("parameters"), f"{path}.opaque.parameters", errors)


def check_toleration(toleration: Body, path: str, errors: list[FieldError]) -> None:
    """A toleration of taints of devices."""
    if toleration.get("key"):
        check(qualified_name, toleration["key"], f"{path}.key", errors)
    operator, value, effect = (toleration.get(field) or "" for field in ("operator", "value", "effect"))
    if operator == "Exists":
        if value:
            errors.append(invalid(f"{path}.value", value, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        check(label_value, value, f"{path}.value", errors)
    elif operator:
        errors.append(not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
    else:
        errors.append(required(f"{path}.operator"))
    if effect and effect not in TAINT_EFFECTS:
        errors.append(not_supported(f"{path}.effect", effect, TAINT_EFFECTS))


def check_binding_conditions(body: Body, path: str, errors: list[FieldError]) -> None:
    """Conditions for binding and those that end it: both or neither, none twice."""
    names = {field: body.get(field) or [] for field in ("bindingConditions", "bindingFailureConditions")}
    for field, listed in names.items():
        check_items(listed, _MAX_BINDING_CONDITIONS, _check_condition, f"{path}.{field}", errors)
    wanted, failures = names.values()
    _check_unique(wanted, f"{path}.bindingConditions", (), errors)
    _check_unique(failures, f"{path}.bindingFailureConditions", wanted, errors)
    for field, other in (
        ("bindingConditions", "bindingFailureConditions"),
        ("bindingFailureConditions", "bindingConditions"),
    ):
        if names[other] and not names[field]:
            errors.append(invalid(f"{path}.{field}", body.get(field), f"{field} are required to use {other}"))


def _check_condition(name: str, path: str, errors: list[FieldError]) -> None:
    check(qualified_name, name, path, errors)


def _check_unique(names: list[str], path: str, others: Iterable[str], errors: list[FieldError]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            errors.append(duplicate(f"{path}[{index}]", name))
        if name in others:
            detail = "bindingFailureConditions must not overlap with bindingConditions"
            errors.append(invalid(f"{path}[{index}]", name, detail))


def check_label_name(name: str, path: str, errors: list[FieldError]) -> None:
    """A DNS label."""
    check(dns_label, name, path, errors)
