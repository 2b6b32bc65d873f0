"""Pod addresses of one node: host numbers 2 to 254 of its /24, the longest unused first."""

from __future__ import annotations

from collections import deque


class PodNetwork:
    """Hands out addresses below `prefix` (three octets)."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._free: deque[int] | None = None
        self._taken: dict[str, str] = {}

    def address(self, uid: str) -> str:
        """The pod's address, the same each time; empty if the network is full."""
        known = self._taken.get(uid)
        if known is not None:
            return known
        free = self._hosts()
        if not free:
            return ""
        address = self._taken[uid] = f"{self._prefix}.{free.popleft()}"
        return address

    def claim(self, uid: str, address: str) -> None:
        """Notes an address given before a restart."""
        prefix, _, host = address.rpartition(".")
        free = self._hosts()
        if prefix == self._prefix and host.isdigit() and int(host) in free:
            free.remove(int(host))
            self._taken[uid] = address

    def release(self, uid: str) -> None:
        """The pod is gone; idempotent."""
        address = self._taken.pop(uid, None)
        if address is not None:
            self._hosts().append(int(address.rpartition(".")[2]))

    def _hosts(self) -> deque[int]:
        # Made on first use: most of many nodes never run a pod.
        if self._free is None:
            self._free = deque(range(2, 255))
        return self._free
