"""The Table transform: the declared printer columns of a kind computed for kubectl."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kfast.api.kind import Body, Cell, Column, Kind
from kfast.clock import parse_time

DEFAULT_COLUMNS = (
    Column(
        "Name",
        "metadata.name",
        format="name",
        description="Name must be unique within a namespace. Is required when creating resources, although some "
        "resources may allow a client to request the generation of an appropriate name automatically.",
    ),
    Column("Age", "metadata.creationTimestamp", type="date", description="Age of the object."),
)
_UNKNOWN = "<unknown>"
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 86400 * 365


def human_duration(seconds: float) -> str:
    """kubectl's rendering of an age, two or three significant figures (duration.HumanDuration)."""
    whole = math.trunc(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 10 * _MINUTE:
        return _two(whole, _MINUTE, "m", 1, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two(whole, _HOUR, "h", _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two(whole, _DAY, "d", _HOUR, "h")
    if whole < 2 * _YEAR:
        return f"{whole // _DAY}d"
    if whole < 8 * _YEAR:
        return _two(whole, _YEAR, "y", _DAY, "d")
    return f"{whole // _YEAR}y"


def _two(whole: int, big: int, big_unit: str, small: int, small_unit: str) -> str:
    rest = whole % big // small
    return f"{whole // big}{big_unit}{rest}{small_unit}" if rest else f"{whole // big}{big_unit}"


def age(timestamp: Any, now: float) -> str:
    """The time since an RFC 3339 timestamp; `<unknown>` if there is none."""
    if not isinstance(timestamp, str):
        return _UNKNOWN
    try:
        return human_duration(now - parse_time(timestamp))
    except ValueError:
        return _UNKNOWN


def columns_of(kind: Kind) -> tuple[Column, ...]:
    """The kind's columns; Name and Age if it declares none."""
    return kind.columns or DEFAULT_COLUMNS


def column_definitions(kind: Kind) -> list[dict[str, Any]]:
    """TableColumnDefinitions. Ages are strings, as upstream's printers declare them."""
    return [
        {
            "name": c.name,
            "type": "string" if c.type == "date" else c.type,
            "format": c.format or ("name" if c.name == "Name" else ""),
            "description": c.description,
            "priority": c.priority,
        }
        for c in columns_of(kind)
    ]


def _at(body: Body, path: str) -> Any:
    value: Any = body
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def cells(columns: Sequence[Column], body: Body, now: float) -> list[Cell]:
    """One row."""
    row: list[Cell] = []
    for column in columns:
        value = _at(body, column.value) if isinstance(column.value, str) else column.value(body, now)
        if column.type == "date":
            value = age(value, now)
        elif value is None and column.type in ("string", "date"):
            value = ""
        row.append(value)
    return row


def partial_metadata(body: Body, version: str = "v1") -> Body:
    """The PartialObjectMetadata of an object."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": body.get("metadata", {}),
    }


def row(columns: Sequence[Column], body: Body, version: str, now: float, include: str) -> dict[str, Any]:
    """A TableRow; `include` is includeObject: None, Metadata (default) or Object."""
    entry: dict[str, Any] = {"cells": cells(columns, body, now)}
    if include == "Object":
        entry["object"] = body
    elif include != "None":
        entry["object"] = partial_metadata(body, version)
    return entry


def table(
    kind: Kind, bodies: Sequence[Body], metadata: dict[str, Any], version: str, now: float, include: str = ""
) -> Body:
    """The Table of some objects of one kind."""
    columns = columns_of(kind)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "columnDefinitions": column_definitions(kind),
        "rows": [row(columns, body, version, now, include) for body in bodies],
    }
