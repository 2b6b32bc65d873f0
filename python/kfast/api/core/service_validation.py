"""Validation of Services (upstream: core/validation.ValidateService)."""

from __future__ import annotations

from kfast.api.kind import Body, FieldError


def validate_service(service: Body) -> list[FieldError]:
    """All rules of a Service."""
    return []


def validate_service_update(new: Body, old: Body) -> list[FieldError]:
    """What may not change."""
    return []
