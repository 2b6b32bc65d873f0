"""A connection as a watch feed sees it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kfast.http.connection import Connection


class ConnectionSink:
    """`watch_feed.Sink` on a connection."""

    __slots__ = ("_closed", "_connection", "_limit", "_size", "_write", "ended", "overflowed")

    def __init__(self, connection: Connection, transport: Any, limit: int) -> None:
        self._connection = connection
        self._write = transport.write
        self._size = transport.get_write_buffer_size
        self._limit = limit
        self._closed = transport.is_closing()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.overflowed = False

    def write(self, chunk: bytes) -> bool:
        """Sends a framed chunk; False if the peer is gone or too far behind."""
        if self._closed:
            return False
        if self._size() > self._limit:
            self.overflowed = True
            return False
        self._write(chunk)
        return True

    async def drain(self) -> None:
        """Returns once little is unsent."""
        with contextlib.suppress(ConnectionError):
            await self._connection.drain()

    def close(self) -> None:
        """Ends the stream; a peer that does not read is cut off, its unsent bytes with it."""
        self._closed = True
        if not self.ended.done():
            self.ended.set_result(None)
            if self.overflowed:
                self._connection.abort()
