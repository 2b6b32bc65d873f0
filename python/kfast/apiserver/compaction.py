"""History is kept for five to ten minutes, as upstream's apiserver keeps it."""

from __future__ import annotations

from kfast.apiserver.background import Background
from kfast.clock import Clock
from kfast.store.protocol import Store


class Compactor:
    """Every `interval` seconds, forgets the history before the interval."""

    def __init__(self, store: Store, clock: Clock, interval: float) -> None:
        self._store = store
        self._clock = clock
        self._interval = interval
        self._background = Background()

    def start(self) -> None:
        """Begins; idempotent."""
        self._background.start("compactor", self._run)

    async def stop(self) -> None:
        """Ends; idempotent."""
        await self._background.stop()

    async def _run(self) -> None:
        while True:
            revision = self._store.revision
            await self._clock.sleep(self._interval)
            self._store.compact(revision)
