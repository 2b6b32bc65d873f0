"""Many watch streams at once: counts the events that reach them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from kfast.bench.http_load import Target


class _Stream(asyncio.Protocol):
    def __init__(self, fan: WatchFan, request: bytes) -> None:
        self._fan = fan
        self._request = request
        self._last = b""
        self._opened = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        assert self.transport is not None
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._opened:
            self._opened = True
            self._fan.opened += 1
            self._fan.wake()
        # Every event is one line that ends in "}\n"; the mark may be cut between two reads.
        count = data.count(b"}\n") + (self._last == b"}" and data[:1] == b"\n")
        self._last = data[-1:]
        if count:
            self._fan.add(count)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fan.lost += 1
        self._fan.wake()


class WatchFan:
    """`count` streams of one watch path."""

    def __init__(self, target: Target, path: str, count: int) -> None:
        self.delivered = 0
        self.opened = 0
        self.lost = 0
        self._target = target
        self._path = path
        self._count = count
        self._goal = 0
        self._streams: list[_Stream] = []
        self._wake = asyncio.Event()

    def add(self, count: int) -> None:
        """So many events arrived."""
        self.delivered += count
        if self.delivered >= self._goal:
            self._wake.set()

    def wake(self) -> None:
        """A stream opened or ended."""
        self._wake.set()

    async def _until(self, ready: Callable[[], bool], timeout: float) -> None:
        async with asyncio.timeout(timeout):
            while not ready():
                if self.lost:
                    raise ConnectionError(f"{self.lost} of {self._count} watch streams were ended by the server")
                self._wake.clear()
                await self._wake.wait()

    async def open(self) -> None:
        """Opens all streams, 64 at a time, and waits for their headers."""
        loop = asyncio.get_running_loop()
        request = self._target.request("GET", self._path)
        for start in range(0, self._count, 64):
            made = await asyncio.gather(
                *(
                    loop.create_connection(
                        lambda: _Stream(self, request),
                        self._target.host,
                        self._target.port,
                        ssl=self._target.tls,
                    )
                    for _ in range(min(64, self._count - start))
                )
            )
            self._streams += [stream for _, stream in made]
        await self._until(lambda: self.opened == self._count, 120)

    async def measure(self, send: Callable[[], Awaitable[None]], events: int) -> float:
        """Deliveries a second: each of `events` is sent when all streams have the one before."""
        started = time.perf_counter()
        for _ in range(events):
            self._goal = self.delivered + self._count
            await send()
            await self._until(lambda: self.delivered >= self._goal, 60)
        return self._count * events / (time.perf_counter() - started)

    def close(self) -> None:
        """Ends all streams."""
        for stream in self._streams:
            if stream.transport is not None:
                stream.transport.abort()
