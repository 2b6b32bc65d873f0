"""Limits on what a request may carry, whichever transport brought it."""

from __future__ import annotations

from kfast.apiserver.status_errors import too_large_entity
from kfast.meta.exchange import Request

MAX_BODY = 3 * 1024 * 1024
"""Bytes, as upstream's --max-request-body-bytes."""


def check_limits(request: Request) -> None:
    """Raises StatusError 413."""
    if len(request.body) > MAX_BODY:
        raise too_large_entity(f"limit is {MAX_BODY}")
