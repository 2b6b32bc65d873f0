"""The in-process transport: calls the API server's handler and takes its handles, nothing is encoded."""

from __future__ import annotations

from collections.abc import Sequence

from kfast.meta.exchange import (
    BatchHandler,
    BindBatch,
    Binding,
    CreateBatch,
    Handler,
    Outcomes,
    Request,
    Response,
    User,
)


class LocalTransport:
    """Speaks to an API server of the same process as `user`, who is taken at his word."""

    def __init__(self, handler: Handler, user: User, batches: BatchHandler | None = None) -> None:
        self._handler = handler
        self._user = user
        self._batches = batches

    async def send(self, request: Request) -> Response:
        """The handler's own answer."""
        request.user = self._user
        request.native = True
        return await self._handler(request)

    async def create_many(self, path: str, bodies: Sequence[bytes], agent: str, objects: bool) -> Outcomes | None:
        """The server's own answer; None if it takes no batches."""
        if self._batches is None:
            return None
        return await self._batches(CreateBatch(path, bodies, self._user, agent, objects))

    async def bind_many(self, bindings: Sequence[Binding]) -> Outcomes | None:
        """The server's own answer; None if it takes no batches."""
        if self._batches is None:
            return None
        return await self._batches(BindBatch(bindings, self._user))

    async def close(self) -> None:
        """There is nothing to give up."""
