"""The door to the structural engine: a version's openAPIV3Schema is checked, and becomes the structure of a kind."""

from __future__ import annotations

import msgspec

from kfast._core import Schema
from kfast.api.kind import Body, FieldError
from kfast.api.schema import load_schema


def structure_of(group: str, version: str, kind: str, schema: Body) -> Schema:
    """The structure of a custom resource in one version; its key is that of `Kind.schema`. Raises ValueError if it is
    no schema."""
    return load_schema().structural(group, version, kind, msgspec.json.encode(schema))


def check_schema(schema: Body, path: str, status: bool, before: Body | None = None) -> list[FieldError]:
    """Violations of the rules of structural schemas. `status`: the version has a status subresource; `before` is the
    version's schema until now."""
    old = (before or {}).get("openAPIV3Schema")
    if old == schema:
        return []
    stated, until_now = msgspec.json.encode(schema), None if old is None else msgspec.json.encode(old)
    return [FieldError(*v) for v in load_schema().check_definition(stated, path, status, until_now)]
