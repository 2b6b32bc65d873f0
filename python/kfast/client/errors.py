"""Errors of the client that are no answers of the API server."""

from __future__ import annotations

from kfast.errors import KfastError


class TransportError(KfastError):
    """The API server could not be reached or broke the connection off; whether a write took effect is unknown."""
