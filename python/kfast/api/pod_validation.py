"""Validation of pod specs (upstream: core/validation)."""

from __future__ import annotations

from typing import Any

from kfast.api.kind import FieldError


def validate_pod_metadata(metadata: dict[str, Any], path: str, errors: list[FieldError]) -> None:
    """Rules of a pod's annotations."""


def validate_pod_spec(spec: dict[str, Any], path: str, errors: list[FieldError]) -> None:
    """All rules of a pod spec."""
