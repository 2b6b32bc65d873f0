"""Validation of Jobs (upstream: batch/validation)."""

from __future__ import annotations

from kfast.api.kind import Body, FieldError


def validate_job(job: Body) -> list[FieldError]:
    """All rules of a Job."""
    return []


def validate_job_update(new: Body, old: Body) -> list[FieldError]:
    """What may not change."""
    return []
