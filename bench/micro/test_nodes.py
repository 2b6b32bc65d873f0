"""Simulated nodes: registering many, heartbeats, pods from ContainerCreating to Running, a fresh cluster."""

import asyncio
from typing import Any

import pytest

from kfast.api.catalog import kind
from kfast.cluster import ControlPlane
from kfast.config import ClusterConfig
from kfast.testing import cluster, run_cluster

NODES, PODS = 1000, 1000


def test_a_fresh_cluster(benchmark: Any) -> None:
    def once() -> None:
        with cluster():
            pass

    benchmark(once)


def test_register(benchmark: Any) -> None:
    async def once() -> None:
        async with ControlPlane(ClusterConfig(nodes=NODES)):
            pass

    benchmark.pedantic(lambda: asyncio.run(once()), rounds=3)


@pytest.mark.parametrize("seconds", [60])
def test_heartbeats(benchmark: Any, seconds: int) -> None:
    async def once(_: ControlPlane) -> None:
        await asyncio.sleep(seconds)

    benchmark.pedantic(lambda: run_cluster(once, nodes=NODES), rounds=3)


def test_pods_start(benchmark: Any) -> None:
    body = {"spec": {"containers": [{"name": "c", "image": "i"}]}}

    async def once(plane: ControlPlane) -> None:
        for number in range(PODS):
            await plane.client.create(kind("Pod"), {"metadata": {"name": f"p{number}"}, **body}, "default")
        await asyncio.sleep(5)
        found = (await plane.client.list(kind("Pod"), "default")).objects
        assert all(p.get("status", "phase") == "Running" for p in found)

    benchmark.pedantic(lambda: run_cluster(once, nodes=100), rounds=3)
