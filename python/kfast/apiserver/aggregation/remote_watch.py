"""A watch of a remote API server's, for a caller in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from kfast._core import CoreError, Object, read_event
from kfast.apiserver.status_errors import internal
from kfast.meta.exchange import Stream


class RemoteWatch:
    """Events out of a stream of lines (`meta.exchange.EventSource`); what is none ends the watch with an ERROR."""

    def __init__(self, stream: Stream) -> None:
        self._chunks = stream.chunks
        self._reading: asyncio.Task[bytes | None] | None = None
        self._closed = False

    def close(self) -> None:
        """Ends the iteration; idempotent."""
        self._closed = True
        if self._reading is not None:
            self._reading.cancel()

    async def __aiter__(self) -> AsyncIterator[Sequence[tuple[str, Object]]]:
        rest = b""
        try:
            while not self._closed and (chunk := await self._next()) is not None:
                whole, newline, tail = chunk.rpartition(b"\n")
                if not newline:
                    rest += chunk
                    continue
                lines, rest = (rest + whole).split(b"\n"), tail
                if events := [read_event(line) for line in lines if line]:
                    yield events
        except (CoreError, ValueError) as error:
            status = internal(f"unable to decode an event from the watch stream: {error}")
            yield [("ERROR", Object.parse(msgspec.json.encode(status.to_dict())))]
        except OSError:
            return  # as when the server ends it: the client watches again
        finally:
            await self._chunks.aclose()

    async def _next(self) -> bytes | None:
        """None at the end, and when closed."""
        self._reading = asyncio.ensure_future(anext(self._chunks, None))
        try:
            return await self._reading
        except asyncio.CancelledError:
            if self._closed and self._reading.cancelled():
                return None
            raise
