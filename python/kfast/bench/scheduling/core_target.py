"""The scheduler core alone, in memory and in virtual time.

Counted pods arrive at a fixed rate of virtual time, so that churn meets as many pods as on a real cluster; what is
measured is the core's own time: deciding, and taking in what happens meanwhile (churned objects, deletions, updates).
Reading the JSON of new pods and of confirmed bindings is not part of it; `seconds` has both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import msgspec

from kfast._core import Object, Scheduler, SchedulerDriver
from kfast.bench.scheduling.objects import Batch, Json
from kfast.bench.scheduling.target import Stage, WorkloadStuckError
from kfast.bench.scheduling.throughput import Point
from kfast.scheduler.inputs import INPUTS

ARRIVALS = 500
"""Counted pods a virtual second: about what upstream schedules, so its churn per pod is upstream's."""
_TICK = 0.1
_PATIENCE = 600.0
_SLICE = 5000

Progress = Callable[[int], None]


class CoreTarget:
    """A scheduler core. `progress` hears how many counted pods are bound."""

    def __init__(self, progress: Progress, seed: int = 0) -> None:
        self.core = Scheduler(seed=seed)
        self.driver = SchedulerDriver(self.core)
        self._progress = progress
        self._inputs = {i.kind.kind: i for i in INPUTS}
        self._counting: tuple[list[str], dict[str, str]] | None = None
        self._named: dict[tuple[str, str], int] = {}
        self._points: list[Point] = []
        self._bound = 0

    async def put(self, objects: Iterable[Json]) -> None:
        """Tells the core of objects; kinds it does not follow mean nothing to it."""
        for obj in objects:
            self._tell(obj, removed=False)

    async def update(self, obj: Json, subresources: list[str]) -> None:
        """Replaces an object."""
        if obj["kind"] != "Pod":
            self._tell(obj, removed=False)
            return
        number = self._named[obj["metadata"]["namespace"], obj["metadata"]["name"]]
        self.driver.replace(number, _text(obj), self._now())

    async def remove(self, obj: Json) -> None:
        """Deletes an object."""
        self._tell(obj, removed=True)

    def _tell(self, obj: Json, *, removed: bool) -> None:
        known = self._inputs.get(obj["kind"])
        if known is None:
            return
        if obj["kind"] == "Node":
            # The API server's default.
            obj["status"].setdefault("allocatable", obj["status"].get("capacity", {}))
        handle = Object.parse(msgspec.json.encode(obj))
        started = time.perf_counter()
        (known.remove if removed else known.put)(self.core, handle, self._now())
        if self._counting is not None:
            self.driver.spend(time.perf_counter() - started)

    async def create(self, batch: Batch) -> None:
        """Adds the pods: counted ones at their rate, others at once."""
        batch.counted = self._counting is not None and batch.matches(*self._counting)
        batch.handle = []
        size = max(1, round(ARRIVALS * _TICK)) if batch.counted else _SLICE
        for start in range(0, batch.count, size):
            end = min(start + size, batch.count)
            for index in range(start, end):
                await self.put(batch.volume_objects(index))
            self._add(batch, start, end)
            self._decide()
            if batch.counted:
                await asyncio.sleep(_TICK)

    def _add(self, batch: Batch, start: int, end: int) -> None:
        own = batch.template.varies or batch.volume is not None
        pods = [batch.pod(index) for index in (range(start, end) if own else (start,))]
        first = self.driver.add([_text(p) for p in pods], end - start, self._now(), batch.counted)
        batch.handle.append((first, end - start))
        for number, pod in enumerate(pods, first):
            if "name" in pod["metadata"]:
                self._named[batch.namespace, pod["metadata"]["name"]] = number

    async def delete(self, batch: Batch, index: int) -> None:
        """Deletes a pod; with finalizers it stays, marked."""
        number = self._number(batch, index)
        pod = batch.pod(index)
        if pod["metadata"].get("finalizers"):
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            self.driver.replace(number, _text(pod), self._now())
        else:
            self.driver.remove(number, self._now())

    @staticmethod
    def _number(batch: Batch, index: int) -> int:
        for first, count in batch.handle:
            if index < count:
                return int(first + index)
            index -= count
        raise IndexError(index)

    async def wait(self, batches: list[Batch], stage: Stage) -> None:
        """Decides, letting virtual time pass."""
        stuck_at, best = self._now() + _PATIENCE, -1
        while True:
            self._decide()
            stages = [self.driver.stages(*part) for batch in batches for part in batch.handle]
            missing = sum(s[0] + (s[1] if stage == "Scheduled" else 0) for s in stages)
            if not missing:
                return
            if missing != best:
                stuck_at, best = self._now() + _PATIENCE, missing
            if self._now() > stuck_at:
                raise WorkloadStuckError(f"{missing} pods were not scheduled for {_PATIENCE:.0f} virtual seconds")
            due = self.core.next_wakeup(self._now())
            await asyncio.sleep(_TICK if due is None else min(_TICK, max(due - self._now(), 0.001)))

    def _decide(self) -> None:
        self.driver.decide(self._now())
        points = self.driver.take_points()
        if points and self._counting is not None:
            self._points += points
            self._bound = points[-1][1]
            self._progress(self._bound)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def start_collecting(self, namespaces: list[str], selector: dict[str, str]) -> None:
        """Begins to count."""
        self._counting = namespaces, selector
        self._points = [(self.driver.seconds()[0], self._bound)]

    def stop_collecting(self) -> list[Point]:
        """Ends counting."""
        self._counting = None
        points, self._points = self._points, []
        return points


def _text(pod: Json) -> str:
    metadata = pod["metadata"]
    named = metadata | {
        "name": metadata.get("name") or f"{metadata.get('generateName', 'pod-')}@number@",
        "uid": "00000000-0000-4000-8000-@number@",
    }
    return msgspec.json.encode(pod | {"metadata": named, "spec": {"nodeName": "@node@"} | pod["spec"]}).decode()
