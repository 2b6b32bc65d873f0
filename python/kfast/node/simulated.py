"""Simulated nodes: their names, addresses and networks, and the agent that runs them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import replace

from kfast.client import Client
from kfast.clock import Clock
from kfast.errors import KfastError
from kfast.http.server import HTTPServer, serve
from kfast.node.agent import NodeAgent
from kfast.node.pod_network import PodNetwork
from kfast.node.registration import NodeSpec
from kfast.node.runtimes.simulated import SimulatedRuntime
from kfast.node.simulation import Program

MAX_NODES = 32_768
"""As many /24 networks as 10.128.0.0/9 holds."""


class SimulatedNodes(NodeAgent):
    """`count` nodes named `<prefix>-0`, `<prefix>-1`, ...; `labels` and `capacity` are the same for all. `programs` are
    commands that simulated containers have besides the tools of `node/simulation`. `listen` is a port (0: a free one)
    and the TLS to serve the nodes' servers with: one socket for all, which tells them apart by their addresses."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        count: int,
        *,
        capacity: Mapping[str, str],
        prefix: str = "node",
        labels: Mapping[str, str] | None = None,
        events: bool = True,
        programs: Mapping[str, Program] | None = None,
        listen: tuple[int, ssl.SSLContext] | None = None,
    ) -> None:
        networks = {f"{prefix}-{number}": pod_network(number, count) for number in range(count)}
        specs = [
            NodeSpec(
                name=name,
                number=number,
                address=loopback_ip(number) if listen is not None else host_ip(number),
                hostname=loopback_ip(number) if listen is not None else "",
                pod_cidr=f"{network}.0/24",
                capacity=dict(capacity),
                labels=dict(labels or {}),
            )
            for number, (name, network) in enumerate(networks.items())
        ]
        pod_networks = {name: PodNetwork(network) for name, network in networks.items()}
        runtime = SimulatedRuntime(pod_networks, clock, programs)
        super().__init__(client, clock, specs, runtime, events=events)
        self._listen = listen
        self._http: HTTPServer | None = None

    async def start(self) -> None:
        """Listens, if that is asked for, before the nodes say where. Raises StatusError, OSError."""
        if self._listen is not None:
            port, tls = self._listen
            doors = {node.spec.address: self.server.handler(name) for name, node in self._nodes.items()}
            self._http = await serve(
                self.server.nobody, "0.0.0.0", port, tls, handlers=doors.get, may_take_long=lambda _: True
            )
            for node in self._nodes.values():
                node.spec = replace(node.spec, kubelet_port=self._http.port)
        await super().start()

    async def stop(self) -> None:
        """Idempotent."""
        await super().stop()
        if self._http is not None:
            await self._http.stop()
            self._http = None


def pod_network(index: int, total: int) -> str:
    """The first three octets of node `index`'s /24: in 10.244.0.0/16 up to 256 nodes, else in 10.128.0.0/9.
    Raises KfastError beyond MAX_NODES."""
    if total > MAX_NODES:
        raise KfastError(f"{total} simulated nodes: at most {MAX_NODES} have pod networks")
    high, low = divmod(index, 256)
    return f"10.244.{low}" if total <= 256 else f"10.{128 + high}.{low}"


def loopback_ip(index: int) -> str:
    """The address of a node that is reached over sockets: one of this machine's own, in 127.18.0.0/15 and up."""
    return f"127.{host_ip(index).partition('.')[2]}"


def host_ip(index: int) -> str:
    """The node's own address, in 172.16.0.0/12."""
    high, rest = divmod(index + 2, 65_536)
    return f"172.{18 + high}.{rest // 256}.{rest % 256}"
