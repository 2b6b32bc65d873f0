"""A connection as a channel: one that was upgraded, or one this side opened."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from kfast.http.outflow import Outflow

_MUCH = 256 * 1024
"""Unread bytes after which the peer has to wait."""


class Tunnel(Outflow):
    """`exchange.Channel` on a transport: the one it is made with, or the one it is connected to. `received` came before
    the tunnel was there; `lost` is told of the end."""

    def __init__(
        self, transport: Any = None, received: bytes = b"", lost: Callable[[Exception | None], None] | None = None
    ) -> None:
        super().__init__()
        self._transport = transport
        self._lost = lost
        self._chunks: deque[bytes] = deque([received] if received else [])
        self._size = len(received)
        self._ended = transport is not None and transport.is_closing()
        self._arrived: asyncio.Future[None] | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of the transport."""
        self._transport = transport

    async def read(self) -> bytes:
        """What comes next; empty at the end. One reader at a time."""
        while not self._chunks:
            if self._ended:
                return b""
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        chunk = self._chunks.popleft()
        self._size -= len(chunk)
        if self._paused and self._size < _MUCH // 2 and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()
        return chunk

    async def write(self, data: bytes) -> None:
        """Sends; returns when little is unsent. Raises ConnectionError."""
        if self._transport.is_closing():
            raise ConnectionResetError("the peer is gone")
        self._transport.write(data)
        await self.sent()

    async def finish(self) -> None:
        """Sends no more; over TLS there is no such thing. Idempotent."""
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        """Ends both directions once everything is sent; idempotent."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Of the transport."""
        self._chunks.append(data)
        self._size += len(data)
        if self._size > _MUCH and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The peer sends no more; it may still listen."""
        self._ended = True
        self._wake()
        return self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """The end: reads and writes end, too."""
        self._ended = True
        self._wake()
        self.resume_writing()
        if self._lost is not None:
            self._lost(exc)

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)
