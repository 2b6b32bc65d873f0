"""The Table transform: the declared printer columns of a kind computed for kubectl."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kfast.api.columns import UNKNOWN, lookup, since
from kfast.api.kind import Body, Cell, Column, Kind

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


def age(timestamp: Any, now: float) -> str:
    """The time since an RFC 3339 timestamp; `<unknown>` if it is none."""
    try:
        return since(timestamp, now) if isinstance(timestamp, str) else UNKNOWN
    except ValueError:
        return UNKNOWN


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


def cells(columns: Sequence[Column], body: Body, now: float) -> list[Cell]:
    """One row."""
    row: list[Cell] = []
    for column in columns:
        value = lookup(body, column.value) if isinstance(column.value, str) else column.value(body, now)
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
