"""History is kept for five to ten minutes, as upstream's apiserver keeps it."""

from __future__ import annotations

import asyncio

from kfast.clock import Clock
from kfast.store.protocol import Store


class Compactor:
    """Every `interval` seconds, forgets the history before the interval."""

    def __init__(self, store: Store, clock: Clock, interval: float) -> None:
        self._store = store
        self._clock = clock
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; idempotent."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="compactor")

    async def stop(self) -> None:
        """Ends; idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            revision = self._store.revision
            await self._clock.sleep(self._interval)
            self._store.compact(revision)
