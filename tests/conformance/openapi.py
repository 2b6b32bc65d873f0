"""The OpenAPI documents a server serves: what does not conform to them, and random values that do."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Awaitable, Callable
from typing import Any

Schema = dict[str, Any]
_GVK = "x-kubernetes-group-version-kind"
_REFERENCE = "#/components/schemas/"
_INTEGERS = {"int32": 2**31, "int64": 2**63}
_TIME = re.compile(r"\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_WORDS = ("a", "b", "c", "default", "1", "100m", "1Gi", "Always", "10.0.0.1", "x=y", "/tmp", "2026-01-01T00:00:00Z", "")


class Documents:
    """The v3 documents of all groups; objects are found by apiVersion and kind."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self.schemas = schemas
        self.by_kind: dict[tuple[str, str], Schema] = {}
        for schema in schemas.values():
            for kind in schema.get(_GVK, ()):
                version = f"{kind['group']}/{kind['version']}".lstrip("/")
                self.by_kind.setdefault((version, kind["kind"]), schema)

    @classmethod
    async def load(cls, get: Callable[[str], Awaitable[Any]]) -> Documents:
        """All that `get` (path to decoded document) finds under /openapi/v3."""
        schemas: dict[str, Schema] = {}
        for found in (await get("/openapi/v3"))["paths"].values():
            schemas |= (await get(found["serverRelativeURL"]))["components"].get("schemas", {})
        return cls(schemas)

    def problems(self, body: Any) -> list[str]:
        """What is wrong with an object of a kind the documents define; nothing of any other."""
        schema = isinstance(body, dict) and self.by_kind.get((body.get("apiVersion", ""), body.get("kind", "")))
        return list(self._check(body, schema, "")) if schema else []

    def _check(self, value: Any, schema: Schema, at: str) -> Any:
        for part in (*schema.get("allOf", ()), *([schema] if "$ref" in schema else ())):
            yield from self._check(value, self.schemas[part["$ref"].removeprefix(_REFERENCE)], at)
        if "$ref" in schema or (value is None and schema.get("nullable")):
            return
        if choices := schema.get("oneOf"):
            if all(list(self._check(value, choice, at)) for choice in choices):
                yield f"{at}: {value!r} is none of {choices}"
            return
        kind = schema.get("type")
        if kind and not _is(value, kind):
            # A list without items may be null, and so may the times that were never set.
            if value is not None or not (kind == "array" or schema.get("format") == "date-time"):
                yield f"{at}: {value!r} is no {kind}"
            return
        if isinstance(value, dict):
            yield from self._check_object(value, schema, at)
        elif isinstance(value, list):
            for number, item in enumerate(value):
                yield from self._check(item, schema.get("items", {}), f"{at}[{number}]")
        elif isinstance(value, str):
            yield from _check_text(value, schema, at)
        elif kind == "integer" and not -(limit := _INTEGERS.get(schema.get("format", ""), 2**64)) <= value < limit:
            yield f"{at}: {value} is out of range"

    def _check_object(self, value: dict[str, Any], schema: Schema, at: str) -> Any:
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties")
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{at}.{name}: missing"
        for name, item in value.items():
            if name in properties:
                yield from self._check(item, properties[name], f"{at}.{name}")
            elif isinstance(rest, dict):
                yield from self._check(item, rest, f"{at}.{name}")
            elif properties and not schema.get("x-kubernetes-preserve-unknown-fields"):
                yield f"{at}.{name}: not in the schema"

    def example(self, api_version: str, kind: str, choose: random.Random) -> Any:
        """A random object of the kind, its required fields and some others set; None if there is no such kind."""
        schema = self.by_kind.get((api_version, kind))
        return None if schema is None else {**self._example(schema, choose, 0), "apiVersion": api_version, "kind": kind}

    def _example(self, schema: Schema, choose: random.Random, depth: int) -> Any:
        parts = schema.get("allOf", ())
        if parts or "$ref" in schema:
            reference = (schema if "$ref" in schema else parts[0])["$ref"]
            return self._example(self.schemas[reference.removeprefix(_REFERENCE)], choose, depth)
        if choices := schema.get("oneOf") or schema.get("anyOf"):
            schema = choose.choice(choices)
        match schema.get("type"):
            case "object":
                return self._example_object(schema, choose, depth)
            case "array":
                count = 0 if depth > 12 else choose.choice((0, 1, 1, 2))
                return [self._example(schema.get("items", {}), choose, depth + 1) for _ in range(count)]
            case "boolean":
                return choose.random() < 0.5
            case "integer" | "number":
                return choose.choice((0, 1, 2, 80, 443, 1000, -1))
        return _text(schema, choose)

    def _example_object(self, schema: Schema, choose: random.Random, depth: int) -> dict[str, Any]:
        if isinstance(rest := schema.get("additionalProperties"), dict):
            return {
                choose.choice("abc"): self._example(rest, choose, depth + 1) for _ in range(choose.choice((0, 1, 2)))
            }
        properties, required = schema.get("properties", {}), schema.get("required", ())
        likely = 0.5 / (1 + depth / 2)
        chosen = [name for name in properties if name in required or choose.random() < likely]
        return {name: self._example(properties[name], choose, depth + 1) for name in chosen if depth < 14}


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_text(value: str, schema: Schema, at: str) -> Any:
    if schema.get("format") == "date-time" and not _TIME.fullmatch(value):
        yield f"{at}: {value!r} is no time"
    if schema.get("format") == "byte":
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            yield f"{at}: {value!r} is no base64"


def _text(schema: Schema, choose: random.Random) -> Any:
    if choices := schema.get("enum"):
        return choose.choice(choices)
    match schema.get("format"):
        case "date-time":
            return "2026-01-01T00:00:00Z"
        case "byte":
            return "YQ=="
    return choose.choice(_WORDS)
