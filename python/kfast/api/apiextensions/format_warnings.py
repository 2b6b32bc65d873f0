"""Warnings about `format` in schemas that no validation knows (upstream: apiserver/validation/formats)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfast.api.apiextensions.definition_validation import versions_of
from kfast.api.field_errors import quoted
from kfast.api.kind import Body

_TEXTS = frozenset(
    {
        "bsonobjectid",
        "uri",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "cidr",
        "mac",
        "uuid",
        "uuid3",
        "uuid4",
        "uuid5",
        "isbn",
        "isbn10",
        "isbn13",
        "creditcard",
        "ssn",
        "hexcolor",
        "rgbcolor",
        "byte",
        "password",
        "date",
        "duration",
        "datetime",
        "k8sshortname",
        "k8slongname",
    }
)
_NUMBERS = {"integer": ("int32", "int64"), "number": ("float", "double")}
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "items", "additionalProperties")


def format_warnings(crd: Body) -> list[str]:
    """One for each unknown format of a new definition."""
    return [f"unrecognized format {quoted(text)}" for text in _unknown(crd)]


def new_format_warnings(new: Body, old: Body) -> list[str]:
    """One for each that the old definition did not have."""
    known = set(_unknown(old))
    return [f"unrecognized format {quoted(text)}" for text in _unknown(new) if text not in known]


def _unknown(crd: Body) -> Iterator[str]:
    schemas = [(version.get("schema") or {}).get("openAPIV3Schema") for version in versions_of(crd)]
    if schemas and all(schema == schemas[0] for schema in schemas):
        del schemas[1:]
    for schema in schemas:
        yield from _formats(schema)


def _formats(schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    text, kind = schema.get("format"), schema.get("type") or ""
    if text and not _recognized(text, kind):
        yield text
    for key in _LISTS:
        for part in schema.get(key) or ():
            yield from _formats(part)
    for key in _SINGLE:
        yield from _formats(schema.get(key))
    for part in (schema.get("properties") or {}).values():
        yield from _formats(part)


def _recognized(text: str, kind: str) -> bool:
    if kind in ("", "string"):
        return text.replace("-", "") in _TEXTS
    return text in _NUMBERS.get(kind, ())
