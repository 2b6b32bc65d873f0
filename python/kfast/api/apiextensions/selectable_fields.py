"""The fields of custom resources that may be used in field selectors."""

from __future__ import annotations

import re
from typing import Any

from kfast.api.field_errors import duplicate, invalid, required, too_many
from kfast.api.kind import Body, FieldError

MAX_FIELDS = 8
_TOKENS = re.compile(r"'(?:\\.|[^'\\])*'|[.\[\]]|[^.\[\]]+")
_SELECTABLE = ("string", "boolean", "integer")


def field_path(text: str) -> str:
    """A field's label: `.spec.color` is selected as `spec.color`."""
    return text.removeprefix(".")


def validate_selectable_fields(fields: list[Body], schema: Body | None, path: str) -> list[FieldError]:
    """The fields of one version with this schema."""
    if schema is None:
        return [invalid(path, "", "may only be set when `version.schema.openAPIV3Schema` is not included")]
    errors: list[FieldError] = []
    seen: set[str] = set()
    for number, field in enumerate(fields):
        at, text = f"{path}[{number}].jsonPath", field.get("jsonPath") or ""
        if not text:
            errors.append(required(at))
            continue
        try:
            keys, found = _resolve(text, schema)
        except ValueError as error:
            errors.append(invalid(at, text, f"is an invalid path: {error}"))
            continue
        if keys[:1] == ["metadata"]:
            errors.append(invalid(at, text, "must not point to fields in metadata"))
        if found.get("type") not in _SELECTABLE:
            why = "must point to a field of type string, boolean or integer. "
            errors.append(invalid(at, text, f"{why}Enum string fields and strings with formats are allowed."))
        label = ".".join(keys)
        if label in seen:
            errors.append(duplicate(at, text))
        seen.add(label)
    if len(seen) > MAX_FIELDS:
        errors.append(too_many(path, len(seen), MAX_FIELDS))
    return errors


def _resolve(text: str, schema: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The keys of a path and the schema it leads to. Raises ValueError."""
    keys: list[str] = []
    tokens = iter(_TOKENS.findall(text))
    for token in tokens:
        if token == "[":
            raise ValueError("array notation is not allowed")
        if token != ".":
            raise ValueError(f"expected [ or . but got: {token}")
        key = next(tokens, None)
        if key is None:
            raise ValueError("unexpected end of JSON path")
        properties, free = schema.get("properties"), schema.get("additionalProperties")
        if properties is not None:
            if key not in properties:
                raise ValueError("does not refer to a valid field")
            schema = properties[key]
        elif isinstance(free, dict):
            schema = free
        else:
            raise ValueError("does not refer to a valid field")
        keys.append(key)
    return keys, schema
