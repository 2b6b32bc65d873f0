"""Plain answers of a node's server, and the refusals that become them."""

from __future__ import annotations

from kfast.errors import KfastError
from kfast.meta.exchange import Response

PLAIN = "text/plain; charset=utf-8"


class RefusedError(KfastError):
    """A request the node does not answer as asked: HTTP code and text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def text(message: str, code: int = 200) -> Response:
    """A few words."""
    return Response(code, message.encode(), content_type=PLAIN)
