"""additionalPrinterColumns as columns of the Table (upstream: customresource/tableconvertor)."""

from __future__ import annotations

import json
from typing import Any

from kfast.api.apiextensions.json_path import Step, compile_path, find
from kfast.api.columns import NAME, epoch, human_duration
from kfast.api.kind import Body, Cell, Column


def printer_columns(declared: list[Body]) -> tuple[Column, ...]:
    """The name, and what a version declares or, if nothing, the age."""
    columns = declared or [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
    made = [NAME]
    for column in columns:
        try:
            path = compile_path(column["jsonPath"])
        except ValueError:
            return (NAME,)
        made.append(_column(column, path))
    return tuple(made)


def _column(column: Body, path: tuple[Step, ...]) -> Column:
    described = f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"

    def value(obj: Body, now: float) -> Cell:
        found = find(path, obj)
        return _cell(column["type"], found[0], now) if found else None

    return Column(
        column["name"],
        value,
        column["type"],
        column.get("priority") or 0,
        column.get("format") or "",
        column.get("description") or described,
    )


def _cell(kind: str, value: Any, now: float) -> Cell:
    if kind == "string":
        return _text(value)
    if value is None or isinstance(value, bool):
        return value if kind == "boolean" else None
    if kind == "integer":
        return int(value) if isinstance(value, int | float) else None
    if kind == "number":
        return float(value) if isinstance(value, int | float) else None
    if kind == "date" and isinstance(value, str):
        try:
            return human_duration(now - epoch(value))
        except ValueError:
            return "<invalid>"
    return None


def _text(value: Any) -> str:
    """As the template language prints a value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return f"{value:g}" if isinstance(value, float) else str(value)
