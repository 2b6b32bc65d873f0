"""Capacities of devices, and which shares of them may be asked for (upstream: validateRequestPolicy)."""

from __future__ import annotations

from itertools import pairwise

from kfast._core import Quantity
from kfast.api.field_errors import duplicate, forbidden, invalid, required, too_many
from kfast.api.kind import Body, FieldError
from kfast.api.resource_lists import milli

_MAX_VALUES = 10


def _amount(quantity: str) -> int:
    """Rounded up to a whole number."""
    return -(-milli(quantity) // 1000)


def _text(quantity: str) -> str:
    return str(Quantity.parse(quantity))


def check_capacity(capacity: Body, shared: bool, path: str, errors: list[FieldError]) -> None:
    """A policy of requests makes sense for shared devices only; it says one thing, and has a default that fits."""
    policy, path = capacity.get("requestPolicy"), f"{path}.requestPolicy"
    if policy is None:
        return
    if not shared:
        errors.append(forbidden(path, "allowMultipleAllocations must be true"))
        return
    values, bounds, default = policy.get("validValues"), policy.get("validRange"), policy.get("default")
    if values and bounds is not None:
        detail = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
        errors.append(forbidden(path, detail))
        return
    stated = "validValues" if values else "validRange" if bounds is not None else ""
    if stated and default is None:
        errors.append(required(f"{path}.default", f"required when {stated} is defined"))
    elif values:
        _check_values(values, default, capacity.get("value") or "0", f"{path}.validValues", errors)
    elif bounds is not None:
        _check_range(bounds, default, capacity.get("value") or "0", f"{path}.validRange", errors)


def _check_values(values: list[str], default: str, whole: str, path: str, errors: list[FieldError]) -> None:
    for index, (before, value) in enumerate(pairwise(values), 1):
        if milli(before) > milli(value):
            errors.append(invalid(f"{path}[{index}]", _text(value), "values must be sorted in ascending order"))
    known = False
    if len(values) > _MAX_VALUES:
        errors.append(too_many(path, len(values), _MAX_VALUES))
    else:
        known = any(milli(value) == milli(default) for value in values)
        for index, value in enumerate(values):
            if milli(value) > milli(whole):
                detail = f"option is larger than capacity value: {_text(whole)}"
                errors.append(invalid(f"{path}[{index}]", _text(value), detail))
        amounts = [_amount(value) for value in values]
        for index, amount in enumerate(amounts):
            if amount in amounts[:index]:
                errors.append(duplicate(f"{path}[{index}]", str(amount)))
    if not known:
        errors.append(invalid(path, _text(default), "default value is not valid according to the requestPolicy"))


def _check_range(bounds: Body, default: str, whole: str, path: str, errors: list[FieldError]) -> None:
    least, most, step = bounds.get("min"), bounds.get("max"), bounds.get("step")
    if least is None:
        errors.append(required(f"{path}.min", "required when validRange is defined"))
        return
    if milli(least) > milli(whole):
        detail = f"min is larger than capacity value: {_text(whole)}"
        errors.append(invalid(f"{path}.min", _text(least), detail))
    if milli(default) < milli(least):
        errors.append(invalid(f"{path}.min", _text(default), f"default is less than min: {_text(least)}"))
    if most is not None:
        if milli(least) > milli(most):
            errors.append(invalid(f"{path}.max", _text(least), f"min is larger than max: {_text(most)}"))
        if milli(most) > milli(whole):
            detail = f"max is larger than capacity value: {_text(whole)}"
            errors.append(invalid(f"{path}.max", _text(most), detail))
        if milli(default) > milli(most):
            errors.append(invalid(f"{path}.max", _text(default), f"default is more than max: {_text(most)}"))
    if step is not None:
        _check_steps(least, step, [default] if most is None else [default, most], whole, f"{path}.step", errors)


def _check_steps(least: str, step: str, values: list[str], whole: str, path: str, errors: list[FieldError]) -> None:
    first = Quantity.parse(least) + Quantity.parse(step)
    if first > Quantity.parse(whole):
        detail = f"one step {first} is larger than capacity value: {_text(whole)}"
        errors.append(invalid(path, _text(step), detail))
    size = _amount(step)
    for value in values:
        if size and (_amount(value) - _amount(least)) % abs(size):
            detail = f"value is not a multiple of a given step ({_text(step)}) from ({_text(least)})"
            errors.append(invalid(path, _text(value), detail))
