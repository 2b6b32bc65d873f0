"""Constructors of `FieldError` with upstream's texts (apimachinery's field.Error)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from kfast.api.kind import FieldError

IMMUTABLE = "field is immutable"
NON_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than zero"
_ESCAPES = dict(zip("\a\b\f\n\r\t\v", (rf"\{letter}" for letter in "abfnrtv"), strict=True))


def quoted(value: str) -> str:
    """A string as Go's %q prints it."""
    if not value.isprintable() or '"' in value or "\\" in value:
        value = "".join(map(_escaped, value))
    return f'"{value}"'


def _escaped(char: str) -> str:
    if char.isprintable():
        return f"\\{char}" if char in '"\\' else char
    code = ord(char)
    width = "x02" if code < 0x80 else "u04" if code < 0x10000 else "U08"
    return _ESCAPES.get(char) or f"\\{width[0]}{code:{width[1:]}x}"


def shown(value: Any) -> str:
    """A bad value as error messages print it: strings quoted, maps and internal forms as JSON, escaped as Go does."""
    if isinstance(value, str):
        return quoted(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=type(value) is dict)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026") if "{" in text else text


def _body(kind: str, detail: str) -> str:
    return f"{kind}: {detail}" if detail else kind


def required(path: str, detail: str = "") -> FieldError:
    """A field that must be set is not."""
    return FieldError(path, "FieldValueRequired", _body("Required value", detail))


def invalid(path: str, value: Any, detail: str) -> FieldError:
    """A value that breaks a rule."""
    return FieldError(path, "FieldValueInvalid", _body(f"Invalid value: {shown(value)}", detail))


def invalid_unshown(path: str, detail: str) -> FieldError:
    """The same where upstream leaves the value out."""
    return FieldError(path, "FieldValueInvalid", f"Invalid value: {detail}")


def not_supported(path: str, value: Any, supported: Iterable[str]) -> FieldError:
    """A value outside an enumeration; the supported ones are listed as given."""
    values = ", ".join(quoted(v) for v in supported)
    detail = f"supported values: {values}" if values else ""
    return FieldError(path, "FieldValueNotSupported", _body(f"Unsupported value: {shown(value)}", detail))


def forbidden(path: str, detail: str) -> FieldError:
    """A field that may not be set or changed here."""
    return FieldError(path, "FieldValueForbidden", _body("Forbidden", detail))


def duplicate(path: str, value: Any) -> FieldError:
    """A value that must be unique is not."""
    return FieldError(path, "FieldValueDuplicate", f"Duplicate value: {shown(value)}")


def not_found(path: str, value: Any) -> FieldError:
    """A reference to something that is not there."""
    return FieldError(path, "FieldValueNotFound", f"Not found: {shown(value)}")


def too_long(path: str, limit: int) -> FieldError:
    """A string beyond its limit."""
    unit = "byte" if limit == 1 else "bytes"
    return FieldError(path, "FieldValueTooLong", f"Too long: may not be more than {limit} {unit}")


def too_many(path: str, actual: int, limit: int) -> FieldError:
    """A list beyond its limit."""
    unit = "item" if limit == 1 else "items"
    return FieldError(path, "FieldValueTooMany", f"Too many: {actual}: must have at most {limit} {unit}")


def immutable(path: str, new: Any, old: Any, errors: list[FieldError]) -> None:
    """Adds upstream's immutability error if the value changed."""
    if new != old:
        errors.append(invalid(path, new, IMMUTABLE))


def non_negative(path: str, value: Any, errors: list[FieldError]) -> None:
    """Adds an error if a number is given and negative."""
    if value is not None and value < 0:
        errors.append(invalid(path, value, NON_NEGATIVE))
