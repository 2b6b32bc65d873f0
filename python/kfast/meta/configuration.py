"""Configuration files: strict decoding of plain values into dataclasses, with the error texts of Go's JSON decoder as
upstream uses it, and the way back. JSON names are the fields' in camel case, or the `json` name of their metadata."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from kfast.errors import KfastError

T = TypeVar("T")

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TERM = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_LIMITS = {"int32": 1 << 31, "int64": 1 << 63}


class ConfigurationError(KfastError):
    """A configuration file that upstream would refuse, in its words."""


class Duration(float):
    """Seconds, written as Go does: 1m30s."""

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Raises ConfigurationError."""
        body = text.removeprefix("-").removeprefix("+")
        terms = _TERM.findall(body)
        if body == "0":
            return cls(0)
        if not terms or "".join(number + unit for number, unit in terms) != body:
            raise ConfigurationError(f'time: invalid duration "{text}"')
        seconds = sum(float(number) * _UNITS[unit] for number, unit in terms)
        return cls(-seconds if text.startswith("-") else seconds)

    def __str__(self) -> str:
        seconds = float(self)
        if seconds < 0:
            return f"-{Duration(-seconds)}"
        if 0 < seconds < 1:
            return f"{seconds * 1000:g}ms"
        hours, rest = divmod(seconds, 3600)
        minutes, rest = divmod(rest, 60)
        parts = f"{int(hours)}h" if hours else ""
        return parts + (f"{int(minutes)}m" if parts or minutes else "") + f"{rest:g}s"


@cache
def _fields(cls: Any) -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    hints = get_type_hints(cls)
    return {f.metadata.get("json") or _camel(f.name): (f, hints[f.name]) for f in dataclasses.fields(cls)}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


class Decoder:
    """Collects unknown fields in `unknown`; the first value of a wrong type raises ConfigurationError."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def decode(self, cls: type[T], value: Any, path: str = "", trail: str = "") -> T:
        """`value` as a `cls`; null is the default. `path` is what unknown fields are called by, `trail` what Go
        prints of the way down."""
        given: dict[str, Any] = {}
        if value is not None and not isinstance(value, dict):
            raise _mismatch(value, f"Go value of type {cls.__name__}")
        fields = _fields(cast(Any, cls))
        body: dict[str, Any] = value or {}
        for key in sorted(body):
            place = f"{path}.{key}" if path else key
            if key not in fields:
                self.unknown.append(f'unknown field "{place}"')
                continue
            field, hint = fields[key]
            if body[key] is not None:
                steps = f"{trail}.{key}" if trail else key
                owner = f"{cls.__name__}.{steps}"
                given[field.name] = self._value(hint, body[key], place, steps, owner, field.metadata.get("go", ""))
        return cls(**given)

    def _value(self, hint: Any, value: Any, path: str, trail: str, owner: str, go: str) -> Any:
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            hint = next(a for a in get_args(hint) if a is not type(None))
            origin = get_origin(hint)
        if hint is Any:
            return value
        if origin is list:
            (item,) = get_args(hint)
            if not isinstance(value, list):
                raise _mismatch(value, f"Go struct field {owner} of type []{go or _go_name(item)}")
            return [self._value(item, v, f"{path}[{i}]", trail, owner, go) for i, v in enumerate(value)]
        if origin is dict:
            if not isinstance(value, dict):
                raise _mismatch(value, f"Go struct field {owner} of type map[string]string")
            return value
        if dataclasses.is_dataclass(hint):
            if not isinstance(value, dict):
                raise _mismatch(value, f"Go struct field {owner} of type {_go_name(hint)}")
            return self.decode(hint, value, path, trail)  # type: ignore[arg-type]  # mypy: is_dataclass also holds for instances
        return _scalar(hint, value, owner, go)


def _scalar(hint: Any, value: Any, owner: str, go: str) -> Any:
    name = go or _go_name(hint)
    fault = _mismatch(value, f"Go struct field {owner} of type {name}")
    if hint is Duration:
        if not isinstance(value, str):
            raise fault
        return Duration.parse(value)
    if hint is bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise ConfigurationError("illegal base64 data at input byte 0") from None
    if hint is bool or isinstance(value, bool):
        if hint is not bool or not isinstance(value, bool):
            raise fault
        return value
    if hint is float and isinstance(value, int | float):
        return float(value)
    if not isinstance(value, hint):
        raise fault
    if hint is int and not -_LIMITS[name] <= value < _LIMITS[name]:
        raise _mismatch(value, f"Go struct field {owner} of type {name}", f"number {value}")
    return value


def _go_name(hint: Any) -> str:
    return {str: "string", int: "int64", float: "float32", Duration: "string", bytes: "uint8"}.get(
        hint, getattr(hint, "__name__", "")
    )


def _mismatch(value: Any, target: str, shown: str = "") -> ConfigurationError:
    if isinstance(value, bool):
        kind = "bool"
    elif isinstance(value, int):
        kind = "number"
    else:
        kinds = {str: "string", float: f"number {value}", list: "array", dict: "object"}
        kind = kinds.get(type(value), type(value).__name__)
    return ConfigurationError(f"json: cannot unmarshal {shown or kind} into {target}")


def encode(value: Any) -> Any:
    """The plain value of a dataclass, without what is None or empty."""
    if dataclasses.is_dataclass(value):
        fields = _fields(type(value)).items()  # type: ignore[arg-type]  # no class is ever encoded
        encoded = {name: encode(getattr(value, field.name)) for name, (field, _) in fields}
        return {name: v for name, v in encoded.items() if v is not None and v not in ([], {}, "")}
    if isinstance(value, list):
        return [encode(v) for v in value]
    if isinstance(value, dict):
        return {name: encode(v) for name, v in value.items()}
    if isinstance(value, Duration):
        return str(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def plain(text: str) -> tuple[Any, list[str]]:
    """The value of a document of YAML or JSON, and what a strict decoder objects to in its text.
    Raises ConfigurationError."""
    from kfast.meta.strict_yaml import YAMLError, read  # takes long to load, and most have no such file

    try:
        value, repeated = read(text)
    except YAMLError as error:
        raise ConfigurationError(f"couldn't get version/kind; json parse error: {error}") from None
    return value, ["yaml: unmarshal errors:\n" + "\n".join(repeated)] if repeated else []


def typed(value: Any, text: str) -> tuple[str, str]:
    """apiVersion and kind of a document, whose text errors show. Raises ConfigurationError if it lacks either."""
    if not isinstance(value, dict):
        raise ConfigurationError("couldn't get version/kind; json parse error: the document is not a map")
    for field, name in (("kind", "Kind"), ("apiVersion", "apiVersion")):
        if not value.get(field):
            raise ConfigurationError(f"Object '{name}' is missing in '{text}'")
    return str(value["apiVersion"]), str(value["kind"])


def unregistered(version: str, kind: str) -> ConfigurationError:
    """Nobody knows such documents."""
    return ConfigurationError(
        f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
    )


def document(text: str, known: Mapping[tuple[str, str], type[Any]]) -> Any:
    """A document of one of `known`, by (apiVersion, kind), decoded strictly. Raises ConfigurationError."""
    value, strict = plain(text)
    version, kind = typed(value, text)
    expected = known.get((version, kind))
    if expected is None:
        raise unregistered(version, kind)
    decoder = Decoder()
    decoded = decoder.decode(expected, value)
    if faults := strict + decoder.unknown:
        raise ConfigurationError(f"strict decoding error: {', '.join(faults)}")
    return decoded
