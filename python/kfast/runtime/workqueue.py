"""The rate-limited work queue of controllers: a key is worked on by one worker at a time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

from kfast.clock import Clock

K = TypeVar("K", bound=Hashable)


class ExponentialBackoff(Generic[K]):
    """Delay per key: `first` * 2 ** failures, at most `last` (client-go's ItemExponentialFailureRateLimiter)."""

    def __init__(self, first: float = 0.005, last: float = 1000.0) -> None:
        self._first = first
        self._last = last
        self._failures: dict[K, int] = {}

    def when(self, key: K) -> float:
        """Seconds to wait after one more failure of `key`."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        return min(self._first * 2.0 ** min(failures, 64), self._last)

    def forget(self, key: K) -> None:
        """`key` succeeded."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """How often `key` failed in a row."""
        return self._failures.get(key, 0)


class TokenBucket:
    """`rate` a second on average, `burst` at once; a caller is told how long to wait for its token."""

    def __init__(self, clock: Clock, rate: float = 10.0, burst: int = 100) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._last = clock.monotonic()

    def reserve(self) -> float:
        """Takes a token, perhaps of the future; the seconds until it is there."""
        self._refill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def accept(self) -> bool:
        """Takes a token if there is one."""
        self._refill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _refill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(float(self._burst), self._tokens + (now - self._last) * self._rate)
        self._last = now


class WorkQueue(Generic[K]):
    """Keys to work on, in order of arrival. A key added while it is worked on is handed out again after `done`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: asyncio.Queue[K] = asyncio.Queue()
        self._dirty: set[K] = set()
        self._processing: set[K] = set()
        self._backoff: ExponentialBackoff[K] = ExponentialBackoff()
        self._bucket = TokenBucket(clock)
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = itertools.count()
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = 0.0

    def __len__(self) -> int:
        return self._ready.qsize()

    @property
    def idle(self) -> bool:
        """Nothing is queued or worked on; delayed keys do not count."""
        return not self._dirty and not self._processing

    def add(self, key: K) -> None:
        """Queues `key` unless it is queued already."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._ready.put_nowait(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Adds `key` when `seconds` have passed; of several delays of one key the earliest counts."""
        if seconds <= 0:
            self.add(key)
            return
        at = self._clock.monotonic() + seconds
        if at >= self._due.get(key, float("inf")):
            return
        self._due[key] = at
        heapq.heappush(self._heap, (at, next(self._order), key))
        self._arm()

    def add_rate_limited(self, key: K) -> None:
        """Adds `key` after its backoff, or when the queue's overall rate allows it if that is later."""
        self.add_after(key, max(self._backoff.when(key), self._bucket.reserve()))

    def forget(self, key: K) -> None:
        """Resets the backoff of `key`."""
        self._backoff.forget(key)

    def failures(self, key: K) -> int:
        """Rate-limited additions of `key` since it was last forgotten."""
        return self._backoff.failures(key)

    async def get(self) -> K:
        """The next key; hand it back with `done`."""
        key = await self._ready.get()
        self._processing.add(key)
        self._dirty.discard(key)
        return key

    def done(self, key: K) -> None:
        """The work on `key` ended, well or not."""
        self._processing.discard(key)
        if key in self._dirty:
            self._ready.put_nowait(key)

    def close(self) -> None:
        """Stops the timer of delayed keys; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        """Keeps one timer, set to the earliest delayed key."""
        at = self._heap[0][0]
        if self._timer is not None and not self._timer.done() and self._timer_at <= at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.get_running_loop().create_task(self._release())

    async def _release(self) -> None:
        while self._heap:
            self._timer_at = self._heap[0][0]
            if (wait := self._timer_at - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
                continue
            at, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == at:
                del self._due[key]
                self.add(key)
