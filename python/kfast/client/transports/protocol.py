"""The contract of every transport."""

from __future__ import annotations

from typing import Protocol

from kfast.meta.exchange import Request, Response


class Transport(Protocol):
    """Carries requests to one API server as one identity."""

    async def send(self, request: Request) -> Response:
        """The answer, whatever its status. A watch is answered by an `EventSource` as soon as it is accepted.
        Raises TransportError if there was no answer."""
        ...

    async def close(self) -> None:
        """Gives connections up; idempotent."""
        ...
