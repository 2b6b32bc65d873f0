"""A cluster behind its API: objects are created through a client, and a watcher sees pods bound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

from kfast._core import Object
from kfast.api import catalog
from kfast.api.core import pod as pods
from kfast.api.kind import Kind
from kfast.bench import http_load
from kfast.bench.http_load import Target as Load
from kfast.bench.scheduling.core_target import Progress
from kfast.bench.scheduling.objects import Batch, Json
from kfast.bench.scheduling.target import Stage, WorkloadStuckError
from kfast.bench.scheduling.throughput import Point
from kfast.client import Client
from kfast.errors import StatusError

_PATIENCE = 600.0
_SLICE = 256
_CONNECTIONS = 16
_STATUS_FIRST = ("PersistentVolume", "PersistentVolumeClaim")
"""Kinds whose status a create wipes."""


class _Progress:
    """How far the pods of one batch are."""

    __slots__ = ("attempted", "batch", "bound", "names")

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.names: list[str] = []
        self.attempted: set[str] = set()
        self.bound: set[str] = set()

    def missing(self, stage: Stage) -> int:
        there = self.bound if stage == "Scheduled" else self.bound | self.attempted
        return len(self.names) - len(there)


class ClientTarget:
    """A cluster that `client` speaks for. With `load`, pods are posted over HTTP connections of its own."""

    def __init__(self, client: Client, progress: Progress, load: Load | None = None) -> None:
        self._client = client
        self._progress = progress
        self._load = load
        self._number = 0
        self._of: dict[tuple[str, str], _Progress] = {}
        self._counting: tuple[list[str], dict[str, str]] | None = None
        self._points: list[Point] = []
        self._bound = 0
        self._changed = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to watch pods."""
        present = await self._client.list(pods.KIND, limit=1)
        watch = self._client.open_watch(pods.KIND, resource_version=str(present.revision))

        async def follow() -> None:
            try:
                async for events in watch:
                    self._see(events)
            finally:
                watch.close()

        self._watching = asyncio.get_running_loop().create_task(follow(), name="bench watcher")

    async def stop(self) -> None:
        """Ends the watch."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    def _see(self, events: Sequence[tuple[str, Object]]) -> None:
        before = self._bound
        for kind, obj in events:
            seen = self._of.get((obj.namespace, obj.name)) if kind != "DELETED" else None
            if seen is None or obj.name in seen.bound:
                continue
            if obj.get("spec", "nodeName"):
                seen.bound.add(obj.name)
                self._bound += seen.batch.counted
            elif obj.name not in seen.attempted and obj.get("status", "conditions"):
                seen.attempted.add(obj.name)
        if self._counting is not None and self._bound != before:
            self._points.append((time.perf_counter(), self._bound))
            self._progress(self._bound)
        self._changed.set()

    # Objects

    async def put(self, objects: Iterable[Json]) -> None:
        """Creates them, many of a kind at once."""
        waiting: list[Json] = []
        for obj in objects:
            if waiting and waiting[0]["kind"] != obj["kind"]:
                await self._create_all(waiting)
                waiting = []
            waiting.append(obj)
            if len(waiting) >= _SLICE:
                await self._create_all(waiting)
                waiting = []
        await self._create_all(waiting)

    async def _create_all(self, objects: list[Json]) -> None:
        if not objects:
            return
        kind = _kind(objects[0])
        for outcome in await self._client.create_many(kind, objects, objects=False):
            if isinstance(outcome, StatusError) and not outcome.already_exists:
                raise outcome
        if kind.kind in _STATUS_FIRST:
            for obj in objects:
                where = obj["metadata"].get("namespace", "")
                patch = {"status": obj["status"]}
                await self._client.patch(kind, obj["metadata"]["name"], patch, where, subresource="status")

    async def update(self, obj: Json, subresources: list[str]) -> None:
        """Replaces labels and what the object's spec and status name; the API server knows the rest."""
        kind, metadata = _kind(obj), obj["metadata"]
        namespace = metadata.get("namespace", "")
        current = (await self._client.get(kind, metadata["name"], namespace)).to_dict()
        changed = current | {"spec": _merged(current.get("spec", {}), obj.get("spec", {}))}
        labels = metadata.get("labels", {})
        if kind.kind == "Node":
            labels = {"kubernetes.io/hostname": metadata["name"]} | labels
            changed["spec"] = obj.get("spec", {})
        changed["metadata"] = current["metadata"] | {"labels": labels}
        if subresources:
            await self._client.update(kind, changed, subresource=subresources[0])
        else:
            await self._client.update(kind, changed)
        if "status" in obj:
            status = {"allocatable": obj["status"].get("capacity"), **obj["status"]}
            await self._client.patch(kind, metadata["name"], {"status": status}, namespace, subresource="status")

    async def remove(self, obj: Json) -> None:
        """Deletes an object."""
        metadata = obj["metadata"]
        await self._client.delete(_kind(obj), metadata["name"], metadata.get("namespace", ""))

    # Pods

    async def create(self, batch: Batch) -> None:
        """Creates the pods as fast as they are taken."""
        batch.counted = self._counting is not None and batch.matches(*self._counting)
        batch.handle = _Progress(batch)
        if batch.volume is not None:
            await self.put(chain.from_iterable(zip(*map(batch.volume_objects, range(batch.count)), strict=True)))
        bodies = self._bodies(batch)
        if self._load is None:
            while part := [body for _, body in zip(range(_SLICE), bodies, strict=False)]:
                await self._create_all(part)
                await asyncio.sleep(0)
            return
        path, load = pods.KIND.path(batch.namespace), self._load
        requests = (load.request("POST", path, msgspec.json.encode(body)) for body in bodies)
        sample = await http_load.run(load, requests, min(_CONNECTIONS, max(1, batch.count)))
        if sample.failed or sample.first_failure:
            raise RuntimeError(f"creating pods failed: {sample.first_failure[:400]}")

    def _bodies(self, batch: Batch) -> Iterator[Json]:
        own = batch.template.varies or batch.volume is not None
        template = batch.pod(0)
        for index in range(batch.count):
            pod = batch.pod(index) if own and index else template
            metadata = pod["metadata"]
            name = metadata.get("name") or f"{metadata.get('generateName', 'pod-')}{self._number:06}"
            self._number += 1
            batch.handle.names.append(name)
            self._of[batch.namespace, name] = batch.handle
            yield pod | {"metadata": metadata | {"name": name}}

    async def delete(self, batch: Batch, index: int) -> None:
        """Deletes a pod at once; it may be gone already."""
        try:
            await self._client.delete(pods.KIND, batch.handle.names[index], batch.namespace)
        except StatusError as error:
            if not error.not_found:
                raise

    async def wait(self, batches: list[Batch], stage: Stage) -> None:
        """Returns when the watcher has seen it."""
        loop = asyncio.get_running_loop()
        stuck_at, best = loop.time() + _PATIENCE, -1
        while missing := sum(batch.handle.missing(stage) for batch in batches):
            if missing != best:
                stuck_at, best = loop.time() + _PATIENCE, missing
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), stuck_at - loop.time())
            except TimeoutError:
                raise WorkloadStuckError(f"{missing} pods were not scheduled for {_PATIENCE:.0f} seconds") from None
            if self._watching is not None and self._watching.done():
                self._watching.result()

    # Measuring

    def start_collecting(self, namespaces: list[str], selector: dict[str, str]) -> None:
        """Begins to count."""
        self._counting = namespaces, selector
        self._points = [(time.perf_counter(), self._bound)]

    def stop_collecting(self) -> list[Point]:
        """Ends counting."""
        self._counting = None
        points, self._points = self._points, []
        return points


def _kind(obj: Json) -> Kind:
    group, _, version = obj.get("apiVersion", "v1").rpartition("/")
    kind = catalog.by_gvk(group, version, obj["kind"])
    if kind is None:
        raise RuntimeError(f"the API server serves no {obj.get('apiVersion', 'v1')} {obj['kind']}")
    return kind


def _merged(current: Json, wanted: Json) -> Json:
    """A pod's spec with what an update may change: containers' resources, tolerations, gates."""
    merged: Json = current | {k: v for k, v in wanted.items() if k not in ("containers", "tolerations")}
    if "schedulingGates" not in wanted:
        merged.pop("schedulingGates", None)
    if "tolerations" in wanted:
        merged["tolerations"] = [*current.get("tolerations", []), *wanted["tolerations"]]
    resources: dict[str, Any] = {c["name"]: c.get("resources") for c in wanted.get("containers", [])}
    merged["containers"] = [
        c | ({"resources": resources[c["name"]]} if resources.get(c["name"]) else {})
        for c in current.get("containers", [])
    ]
    return merged
