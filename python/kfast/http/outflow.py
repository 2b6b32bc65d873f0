"""What a protocol has written and the peer has not taken yet."""

from __future__ import annotations

import asyncio
from typing import Any


class Outflow(asyncio.Protocol):
    """A protocol whose writers wait while much is unsent."""

    _transport: Any = None

    def __init__(self) -> None:
        self._blocked = False
        self._writers = 0
        self._drained: asyncio.Future[None] | None = None

    @property
    def stuck(self) -> bool:
        """Whether a writer waits."""
        return self._writers > 0

    async def sent(self) -> None:
        """Returns once little is unsent, or the connection closes."""
        self._writers += 1
        try:
            while self._blocked and not self._transport.is_closing():
                if self._drained is None or self._drained.done():
                    self._drained = asyncio.get_running_loop().create_future()
                await asyncio.shield(self._drained)
        finally:
            self._writers -= 1

    def pause_writing(self) -> None:
        """Much is unsent."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Little is unsent."""
        self._blocked = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
