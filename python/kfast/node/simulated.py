"""Simulated nodes: their names, addresses and networks, and the agent that runs them."""

from __future__ import annotations

from collections.abc import Mapping

from kfast.client import Client
from kfast.clock import Clock
from kfast.errors import KfastError
from kfast.node.agent import NodeAgent
from kfast.node.pod_network import PodNetwork
from kfast.node.registration import NodeSpec
from kfast.node.runtimes.simulated import SimulatedRuntime
from kfast.node.simulation import Program

MAX_NODES = 32_768
"""As many /24 networks as 10.128.0.0/9 holds."""


class SimulatedNodes(NodeAgent):
    """`count` nodes named `<prefix>-0`, `<prefix>-1`, ...; `labels` and `capacity` are the same for all. `programs` are
    commands that simulated containers have besides the tools of `node/simulation`."""

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
    ) -> None:
        networks = {f"{prefix}-{number}": pod_network(number, count) for number in range(count)}
        specs = [
            NodeSpec(
                name=name,
                number=number,
                address=host_ip(number),
                pod_cidr=f"{network}.0/24",
                capacity=dict(capacity),
                labels=dict(labels or {}),
            )
            for number, (name, network) in enumerate(networks.items())
        ]
        pod_networks = {name: PodNetwork(network) for name, network in networks.items()}
        runtime = SimulatedRuntime(pod_networks, clock, programs)
        super().__init__(client, clock, specs, runtime, events=events)


def pod_network(index: int, total: int) -> str:
    """The first three octets of node `index`'s /24: in 10.244.0.0/16 up to 256 nodes, else in 10.128.0.0/9.
    Raises KfastError beyond MAX_NODES."""
    if total > MAX_NODES:
        raise KfastError(f"{total} simulated nodes: at most {MAX_NODES} have pod networks")
    high, low = divmod(index, 256)
    return f"10.244.{low}" if total <= 256 else f"10.{128 + high}.{low}"


def host_ip(index: int) -> str:
    """The node's own address, in 172.16.0.0/12."""
    high, rest = divmod(index + 2, 65_536)
    return f"172.{18 + high}.{rest // 256}.{rest % 256}"
