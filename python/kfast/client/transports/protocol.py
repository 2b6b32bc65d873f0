"""The contract of every transport."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kfast.meta.exchange import Binding, Outcomes, Request, Response


class Transport(Protocol):
    """Carries requests to one API server as one identity."""

    async def send(self, request: Request) -> Response:
        """The answer, whatever its status. A watch is answered by an `EventSource` as soon as it is accepted.
        Raises TransportError if there was no answer."""
        ...

    async def create_many(self, path: str, bodies: Sequence[bytes], agent: str, objects: bool) -> Outcomes | None:
        """POSTs of JSON bodies to one collection, all at once; the objects only if wanted. None if the transport has no
        such way: requests one by one do the same."""
        ...

    async def bind_many(self, bindings: Sequence[Binding]) -> Outcomes | None:
        """Bindings of pods, all at once; None if the transport has no such way."""
        ...

    async def close(self) -> None:
        """Gives connections up; idempotent."""
        ...
