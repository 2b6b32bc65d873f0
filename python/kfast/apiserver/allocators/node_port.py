"""Node ports, from one range (upstream's portallocator)."""

from __future__ import annotations

import random

from kfast.apiserver.allocators.cluster_ip import AllocationError
from kfast.apiserver.allocators.pool import FullError, Pool, TakenError

_STATIC_MINIMUM, _STATIC_MAXIMUM, _STATIC_SHARE = 16, 128, 32


class NodePorts:
    """Ports `first` to `last`."""

    def __init__(self, first: int, last: int, rng: random.Random) -> None:
        self._first, self._last = first, last
        self._pool = Pool(last - first + 1, _static_band(last - first + 1), rng)

    def covers(self, port: int) -> bool:
        """Whether the port is in the range."""
        return self._first <= port <= self._last

    def take(self, port: int) -> None:
        """Reserves a given port. Raises AllocationError."""
        if not self.covers(port):
            raise AllocationError(
                f"provided port is not in the valid range. The range of valid ports is {self._first}-{self._last}"
            )
        try:
            self._pool.take(port - self._first)
        except TakenError:
            raise AllocationError("provided port is already allocated") from None

    def take_any(self) -> int:
        """Reserves some port. Raises AllocationError."""
        try:
            return self._first + self._pool.take_any()
        except FullError:
            raise AllocationError("range is full") from None

    def give_back(self, port: int) -> None:
        """Frees a port; foreign ones are ignored."""
        self._pool.give_back(port - self._first)

    def __contains__(self, port: int) -> bool:
        return port - self._first in self._pool


def _static_band(size: int) -> int:
    """min(max(16, size/32), 128), nothing of ranges below 16 (KEP-3668)."""
    if size <= _STATIC_MINIMUM:
        return 0
    return min(max(_STATIC_MINIMUM, size // _STATIC_SHARE), _STATIC_MAXIMUM)
