"""Clusters for tests: a fresh one in milliseconds, in real or in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kfast.clock import LoopClock
from kfast.cluster import Cluster, ControlPlane
from kfast.config import ClusterConfig
from kfast.testing.virtual_time import run_virtual

T = TypeVar("T")


@contextmanager
def cluster(*, nodes: int = 1, **options: Any) -> Iterator[Cluster]:
    """A cluster of its own in this process: in memory, without sockets unless `port` is given. Further options are
    those of `ClusterConfig`."""
    with Cluster(nodes=nodes, **options) as running:
        yield running


def run_cluster(scenario: Callable[[ControlPlane], Awaitable[T]], *, nodes: int = 1, **options: Any) -> T:
    """Runs `scenario` with a cluster in virtual time: a sleep of an hour takes as long as the work of that hour.

    `asyncio.sleep` and the cluster's clock share one time. The same scenario takes the same course each time.
    """

    async def main() -> T:
        async with ControlPlane(ClusterConfig(nodes=nodes, **options), LoopClock()) as plane:
            return await scenario(plane)

    return run_virtual(main())
