"""Virtual time passes only in jumps, in order."""

import asyncio
import time

import pytest

from kfast.clock import LoopClock
from kfast.testing.virtual_time import run_virtual


def test_an_hour_passes_at_once():
    async def main() -> tuple[float, float]:
        clock = LoopClock(start=1000.0)
        before = clock.now()
        await clock.sleep(3600)
        return before, clock.now()

    started = time.monotonic()
    before, after = run_virtual(main())
    assert (before, after) == (1000.0, pytest.approx(4600.0))
    assert time.monotonic() - started < 60


def test_timers_fire_in_order_of_their_time():
    async def main() -> list[int]:
        order: list[int] = []

        async def note(seconds: int) -> None:
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*(note(s) for s in (30, 10, 20)))
        return order

    assert run_virtual(main()) == [10, 20, 30]


def test_descriptors_still_wake_the_loop():
    async def main() -> bytes:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        data = await reader.read(2)
        writer.close()
        return data

    async def with_server() -> bytes:
        nonlocal server

        async def hello(_, writer):
            writer.write(b"hi")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(hello, "127.0.0.1", 0)
        async with server:
            return await main()

    server: asyncio.Server
    assert run_virtual(with_server()) == b"hi"
