"""Errors of the client that are no answers of the API server."""

from __future__ import annotations

from kfast.errors import KfastError


class TransportError(KfastError):
    """The API server could not be reached or broke the connection off; whether a write took effect is unknown."""


class KubeconfigError(KfastError):
    """A kubeconfig is unreadable, or names what it does not hold; the message says which file and entry."""
