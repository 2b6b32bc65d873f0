"""What ConfigMap and Secret have in common: data keys and the `immutable` switch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from kfast.api.field_errors import forbidden, invalid
from kfast.api.kind import Body, FieldError
from kfast.meta.names import config_key


@lru_cache(maxsize=4096)
def _key_problems(key: str) -> tuple[str, ...]:
    return tuple(config_key(key))


def validate_keys(keys: Iterable[str], path: str, errors: list[FieldError]) -> None:
    """Adds the errors of the keys of a data map."""
    for key in keys:
        for problem in _key_problems(key):
            errors.append(invalid(f"{path}[{key}]", key, problem))


def validate_data_update(new: Body, old: Body, *fields: str) -> list[FieldError]:
    """An object marked immutable keeps its data and its mark."""
    if not old.get("immutable"):
        return []
    message = "field is immutable when `immutable` is set"
    errors = [] if new.get("immutable") else [forbidden("immutable", message)]
    for field in fields:
        if new.get(field) != old.get(field):
            errors.append(forbidden(field, message))
    return errors
