"""Validation of Ingresses (upstream: networking/validation.ValidateIngressSpec)."""

from __future__ import annotations

from kfast.api.kind import Body, FieldError


def validate_ingress_spec(spec: Body, errors: list[FieldError]) -> None:
    """All rules of an Ingress."""
