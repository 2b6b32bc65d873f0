"""The same workload without a socket: the in-process client on the very same handlers."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from kfast.api.core.namespace import KIND as NAMESPACE_KIND
from kfast.api.core.pod import KIND as POD
from kfast.bench.api import NAMESPACE, Figure, Plan, pod
from kfast.client.client import Client
from kfast.cluster import ControlPlane
from kfast.config import ClusterConfig
from kfast.errors import StatusError
from kfast.meta.exchange import Binding, Outcomes

_WATCHERS = 1000
_STARTS = 5
_BATCH, _BATCHES = 1000, 5


async def measure(plan: Plan, report: Callable[[Figure], None]) -> list[Figure]:
    """Start of a cluster with three nodes, then create, get, list and watch on a SQLite store without nodes."""
    figures = [await _start()]
    with tempfile.TemporaryDirectory(prefix="kfast-bench-") as directory:
        async with ControlPlane(ClusterConfig(nodes=0, data_dir=Path(directory))) as cluster:
            client = cluster.client
            await client.create(NAMESPACE_KIND, {"metadata": {"name": NAMESPACE}})
            figures.append(await _create(client, plan))
            figures += await _batches(client)
            figures.append(await _get(client, plan))
            figures += await _lists(client, plan)
            figures.append(await _watch(client, plan))
    for figure in figures:
        report(figure)
    return figures


async def _start() -> Figure:
    times = []
    for _ in range(_STARTS):
        started = time.perf_counter()
        cluster = ControlPlane(ClusterConfig(nodes=3))
        await cluster.start()
        times.append((time.perf_counter() - started) * 1000)
        await cluster.stop()
    return Figure("in process: cluster of 3 nodes, start", ms=statistics.median(times), note="memory, imports done")


async def _create(client: Client, plan: Plan) -> Figure:
    numbers = iter(range(plan.pods))

    async def worker() -> None:
        for number in numbers:
            await client.create(POD, pod(number), NAMESPACE)

    rate = await _rate(plan.pods, [worker() for _ in range(plan.connections)])
    return Figure("in process: create Pod", per_second=rate, note="SQLite")


async def _batches(client: Client) -> list[Figure]:
    """Creates and bindings of thousands of pods, in batches."""
    figures = []
    namespace = f"{NAMESPACE}-batches"  # the figures that follow count the pods of the other one
    await client.create(NAMESPACE_KIND, {"metadata": {"name": namespace}})
    pods = [pod(number) for number in range(_BATCHES * _BATCH)]
    for number, body in enumerate(pods):
        body["metadata"]["name"] = f"batch-{number}"
    bindings = [Binding(namespace, f"batch-{number}", "", f"node-{number % 100}") for number in range(len(pods))]

    async def create() -> None:
        for at in range(0, len(pods), _BATCH):
            _raise_first(await client.create_many(POD, pods[at : at + _BATCH], namespace, objects=False))

    async def bind() -> None:
        for at in range(0, len(bindings), _BATCH):
            _raise_first(await client.bind_many(bindings[at : at + _BATCH]))

    for name, work in (("create", create), ("bind", bind)):
        rate = await _rate(len(pods), [work()])
        figures.append(Figure(f"in process: {name} Pods, {_BATCH} at a time", per_second=rate, note="SQLite"))
    return figures


def _raise_first(outcomes: Outcomes) -> None:
    for outcome in outcomes:
        if isinstance(outcome, StatusError):
            raise outcome


async def _get(client: Client, plan: Plan) -> Figure:
    count = 20_000
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await client.get(POD, f"pod-{number * 7919 % plan.pods}", NAMESPACE)

    return Figure("in process: GET Pod", per_second=await _rate(count, [worker()]))


async def _lists(client: Client, plan: Plan) -> list[Figure]:
    figures = []
    for name, selectors in (
        (f"LIST {plan.pods} pods", {}),
        ("LIST by label", {"label_selector": "rare=yes"}),
        ("LIST by field", {"field_selector": "spec.nodeName=none"}),
    ):
        times = []
        for _ in range(7):
            started = time.perf_counter()
            await client.list(POD, NAMESPACE, **selectors)  # type: ignore[arg-type]
            times.append((time.perf_counter() - started) * 1000)
        figures.append(Figure(f"in process: {name}", ms=statistics.median(times)))
    return figures


async def _watch(client: Client, plan: Plan) -> Figure:
    present = await client.list(POD, NAMESPACE, limit=1)
    seen = 0
    changed = asyncio.Event()

    async def follow() -> None:
        nonlocal seen
        watch = client.open_watch(POD, NAMESPACE, resource_version=str(present.revision))
        try:
            async for batch in watch:
                seen += len(batch)
                changed.set()
        finally:
            watch.close()

    tasks = [asyncio.create_task(follow()) for _ in range(_WATCHERS)]
    await asyncio.sleep(0.1)
    started = time.perf_counter()
    for number in range(plan.events):
        await client.patch(POD, "pod-0", {"metadata": {"annotations": {"n": str(number)}}}, NAMESPACE)
        while seen < (number + 1) * _WATCHERS:
            changed.clear()
            await changed.wait()
    rate = _WATCHERS * plan.events / (time.perf_counter() - started)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Figure(f"in process: watch, {_WATCHERS} watchers", per_second=rate, note="deliveries of handles")


async def _rate(count: int, workers: list[Awaitable[None]]) -> float:
    started = time.perf_counter()
    await asyncio.gather(*workers)
    return count / (time.perf_counter() - started)
