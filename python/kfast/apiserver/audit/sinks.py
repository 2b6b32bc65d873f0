"""Where audit events go: at once, or in batches behind the requests (upstream: audit backends and `buffered`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from kfast.api.kind import Body
from kfast.apiserver.audit.metrics import AuditMetrics
from kfast.clock import Clock
from kfast.config import AuditBatchConfig

_log = logging.getLogger(__name__)

Deliver = Callable[[Sequence[Body]], Awaitable[bool]]
"""Brings events to their place; whether they got there."""


class Sink(Protocol):
    """One backend of the audit log."""

    @property
    def strict(self) -> bool:
        """Whether a request fails whose first event is not stored."""
        ...

    def write(self, event: Body) -> None:
        """Takes an event."""
        ...

    async def settled(self) -> bool:
        """Returns when what requests wait for is done; False if it failed."""
        ...

    async def close(self) -> None:
        """Returns when all events are delivered or lost."""
        ...


class Immediate:
    """Events are written where they come up."""

    def __init__(self, write: Callable[[Body], bool], strict: bool, finish: Callable[[], None]) -> None:
        self.strict = strict
        self._finish = finish
        self._write = write
        self._well = True

    def write(self, event: Body) -> None:
        """Writes the event."""
        self._well = self._write(event)

    async def settled(self) -> bool:
        """Whether the last event was written."""
        return self._well

    async def close(self) -> None:
        """Nothing is left."""
        self._finish()


class Blocking:
    """Events are delivered before their requests are answered."""

    def __init__(self, deliver: Deliver, strict: bool) -> None:
        self.strict = strict
        self._deliver = deliver
        self._waiting: list[Body] = []
        self._late: set[asyncio.Task[bool]] = set()

    def write(self, event: Body) -> None:
        """To be followed by `settled`; else, as at the end of a watch, it is delivered soon."""
        self._waiting.append(event)
        if len(self._waiting) == 1:
            task = asyncio.get_running_loop().create_task(self.settled())
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    async def settled(self) -> bool:
        """Delivers what is waiting."""
        events, self._waiting = self._waiting, []
        return await self._deliver(events) if events else True

    async def close(self) -> None:
        """Delivers the rest."""
        await self.settled()
        await asyncio.gather(*self._late)


class Batched:
    """Events are collected and delivered behind the requests; those that find the buffer full are lost."""

    strict = False

    def __init__(
        self,
        deliver: Deliver,
        config: AuditBatchConfig,
        clock: Clock,
        metrics: AuditMetrics,
        finish: Callable[[], None] = lambda: None,
    ) -> None:
        self._metrics = metrics
        self._finish = finish
        self._deliver = deliver
        self._config = config
        self._clock = clock
        self._events: list[Body] = []
        self._news = asyncio.Event()
        self._full = asyncio.Event()
        self._closing = False
        self._sending: set[asyncio.Task[bool]] = set()
        self._tokens, self._counted = float(config.throttle_burst), clock.monotonic()
        self._task: asyncio.Task[None] | None = None

    def write(self, event: Body) -> None:
        """Queues the event."""
        if len(self._events) >= self._config.buffer_size or self._closing:
            why = "audit backend shut down" if self._closing else "audit buffer queue blocked"
            self._metrics.errors.add(("buffered",))
            _log.error("an audit event of %s is lost: %s", event.get("requestURI"), why)
            return
        self._events.append(event)
        self._news.set()
        if len(self._events) >= self._config.max_size:
            self._full.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def settled(self) -> bool:
        """Nobody waits for batches."""
        return True

    async def close(self) -> None:
        """Sends the rest."""
        self._closing = True
        self._news.set()
        self._full.set()
        if self._task is not None:
            await self._task
        await asyncio.gather(*self._sending)
        self._finish()

    async def _run(self) -> None:
        while self._events or not self._closing:
            await self._news.wait()
            try:
                async with asyncio.timeout(self._config.max_wait):
                    await self._full.wait()
            except TimeoutError:
                pass
            batch, self._events = self._events[: self._config.max_size], self._events[self._config.max_size :]
            if not self._closing:
                if not self._events:
                    self._news.clear()
                if len(self._events) < self._config.max_size:
                    self._full.clear()
            if batch:
                await self._send(batch)

    async def _send(self, batch: Sequence[Body]) -> None:
        if not self._config.throttle_qps:
            await self._deliver(batch)
            return
        await self._turn()
        task = asyncio.get_running_loop().create_task(_delivered(self._deliver, batch))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _turn(self) -> None:
        """Returns when the batch may be sent: a token bucket."""
        config, now = self._config, self._clock.monotonic()
        gained = (now - self._counted) * config.throttle_qps
        self._tokens, self._counted = min(self._tokens + gained, config.throttle_burst), now
        self._tokens -= 1
        if self._tokens < 0:
            await self._clock.sleep(-self._tokens / config.throttle_qps)


async def _delivered(deliver: Deliver, batch: Sequence[Body]) -> bool:
    return await deliver(batch)
