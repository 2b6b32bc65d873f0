"""Time as an argument: everything that waits or stamps takes a `Clock`, so tests can own time."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Wall time, monotonic time and sleeping, all in seconds."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow; the origin is arbitrary."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns after `seconds`; 0 or less only yields."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """asyncio's sleep."""
        await asyncio.sleep(max(0.0, seconds))


class LoopClock:
    """Time as the running event loop counts it, from `start` (epoch seconds): for virtual-time loops."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._start = start

    def now(self) -> float:
        """`start` plus the loop's time."""
        return self._start + asyncio.get_running_loop().time()

    def monotonic(self) -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """asyncio's sleep, on the loop's time."""
        await asyncio.sleep(max(0.0, seconds))


def real_time() -> AbstractContextManager[None]:
    """While held, the running loop's time passes as real time does: for waits on other processes and threads, which a
    loop in virtual time would not wait for."""
    hold: Callable[[], AbstractContextManager[None]] | None
    hold = getattr(asyncio.get_running_loop(), "real_time", None)
    return nullcontext() if hold is None else hold()


async def in_task() -> None:
    """Returns inside of a task. A plain read is begun outside of any; timeouts can only be set inside of one."""
    if asyncio.current_task() is None:
        await asyncio.sleep(0)


def rfc3339(epoch: float) -> str:
    """`metav1.Time`: UTC with seconds, e.g. 2026-01-02T03:04:05Z."""
    return _rfc3339(math.floor(epoch))


@lru_cache(maxsize=64)
def _rfc3339(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def rfc3339_micro(epoch: float) -> str:
    """`metav1.MicroTime`: UTC with microseconds."""
    seconds, micros = divmod(round(epoch * 1e6), 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{micros:06d}Z"


def parse_time(text: str) -> float:
    """Epoch seconds of an RFC 3339 time. Raises ValueError."""
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
