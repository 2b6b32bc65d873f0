"""kube-scheduler's loop: informers feed the core, the core decides, a bounded pool of writers binds and reports."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from kfast import _core
from kfast._core import Decision, Object
from kfast.api.core import pod
from kfast.client import Client, TransportError
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.runtime.informer import Informer
from kfast.scheduler.conditions import GATED, condition_patch
from kfast.scheduler.events import SchedulingEvents
from kfast.scheduler.inputs import INPUTS, Input

_log = logging.getLogger(__name__)

_BATCH = 256
"""Decisions made before the event loop gets its turn."""
_WRITERS = 32
"""Requests under way at once."""
_BACKLOG = 4096
"""Writes waiting beyond which no more decisions are made."""

LIVE_PODS = "status.phase!=Succeeded,status.phase!=Failed"

Write = Callable[[], Awaitable[None]]


class Scheduler:
    """Schedules the pods of one `schedulerName`. Ties between equally good nodes are broken by `seed`."""

    def __init__(
        self, client: Client, clock: Clock, scheduler_name: str = "default-scheduler", *, seed: int = 0
    ) -> None:
        self.name = scheduler_name
        self.core = _core.Scheduler(msgspec.json.encode({"profiles": [{"schedulerName": scheduler_name}]}), seed)
        self._client = client.named(scheduler_name)
        self._clock = clock
        self._inputs = [(i, Informer(self._client, i.kind)) for i in INPUTS]
        self._pods = Informer(self._client, pod.KIND, field_selector=LIVE_PODS)
        self._events = SchedulingEvents(self._client, clock, scheduler_name)
        self._wake = asyncio.Event()
        self._writes: deque[Write] = deque()
        self._to_write = asyncio.Semaphore(0)
        self._room = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Reads the cluster, then begins to schedule."""
        for kind, informer in self._inputs:
            self._follow(kind, informer)
            informer.start()
        await asyncio.gather(*(informer.synced() for _, informer in self._inputs))
        self._pods.add_handler(self._set_pod, lambda _, new: self._set_pod(new), self._remove_pod)
        self._pods.start()
        await self._pods.synced()
        self._events.start()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._write(), name=f"scheduler writer {n}") for n in range(_WRITERS)]
        self._tasks.append(loop.create_task(self._schedule(), name=f"scheduler {self.name}"))

    async def stop(self) -> None:
        """Ends at once: what is decided but not yet bound stays pending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._pods.stop()
        await asyncio.gather(*(informer.stop() for _, informer in self._inputs))
        await self._events.stop()

    # What the informers say

    def _follow(self, kind: Input, informer: Informer) -> None:
        def put(obj: Object) -> None:
            self._feed(lambda now: kind.put(self.core, obj, now))

        def remove(obj: Object) -> None:
            self._feed(lambda now: kind.remove(self.core, obj, now))

        informer.add_handler(put, lambda _, new: put(new), remove)

    def _set_pod(self, obj: Object) -> None:
        if self._feed(lambda now: self.core.set_pod(obj, now)):
            self._report(obj, "SchedulingGated", GATED)

    def _remove_pod(self, obj: Object) -> None:
        self._feed(lambda now: self.core.remove_pod(obj.uid or f"{obj.namespace}/{obj.name}", now))

    def _feed(self, tell: Callable[[float], object]) -> object:
        """What the core answers; None if the object is malformed."""
        try:
            return tell(self._clock.monotonic())
        except ValueError as error:
            _log.warning("ignored until it changes: %s", error)
            return None
        finally:
            self._wake.set()

    # Deciding

    async def _schedule(self) -> None:
        while True:
            self._wake.clear()
            while decisions := self.core.step(self._clock.monotonic(), _BATCH):
                for decision in decisions:
                    self._act_on(decision)
                await self._make_room()
            await self._wait()

    async def _make_room(self) -> None:
        while len(self._writes) > _BACKLOG:
            self._room.clear()
            await self._room.wait()
        await asyncio.sleep(0)

    async def _wait(self) -> None:
        """Returns when an object changed or the queue has something due."""
        now = self._clock.monotonic()
        due = self.core.next_wakeup(now)
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._wake.wait())]
        if due is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep(due - now)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _act_on(self, decision: Decision) -> None:
        if decision.node is not None:
            self._put(lambda: self._bind(decision, decision.node or ""))
            return
        obj = self._pods.store.get(decision.namespace, decision.name)
        if obj is not None:
            self._report(obj, "Unschedulable", decision.message)
            self._events.failed(obj, decision.message)

    # Writing

    def _put(self, write: Write) -> None:
        self._writes.append(write)
        self._to_write.release()

    async def _write(self) -> None:
        while True:
            await self._to_write.acquire()
            write = self._writes.popleft()
            self._room.set()
            try:
                await write()
            except (StatusError, TransportError) as error:
                _log.debug("%s", error)
            except Exception:
                _log.exception("a write of the scheduler failed")

    async def _bind(self, decision: Decision, target: str) -> None:
        binding: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": decision.name, "namespace": decision.namespace, "uid": decision.uid},
            "target": {"kind": "Node", "name": target},
        }
        path = pod.KIND.path(decision.namespace, decision.name, "binding")
        try:
            await self._client.request("POST", path, body=msgspec.json.encode(binding))
        except (StatusError, TransportError) as error:
            self._bind_failed(decision, error)
            return
        self._events.scheduled(decision, target)

    def _bind_failed(self, decision: Decision, error: Exception) -> None:
        """The pod goes back to the queue, with a backoff."""
        self.core.bind_failed(decision.uid, self._clock.monotonic())
        self._wake.set()
        obj = self._pods.store.get(decision.namespace, decision.name)
        if obj is None or (isinstance(error, StatusError) and error.not_found):
            return
        message = f'binding rejected: running Bind plugin "DefaultBinder": {error}'
        self._report(obj, "SchedulerError", message)
        self._events.failed(obj, message)

    def _report(self, obj: Object, reason: str, message: str) -> None:
        """Sets the condition PodScheduled to False unless it says so already."""
        patch = condition_patch(obj, reason, message, self._clock.now())
        if patch is not None:
            self._put(lambda: self._patch_status(obj, patch))

    async def _patch_status(self, obj: Object, patch: dict[str, Any]) -> None:
        await self._client.patch(pod.KIND, obj.name, patch, obj.namespace, type="strategic", subresource="status")
