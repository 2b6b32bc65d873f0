"""The Table transform: the declared printer columns of a kind computed for kubectl."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kfast.api.columns import CREATED_AT, NAME, lookup
from kfast.api.kind import Body, Cell, Column, Kind


def columns_of(kind: Kind) -> tuple[Column, ...]:
    """The kind's columns; name and creation time if it declares none."""
    return kind.columns or (NAME, CREATED_AT)


def column_definitions(kind: Kind) -> list[dict[str, Any]]:
    """TableColumnDefinitions."""
    return [
        {
            "name": c.name,
            "type": c.type,
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
        if not isinstance(column.value, str):
            row.append(column.value(body, now))
            continue
        value = lookup(body, column.value)
        row.append("" if value is None and column.type in ("string", "date") else value)
    return row


def partial_metadata(body: Body, version: str = "v1") -> Body:
    """The PartialObjectMetadata of an object."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": body.get("metadata", {}),
    }


def _true_annotations(partial: Body, kind: Kind) -> Body:
    """Without those that are fields upstream."""
    metadata, prefix = partial["metadata"], kind.fields_in_annotations
    annotations = metadata.get("annotations") or {}
    if prefix and any(key.startswith(prefix) for key in annotations):
        metadata = partial["metadata"] = dict(metadata)
        metadata["annotations"] = {key: value for key, value in annotations.items() if not key.startswith(prefix)}
        if not metadata["annotations"]:
            del metadata["annotations"]
    return partial


def row(kind: Kind, columns: Sequence[Column], body: Body, version: str, now: float, include: str) -> dict[str, Any]:
    """A TableRow; `include` is includeObject: None, Metadata (default) or Object."""
    entry: dict[str, Any] = {"cells": cells(columns, body, now)}
    if include == "Object":
        entry["object"] = body
    elif include != "None":
        entry["object"] = _true_annotations(partial_metadata(body, version), kind)
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
        "rows": [row(kind, columns, body, version, now, include) for body in bodies],
    }
