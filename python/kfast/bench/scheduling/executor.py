"""Runs a workload's operations on a target. Time is asyncio's: real, or virtual for the core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfast.bench.scheduling import objects, templates
from kfast.bench.scheduling.decode import WorkloadError
from kfast.bench.scheduling.objects import Batch, Json
from kfast.bench.scheduling.operations import (
    NAMELESS,
    Barrier,
    Churn,
    CreateAny,
    CreateNamespaces,
    CreateNodes,
    CreatePods,
    CreatePodSets,
    DeletePods,
    Operation,
    Sleep,
    StartCollectingMetrics,
    StopCollectingMetrics,
    UpdateAny,
)
from kfast.bench.scheduling.target import Target
from kfast.bench.scheduling.throughput import Point
from kfast.bench.scheduling.workload import Workload


@dataclass(slots=True)
class Executor:
    """One run of one workload."""

    workload: Workload
    target: Target
    measurements: list[list[Point]] = field(default_factory=list)
    """One per measured stretch."""
    _batches: list[Batch] = field(default_factory=list)
    _namespaces: set[str] = field(default_factory=set)
    _background: list[asyncio.Task[None]] = field(default_factory=list)
    _nodes: int = 0
    _collecting: bool = False

    async def run(self) -> None:
        """Every operation in order. Raises WorkloadError and WorkloadStuckError."""
        try:
            for index, operation in enumerate(self.workload.operations):
                await self._run(index, operation)
                for task in self._background:
                    if task.done():
                        task.result()
        finally:
            for task in self._background:
                task.cancel()
            await asyncio.gather(*self._background, return_exceptions=True)

    async def _run(self, index: int, operation: Operation) -> None:
        match operation:
            case CreateNodes():
                made = objects.nodes(operation, self._nodes, f"node-{index}-", self._directory)
                self._nodes += operation.count
                await self.target.put(made)
            case CreateNamespaces():
                await self._create_namespaces(operation)
            case CreatePods():
                await self._create_pods(operation, operation.namespace or NAMELESS.format(index=index))
            case CreatePodSets():
                for number in range(operation.count):
                    await self._create_pods(operation.create_pods_op, f"{operation.namespace_prefix}-{number}")
            case DeletePods():
                await self._delete_pods(operation)
            case Churn():
                await self._churn(operation, operation.namespace or NAMELESS.format(index=index))
            case Barrier():
                batches = self._select(operation.namespaces, operation.label_selector)
                await self.target.wait(batches, operation.stage_requirement)
            case Sleep():
                await asyncio.sleep(operation.duration)
            case StartCollectingMetrics():
                self._start_collecting(operation.namespaces, operation.label_selector)
            case StopCollectingMetrics():
                self._stop_collecting()
            case CreateAny():
                await self._ensure(operation.namespace)
                for number in range(operation.count):
                    made_any = self._any(operation.template_path, operation.namespace, number, operation.count)
                    await self.target.put([made_any])
            case UpdateAny():
                await self._update(operation)

    @property
    def _directory(self) -> Path:
        return self.workload.directory

    def _select(self, namespaces: list[str], selector: dict[str, str]) -> list[Batch]:
        return [b for b in self._batches if b.matches(namespaces, selector)]

    # Namespaces and single objects

    async def _create_namespaces(self, operation: CreateNamespaces) -> None:
        path = operation.namespace_template_path
        template = templates.load(self._directory / path) if path else None
        for number in range(operation.count):
            namespace: Json = {"kind": "Namespace", "metadata": {}}
            if template is not None:
                namespace = template.make(number, operation.count)
            name = f"{operation.prefix}-{number}"
            namespace.setdefault("apiVersion", "v1")
            namespace["metadata"]["name"] = name
            self._namespaces.add(name)
            await self.target.put([namespace])

    async def _ensure(self, namespace: str) -> None:
        if namespace and namespace not in self._namespaces:
            self._namespaces.add(namespace)
            await self.target.put([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}])

    def _any(self, path: str, namespace: str, index: int, count: int) -> Json:
        obj = templates.load(self._directory / path).make(index, count)
        obj.setdefault("apiVersion", "v1")
        if namespace:
            obj["metadata"]["namespace"] = namespace
        obj["metadata"].setdefault("name", f"{obj['metadata'].get('generateName', '')}{index}")
        return obj

    async def _update(self, operation: UpdateAny) -> None:
        for number in range(operation.count):
            if operation.update_per_second:
                await asyncio.sleep(1 / operation.update_per_second)
            obj = self._any(operation.template_path, operation.namespace, number, operation.count)
            await self.target.update(obj, operation.subresources)

    # Pods

    async def _create_pods(self, operation: CreatePods, namespace: str) -> None:
        await self._ensure(namespace)
        if operation.collect_metrics:
            self._start_collecting([namespace], {})
        if operation.steady_state:
            await self._steady(operation, namespace)
        else:
            made = await self._create_batch(operation, namespace)
            if not operation.skip_wait_to_completion:
                await self.target.wait([made], "Scheduled")
        if operation.collect_metrics:
            self._stop_collecting()

    async def _create_batch(self, operation: CreatePods, namespace: str) -> Batch:
        made = objects.batch(operation, namespace, self._directory)
        self._batches.append(made)
        await self.target.create(made)
        return made

    async def _steady(self, operation: CreatePods, namespace: str) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + operation.duration
        while loop.time() < until:
            made = await self._create_batch(operation, namespace)
            await self.target.wait([made], "Scheduled")
            await self._delete([made], 0)

    async def _delete_pods(self, operation: DeletePods) -> None:
        batches = self._select([operation.namespace], operation.label_selector)
        deleting = self._delete(batches, operation.delete_pods_per_second)
        if operation.skip_wait_to_completion:
            self._start(deleting)
        else:
            await deleting

    async def _delete(self, batches: list[Batch], per_second: int) -> None:
        for made in batches:
            self._batches.remove(made)
        for made in batches:
            for index in range(made.count):
                if per_second:
                    await asyncio.sleep(1 / per_second)
                await self.target.delete(made, index)

    # Churn

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._background.append(asyncio.get_running_loop().create_task(work))

    async def _churn(self, operation: Churn, namespace: str) -> None:
        await self._ensure(namespace)
        slots = operation.number if operation.mode == "recreate" else 0
        churners = [self._churner(path, namespace, slots) for path in operation.template_paths]
        self._start(self._churn_forever(operation, churners))

    @staticmethod
    async def _churn_forever(operation: Churn, churners: list[Callable[[int], Coroutine[Any, Any, None]]]) -> None:
        tick = 0
        while operation.mode == "recreate" or not operation.number or tick < operation.number:
            await asyncio.sleep(operation.interval_milliseconds / 1000)
            for churner in churners:
                await churner(tick)
            tick += 1

    def _churner(self, path: str, namespace: str, slots: int) -> Callable[[int], Coroutine[Any, Any, None]]:
        """Creates an object each time; with slots, every second turn of a slot deletes it again."""
        held: dict[int, Batch | Json] = {}
        template = templates.load(self._directory / path)
        kind = template.make(0, 1)["kind"]

        async def churn(tick: int) -> None:
            slot = tick % slots if slots else tick
            live = held.pop(slot, None)
            if isinstance(live, Batch):
                await self.target.delete(live, 0)
            elif live is not None:
                await self.target.remove(live)
            else:
                made = await create(tick)
                if slots:
                    held[slot] = made

        async def create(tick: int) -> Batch | Json:
            if kind == "Pod":
                pods = Batch(namespace, template, 1, {})
                await self.target.create(pods)
                return pods
            obj = self._any(path, "" if kind in _CLUSTER_SCOPED else namespace, tick, 1)
            await self.target.put([obj])
            return obj

        return churn

    # Measuring

    def _start_collecting(self, namespaces: list[str], selector: dict[str, str]) -> None:
        if self._collecting:
            raise WorkloadError(f"{self.workload.full_name}: a measurement begins before the last one has ended")
        self._collecting = True
        self.target.start_collecting(namespaces, selector)

    def _stop_collecting(self) -> None:
        if not self._collecting:
            raise WorkloadError(f"{self.workload.full_name}: a measurement ends that has not begun")
        self._collecting = False
        self.measurements.append(self.target.stop_collecting())


_CLUSTER_SCOPED = ("Node", "Namespace", "PersistentVolume", "StorageClass", "CSINode", "PriorityClass", "DeviceClass")
