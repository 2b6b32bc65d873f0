"""What the scheduler writes: bindings in batches, everything else through a bounded pool."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from kfast._core import Decision
from kfast.client import Client, TransportError
from kfast.errors import StatusError
from kfast.meta.exchange import Binding

_log = logging.getLogger(__name__)

_WRITERS = 32
"""Single requests under way at once."""
_BINDERS = 4
"""Batches of bindings under way at once."""
_BATCH = 512
BACKLOG = 4096
"""Writes waiting beyond which no more decisions are made."""

Write = Callable[[], Awaitable[None]]
Bound = Callable[[Sequence[tuple[Decision, StatusError | TransportError | None]], float], None]
"""Told what became of pods, and how many seconds each took to bind."""


class Writers:
    """Does writes in the order they come, several at a time."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Write] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def __len__(self) -> int:
        return self._waiting.qsize()

    def start(self) -> None:
        """Begins to write."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._run(), name=f"scheduler writer {n}") for n in range(_WRITERS)]

    async def stop(self) -> None:
        """Ends at once; what waits is lost."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def put(self, write: Write) -> None:
        """Does `write` in its turn. An error of the API is a write not done: what it was about is tried again."""
        self._waiting.put_nowait(write)

    async def _run(self) -> None:
        while True:
            write = await self._waiting.get()
            try:
                await write()
            except (StatusError, TransportError) as error:
                _log.debug("%s", error)
            except Exception:
                _log.exception("a write of the scheduler failed")


class Binder:
    """Posts bindings, many at a time, and tells `bound` what became of them."""

    def __init__(self, client: Client, bound: Bound) -> None:
        self._client = client
        self._bound = bound
        self._waiting: deque[Decision] = deque()
        self._more = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self) -> None:
        """Begins to bind."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._run(), name=f"scheduler binder {n}") for n in range(_BINDERS)]

    async def stop(self) -> None:
        """Ends at once; what waits stays pending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def put(self, decisions: Sequence[Decision]) -> None:
        """Binds the pods to the nodes decided on."""
        self._waiting.extend(decisions)
        self._more.set()

    async def _run(self) -> None:
        while True:
            while not self._waiting:
                self._more.clear()
                await self._more.wait()
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            try:
                await self._bind(batch)
            except Exception:
                _log.exception("bindings failed")

    async def _bind(self, batch: list[Decision]) -> None:
        bindings = [Binding(d.namespace, d.name, d.uid, d.node or "") for d in batch]
        started = time.perf_counter()
        try:
            outcomes = await self._client.bind_many(bindings)
        except (TransportError, ExceptionGroup) as failure:
            error = _transport_error(failure)
            self._bound([(decision, error) for decision in batch], time.perf_counter() - started)
            return
        made = [(d, o if isinstance(o, StatusError) else None) for d, o in zip(batch, outcomes, strict=True)]
        self._bound(made, time.perf_counter() - started)


def _transport_error(failure: Exception) -> TransportError:
    """The first one in a group of requests done side by side. Raises what is no such group."""
    if isinstance(failure, TransportError):
        return failure
    for part in failure.exceptions if isinstance(failure, ExceptionGroup) else ():
        return _transport_error(part)
    raise failure
