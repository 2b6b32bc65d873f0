"""Cluster IPs of one address family, from the service CIDR (upstream's ipallocator)."""

from __future__ import annotations

import ipaddress
import random

from kfast.apiserver.allocators.pool import FullError, Pool, TakenError

_STATIC_MINIMUM, _STATIC_MAXIMUM, _STATIC_SHARE = 16, 256, 16


class AllocationError(ValueError):
    """Why an address or port cannot be had, in upstream's words."""


class ClusterIPs:
    """Addresses of `cidr`; network and broadcast address are never given."""

    def __init__(self, cidr: str, rng: random.Random) -> None:
        self._network = ipaddress.ip_network(cidr)
        total = self._network.num_addresses
        self._first = int(self._network.network_address) + 1
        self._pool = Pool(max(total - 2, 0), _static_band(total), rng)
        self.family = "IPv6" if self._network.version == 6 else "IPv4"

    def take(self, address: str) -> None:
        """Reserves a given address. Raises AllocationError."""
        number = self._number(address)
        if number is None:
            raise AllocationError("the provided network does not match the current range")
        try:
            self._pool.take(number)
        except TakenError:
            raise AllocationError("provided IP is already allocated") from None

    def take_any(self) -> str:
        """Reserves some address. Raises AllocationError."""
        try:
            number = self._pool.take_any()
        except FullError:
            raise AllocationError("range is full") from None
        return str(ipaddress.ip_address(self._first + number))

    def give_back(self, address: str) -> None:
        """Frees an address; foreign ones are ignored."""
        number = self._number(address)
        if number is not None:
            self._pool.give_back(number)

    def __contains__(self, address: str) -> bool:
        number = self._number(address)
        return number is not None and number in self._pool

    def _number(self, address: str) -> int | None:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return None
        number = int(ip) - self._first
        if ip not in self._network or not 0 <= number < self._network.num_addresses - 2:
            return None
        return number


def _static_band(total: int) -> int:
    """min(max(16, total/16), 256), nothing of ranges below 16 (KEP-3070)."""
    if total <= _STATIC_MINIMUM:
        return 0
    return min(max(_STATIC_MINIMUM, total // _STATIC_SHARE), _STATIC_MAXIMUM)
