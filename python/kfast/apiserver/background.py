"""Tasks that run beside the handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


class Background:
    """The tasks of one component."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, run: Callable[[], Coroutine[None, None, None]]) -> None:
        """Begins a task, unless it runs already."""
        if name not in self._tasks:
            self._tasks[name] = asyncio.get_running_loop().create_task(run(), name=name)

    async def stop(self) -> None:
        """Ends all of them; idempotent."""
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
