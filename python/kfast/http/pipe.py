"""What one of several streams of a connection has received and nobody has read yet."""

from __future__ import annotations

import asyncio
from collections import deque

_MUCH = 256 * 1024
"""Unread bytes after which whoever feeds has to wait."""


class Inbox:
    """Bytes fed on one side, read on the other."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._changed: asyncio.Event = asyncio.Event()
        self._room: asyncio.Event = asyncio.Event()

    async def feed(self, data: bytes) -> None:
        """Adds bytes; waits while many are unread. What comes after the end is dropped."""
        while self._size > _MUCH and not self._ended:
            self._room.clear()
            await self._room.wait()
        if data and not self._ended:
            self._chunks.append(data)
            self._size += len(data)
            self._changed.set()

    def end(self) -> None:
        """Nothing more will come; idempotent."""
        self._ended = True
        self._changed.set()
        self._room.set()

    async def read(self) -> bytes:
        """The next bytes; empty at the end."""
        while not self._chunks:
            if self._ended:
                return b""
            self._changed.clear()
            await self._changed.wait()
        chunk = self._chunks.popleft()
        self._size -= len(chunk)
        self._room.set()
        return chunk
