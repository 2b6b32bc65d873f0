"""An event loop whose time jumps to the next timer when nothing else is ready."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type, unused-ignore]
    """Polls instead of waiting and reports the wait it was spared."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0
        self.held = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.held:
            return self._wait(timeout)
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            # No timer is set: only the outside world can go on.
            return super().select(None)
        self.elapsed += timeout
        return ready

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        started = time.monotonic()
        ready = super().select(timeout)
        passed = time.monotonic() - started
        self.elapsed += passed if ready or timeout is None else max(passed, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Starts at time 0. A sleep of an hour returns at once with the loop's clock an hour later.

    File descriptors are still polled, so a store's wake-ups arrive; anything that waits for another thread without a
    descriptor does not hold time back, unless under `real_time`.
    """

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds of virtual time since the loop was made."""
        return self._jumping.elapsed

    @contextmanager
    def real_time(self) -> Iterator[None]:
        """While held, this loop's time passes as real time does (see `kfast.clock.real_time`)."""
        self._jumping.held += 1
        try:
            yield
        finally:
            self._jumping.held -= 1


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
