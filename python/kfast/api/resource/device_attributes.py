"""Attributes of devices (upstream: validateDeviceAttribute)."""

from __future__ import annotations

import re

from kfast.api.field_errors import invalid, too_long
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError

_MAX_VALUE = 64
_NUMBER = r"(0|[1-9]\d*)"
_PART = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PART}(\.{_PART})*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?", re.ASCII
)
_FIELDS = ("bool", "int", "string", "version")


def check_attribute(attribute: Body, path: str, errors: list[FieldError]) -> None:
    """One value, and not a long one."""
    stated = [field for field in _FIELDS if attribute.get(field) is not None]
    for field in ("string", "version"):
        if field in stated:
            _check_text(attribute[field], field == "version", f"{path}.{field}", errors)
    if len(stated) != 1:
        values = {f"{field}Value": attribute[field] for field in stated}
        shown = internal("resource.DeviceAttribute", values) if stated else ""
        errors.append(invalid(path, shown, "exactly one value must be specified"))


def _check_text(text: str, is_version: bool, path: str, errors: list[FieldError]) -> None:
    if is_version and not _VERSION.fullmatch(text):
        errors.append(invalid(path, text, "must be a string compatible with semver.org spec 2.0.0"))
    if len(text.encode()) > _MAX_VALUE:
        errors.append(too_long(path, _MAX_VALUE))
