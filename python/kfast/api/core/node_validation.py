"""Validation of Nodes (upstream: core/validation.ValidateNode)."""

from __future__ import annotations

from kfast.api.kind import Body, FieldError


def validate_node(node: Body) -> list[FieldError]:
    """All rules of a Node."""
    return []


def validate_node_update(new: Body, old: Body) -> list[FieldError]:
    """What may not change."""
    return []
