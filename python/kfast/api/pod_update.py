"""What may change in a pod (upstream: core/validation.ValidatePodUpdate)."""

from __future__ import annotations

from kfast.api.kind import Body, FieldError


def validate_pod_update(new: Body, old: Body) -> list[FieldError]:
    """Errors of the forbidden changes."""
    return []
