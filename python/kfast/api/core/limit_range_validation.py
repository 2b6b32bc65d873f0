"""Validation of LimitRanges (upstream: core/validation.ValidateLimitRange)."""

from __future__ import annotations

from kfast._core import Quantity
from kfast.api.field_errors import duplicate, forbidden, invalid, required
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, qualified_name
from kfast.api.resource_names import check_container_name, check_name, may_be_overcommitted

_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
_DEFAULTS = ("default", "defaultRequest")
_LARGEST = 2**63 - 1
_COARSE = _LARGEST // 1000
"""Amounts from here on are compared as whole numbers."""


def _validate_type(kind: str, path: str, errors: list[FieldError]) -> None:
    if check(qualified_name, kind, path, errors) and "/" not in kind and kind not in _TYPES:
        errors.append(invalid(path, kind, "must be a standard limit type or fully qualified"))


def _validate_names(item: Body, kind: str, path: str, errors: list[FieldError]) -> None:
    rule = check_container_name if kind in _TYPES[:2] else check_name
    for field in ("max", "min", *_DEFAULTS, "maxLimitRequestRatio"):
        amounts = item.get(field) or {}
        if kind == "Pod" and field in _DEFAULTS:
            if amounts:
                errors.append(forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'"))
            continue
        bounded = any("storage" in (item.get(bound) or {}) for bound in ("min", "max"))
        if field == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim" and not bounded:
            message = "either minimum or maximum storage value is required, but neither was provided"
            errors.append(required(f"{path}.limits", message))
        for name in sorted(amounts):
            rule(name, f"{path}.{field}[{name}]", errors)


class _Bounds:
    """The amounts of one resource in one item."""

    def __init__(self, item: Body, kind: str, name: str) -> None:
        given = {field: (item.get(field) or {}).get(name) for field in ("min", "max", "maxLimitRequestRatio")}
        if kind != "Pod":
            given |= {field: (item.get(field) or {}).get(name) for field in _DEFAULTS}
        self.text = {field: amount for field, amount in given.items() if amount is not None}
        self.value = {field: Quantity.parse(amount) for field, amount in self.text.items()}

    def above(self, one: str, other: str) -> bool:
        return one in self.value and other in self.value and self.value[one] > self.value[other]


_ORDER = (
    # the smaller, the greater, which of them is named and whose value is shown, what the message calls both
    ("min", "max", "min", "min", ("min", "max")),
    ("min", "defaultRequest", "defaultRequest", "defaultRequest", ("min", "default request")),
    ("defaultRequest", "max", "defaultRequest", "defaultRequest", ("default request", "max")),
    ("defaultRequest", "default", "defaultRequest", "defaultRequest", ("default request", "default limit")),
    ("min", "default", "default", "min", ("min", "default")),
    ("default", "max", "default", "max", ("default", "max")),
)


def _whole(amount: Quantity) -> int:
    """What is too large for 64 bits is nothing, as Go's Quantity.Value says."""
    return amount.value if amount.value < _LARGEST else 0


def _milli(amount: Quantity) -> int:
    return amount.milli_value if _whole(amount) else 0


def _validate_bounds(bounds: _Bounds, name: str, path: str, errors: list[FieldError]) -> None:
    for small, great, field, value, (one, other) in _ORDER:
        if bounds.above(small, great):
            detail = f"{one} value {bounds.text[small]} is greater than {other} value {bounds.text[great]}"
            errors.append(invalid(f"{path}.{field}[{name}]", bounds.text[value], detail))
    ratio, where = bounds.text.get("maxLimitRequestRatio"), f"{path}.maxLimitRequestRatio[{name}]"
    if ratio is not None:
        if Quantity.parse(ratio) < Quantity.parse("1"):
            errors.append(invalid(where, ratio, f"ratio {ratio} is less than 1"))
        if "min" in bounds.text and "max" in bounds.text:
            amounts = [Quantity.parse(text) for text in (ratio, bounds.text["min"], bounds.text["max"])]
            fine = all(_whole(amount) < _COARSE for amount in amounts)
            most, low, high = (_milli(amount) / 1000 if fine else _whole(amount) for amount in amounts)
            limit = high / low if low else float("inf")
            if most > limit:
                errors.append(invalid(where, ratio, f"ratio {ratio} is greater than max/min = {limit:f}"))
    if not may_be_overcommitted(name) and all(field in bounds.value for field in _DEFAULTS):
        default, request = (bounds.text[field] for field in _DEFAULTS)
        if bounds.value["default"] != bounds.value["defaultRequest"]:
            detail = f"default value {default} must equal to defaultRequest value {request} in {name}"
            errors.append(invalid(f"{path}.defaultRequest[{name}]", request, detail))


def validate_limit_range(limits: Body) -> list[FieldError]:
    """All rules of a LimitRange."""
    errors: list[FieldError] = []
    kinds = set[str]()
    for index, item in enumerate(limits["spec"].get("limits") or ()):
        path, kind = f"spec.limits[{index}]", item.get("type") or ""
        _validate_type(kind, f"{path}.type", errors)
        if kind in kinds:
            errors.append(duplicate(f"{path}.type", kind))
        kinds.add(kind)
        _validate_names(item, kind, path, errors)
        fields = ("max", "min", "maxLimitRequestRatio", *(() if kind == "Pod" else _DEFAULTS))
        for name in sorted({name for field in fields for name in item.get(field) or ()}):
            _validate_bounds(_Bounds(item, kind, name), name, path, errors)
    return errors
