"""Mappings into dataclasses as Go's JSON decoder reads them: field names in any case. Parameters are put in."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from kfast.meta.configuration import ConfigurationError, Duration

T = TypeVar("T")


class WorkloadError(ValueError):
    """A workload file cannot be read; the text names the place."""


def decode(cls: type[T], raw: Any, params: dict[str, Any], where: str) -> T:
    """`raw` as a `cls`; `<field>Param: $name` and values `$name` are looked up in `params`. Raises WorkloadError."""
    if not isinstance(raw, dict):
        raise WorkloadError(f"{where}: {raw!r} is no mapping")
    hints = get_type_hints(cls)
    names = {f.name.replace("_", ""): f.name for f in fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in raw.items():
        wanted = str(key).lower()
        if wanted == "opcode":
            continue
        name = names.get(wanted) or names.get(wanted.removesuffix("param"))
        if name is None:
            raise WorkloadError(f"{where}: {cls.__name__} has no field {key!r}")
        if wanted not in names and not (isinstance(value, str) and value.startswith("$")):
            raise WorkloadError(f"{where}.{key}: {value!r} is no $parameter")
        values[name] = _value(hints[name], _parameter(value, params, f"{where}.{key}"), params, f"{where}.{key}")
    missing = [
        f.name
        for f in fields(cls)  # type: ignore[arg-type]
        if f.name not in values and f.default is MISSING and f.default_factory is MISSING
    ]
    if missing:
        raise WorkloadError(f"{where}: {cls.__name__} lacks {', '.join(missing)}")
    try:
        return cls(**values)
    except ValueError as error:
        raise WorkloadError(f"{where}: {error}") from error


def _parameter(value: Any, params: dict[str, Any], where: str) -> Any:
    if isinstance(value, str) and value.startswith("$"):
        if value[1:] not in params:
            raise WorkloadError(f"{where}: the workload has no parameter {value[1:]!r}")
        return params[value[1:]]
    return value


def _value(hint: Any, value: Any, params: dict[str, Any], where: str) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(h for h in get_args(hint) if h is not type(None))
        return None if value is None else _value(hint, value, params, where)
    if hasattr(hint, "__dataclass_fields__"):
        return decode(hint, value, params, where)
    if hint is float:
        return seconds(value, where)
    base = get_origin(hint) or hint
    expected = {list: list, dict: dict, int: int, bool: bool, str: str}.get(base)
    if expected is not None and (not isinstance(value, expected) or (base is int and isinstance(value, bool))):
        raise WorkloadError(f"{where}: {value!r} is no {base.__name__}")
    return value


def seconds(value: Any, where: str) -> float:
    """A duration as Go writes it (`1m30s`, `500ms`). Raises WorkloadError."""
    try:
        found = Duration.parse(str(value))
    except ConfigurationError:
        found = Duration(-1)
    if found < 0:
        raise WorkloadError(f"{where}: {value!r} is no duration such as 10s")
    return found
