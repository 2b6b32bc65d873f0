"""What a writer does that lost a race for an object: wait until the faster write can be read, and not for ever."""

from __future__ import annotations

import asyncio

from kfast.apiserver.backend import Backend
from kfast.apiserver.status_errors import deadline_exceeded
from kfast.store.protocol import AbsentError, ModifiedError

REQUEST_SECONDS = 60.0
"""What a request may take in all, as upstream's --request-timeout."""
_COMMIT_SECONDS = 1.0
"""A write that was faster and has not become readable by then has failed."""


class Contention:
    """The lost races of one request. Nothing is counted, and no time read, before the first."""

    __slots__ = ("_backend", "_deadline")

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._deadline = 0.0

    async def lost(self, error: ModifiedError | AbsentError) -> None:
        """Returns when it is worth trying again. Raises StatusError 504 when the request's time is up."""
        now = self._backend.clock.monotonic()
        self._deadline = self._deadline or now + REQUEST_SECONDS
        if now >= self._deadline:
            raise deadline_exceeded()
        if isinstance(error, ModifiedError):
            await self._backend.store.wait_revision(error.current.revision, _COMMIT_SECONDS)
        await asyncio.sleep(0)
