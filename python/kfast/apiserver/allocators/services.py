"""Gives Services their cluster IPs and node ports and takes them back (`backend.Reservations` of `services`).

Which fields are inferred, kept or dropped follows upstream's pkg/registry/core/service/storage. What is taken is held
in memory and read from the stored Services on first use; a single apiserver owns the ranges.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec

from kfast.api.core.service_update import (
    has_node_ports,
    needs_health_check,
    normalize_cluster_ips,
    wants_node_ports,
)
from kfast.api.kind import Body, FieldError
from kfast.apiserver.allocators.cluster_ip import AllocationError, ClusterIPs
from kfast.apiserver.allocators.ip_families import NONE, init_ip_families
from kfast.apiserver.allocators.node_port import NodePorts
from kfast.apiserver.status_errors import internal, invalid
from kfast.config import NODE_PORTS, SERVICE_CIDR
from kfast.errors import StatusError
from kfast.store.protocol import Store

_json = msgspec.json.encode


class _Transaction:
    """What one write takes and would give back."""

    def __init__(self, owner: ServiceAllocator, dry_run: bool) -> None:
        self._owner = owner
        self._dry_run = dry_run
        self._taken_ips: list[str] = []
        self._taken_ports: list[int] = []
        self.released_ips: list[str] = []
        self.released_ports: list[int] = []

    def ip(self, address: str) -> str:
        """Takes `address`, or any if it is empty. Raises AllocationError."""
        if address:
            self._owner.ips.take(address)
        else:
            address = self._owner.ips.take_any()
        self._taken_ips.append(address)
        return address

    def port(self, port: int) -> int:
        """Takes `port`, or any if it is 0. Raises AllocationError."""
        if port and self._dry_run and not self._owner.ports.covers(port):
            return port  # validation tells whether it is a port at all
        if port:
            self._owner.ports.take(port)
        else:
            port = self._owner.ports.take_any()
        self._taken_ports.append(port)
        return port

    def settle(self, stored: bool) -> None:
        """Keeps what was taken, or undoes it."""
        ips, ports = (self.released_ips, self.released_ports) if stored else (self._taken_ips, self._taken_ports)
        for address in ips:
            self._owner.ips.give_back(address)
        for port in ports:
            self._owner.ports.give_back(port)


class ServiceAllocator:
    """The ranges of one cluster."""

    def __init__(
        self,
        store: Store,
        rng: random.Random,
        cidr: str = SERVICE_CIDR,
        node_ports: tuple[int, int] = NODE_PORTS,
    ) -> None:
        self._store = store
        self._restored = False
        self.ips = ClusterIPs(cidr, rng)
        self.ports = NodePorts(*node_ports, rng)

    def begin_create(self, new: Body, dry_run: bool) -> Callable[[bool], None]:
        """Fills in a new Service. Raises StatusError 422 or 500."""
        return self._begin(new, None, dry_run)

    def begin_update(self, new: Body, old: Body, dry_run: bool) -> Callable[[bool], None]:
        """Fills in a Service whose kind has prepared the update. Raises StatusError 422 or 500."""
        return self._begin(new, old, dry_run)

    def after_delete(self, old: Body) -> None:
        """Takes back what a removed Service had."""
        self._restore()
        spec = old.get("spec") or {}
        for address in _addresses(spec):
            self.ips.give_back(address)
        for port in _ports(spec):
            self.ports.give_back(port)

    def _begin(self, new: Body, old: Body | None, dry_run: bool) -> Callable[[bool], None]:
        self._restore()
        spec = new.setdefault("spec", {})
        before = (old.get("spec") or {}) if old is not None else None
        if before is None:
            normalize_cluster_ips(spec, None)
        name = (new.get("metadata") or {}).get("name") or ""
        init_ip_families(name, spec, before, self.ips.family)
        transaction = _Transaction(self, dry_run)
        try:
            self._cluster_ip(name, spec, before, transaction)
            self._node_ports(name, spec, before or {}, transaction)
            self._health_check_port(spec, before or {}, transaction)
        except StatusError:
            transaction.settle(False)
            raise
        return transaction.settle

    def _cluster_ip(self, name: str, spec: Body, before: Body | None, transaction: _Transaction) -> None:
        if before is not None and _needs_cluster_ip(before):
            if spec.get("type") == "ExternalName":
                transaction.released_ips += _addresses(before)
            return
        if not _needs_cluster_ip(spec):
            return
        wanted = (spec.get("clusterIPs") or [""])[0]
        try:
            address = transaction.ip(wanted)
        except AllocationError as error:
            if not wanted:
                raise internal(f"failed to allocate a serviceIP: {error}") from None
            raise _refused(
                name, "spec.clusterIPs", _text(spec["clusterIPs"]), f"failed to allocate IP {wanted}: {error}"
            ) from None
        spec["clusterIP"] = address
        spec["clusterIPs"] = [address]

    def _node_ports(self, name: str, spec: Body, before: Body, transaction: _Transaction) -> None:
        had = [port["nodePort"] for port in before.get("ports") or () if port.get("nodePort")]
        ports: list[Body] = spec.get("ports") or []
        if has_node_ports(spec):
            by_port: dict[int, int] = {}
            for index, port in enumerate(ports):
                if port.get("nodePort") or wants_node_ports(spec):
                    self._node_port(name, index, port, ports, by_port, had, transaction)
        kept = {port.get("nodePort") for port in ports} if has_node_ports(spec) else set()
        transaction.released_ports += [port for port in had if port not in kept]

    @staticmethod
    def _node_port(
        name: str,
        index: int,
        port: Body,
        ports: list[Body],
        by_port: dict[int, int],
        had: list[int],
        transaction: _Transaction,
    ) -> None:
        """One port's node port; the same port over TCP and UDP shares one."""
        wanted = port.get("nodePort") or 0
        number = port["port"]
        known = by_port.get(number)
        if known is not None and wanted in (0, known):
            port["nodePort"] = known
            return
        if wanted in had and wanted:
            by_port.setdefault(number, wanted)
            return
        if not wanted and not had:
            wanted = next((p["nodePort"] for p in ports if p["port"] == number and p.get("nodePort")), 0)
        try:
            port["nodePort"] = transaction.port(wanted)
        except AllocationError as error:
            if not wanted:
                raise internal(f"failed to allocate a nodePort: {error}") from None
            raise _refused(name, f"spec.ports[{index}].nodePort", str(wanted), str(error)) from None
        by_port.setdefault(number, port["nodePort"])

    @staticmethod
    def _health_check_port(spec: Body, before: Body, transaction: _Transaction) -> None:
        needed, needs = needs_health_check(before), needs_health_check(spec)
        if needs and not needed:
            wanted = spec.get("healthCheckNodePort") or 0
            try:
                spec["healthCheckNodePort"] = transaction.port(wanted)
            except AllocationError as error:
                what = f"requested HealthCheck NodePort {wanted}" if wanted else "a HealthCheck NodePort"
                raise internal(f"failed to allocate {what}: {error}") from None
        elif needed and not needs:
            port = before.get("healthCheckNodePort")
            if port:
                transaction.released_ports.append(port)

    def _restore(self) -> None:
        """Takes what the stored Services have; two with one address or port keep it both."""
        if self._restored:
            return
        self._restored = True
        for stored in self._store.list("services").objects:
            spec = stored.get("spec", default=None) or {}
            for address in _addresses(spec):
                if address not in self.ips:
                    self._take_stored(self.ips.take, address)
            for port in _ports(spec):
                if port not in self.ports:
                    self._take_stored(self.ports.take, port)

    @staticmethod
    def _take_stored(take: Callable[[Any], None], value: Any) -> None:
        try:
            take(value)
        except AllocationError:
            return  # outside the range since the range was changed: nobody else can get it


def _needs_cluster_ip(spec: Body) -> bool:
    """Neither ExternalName nor headless."""
    if spec.get("type") == "ExternalName":
        return False
    return spec.get("clusterIP") != NONE and (spec.get("clusterIPs") or [""])[0] != NONE


def _addresses(spec: Body) -> list[str]:
    listed = spec.get("clusterIPs") or [spec.get("clusterIP")]
    return [address for address in listed if address and address != NONE]


def _ports(spec: Body) -> list[int]:
    ports = [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]
    health = spec.get("healthCheckNodePort")
    return [*ports, health] if health else ports


def _text(value: Any) -> str:
    return _json(value).decode()


def _refused(name: str, path: str, value: str, why: str) -> StatusError:
    return invalid("", "Service", name, [FieldError(path, "FieldValueInvalid", f"Invalid value: {value}: {why}")])
