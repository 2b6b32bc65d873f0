"""Simulated nodes: any number of kubelets in one process, on one watch of pods and one work queue.

Each node registers, renews its Lease every 10 s and reports its status every 5 min. Each pod bound to one of them goes
through Pending, ContainerCreating, Running and Ready as its annotations script it (`node/script.py`), and is removed
when it was asked to go and has stopped.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

from kfast._core import Object
from kfast.api.coordination.lease import KIND as LEASE
from kfast.api.core.node import KIND as NODE
from kfast.api.core.pod import KIND as POD
from kfast.client import Client, TransportError
from kfast.clock import Clock, rfc3339_micro
from kfast.errors import StatusError
from kfast.node import registration
from kfast.node.lifecycle import Course, Stage, resume
from kfast.node.pod_network import PodNetwork
from kfast.node.pod_status import Body, pod_status
from kfast.node.script import Script
from kfast.runtime.informer import Informer
from kfast.runtime.recorder import EventSink, Recorder
from kfast.runtime.workqueue import WorkQueue

LEASE_EVERY = 10.0
STATUS_EVERY = 300.0
_REGISTRATIONS = 64
_WORKERS = 32

_log = logging.getLogger(__name__)

Key = tuple[str, str, str]
"""("pod", namespace, name), ("lease", node, "") or ("status", node, "")."""


@dataclass(slots=True)
class _Node:
    name: str
    index: int
    network: PodNetwork
    alive: bool = True


@dataclass(slots=True)
class _Running:
    """A pod the agent works on."""

    uid: str
    course: Course
    reported: Body | None = None
    stopping: float = math.inf


class SimulatedNodes:
    """`count` nodes named `<prefix>-0`, `<prefix>-1`, ...; `labels` and `capacity` are the same for all."""

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
    ) -> None:
        self._client = client.named("kubelet")
        self._clock = clock
        self._capacity = dict(capacity)
        self._labels = dict(labels or {})
        self._nodes = {
            f"{prefix}-{i}": _Node(f"{prefix}-{i}", i, PodNetwork(registration.pod_network(i, count)))
            for i in range(count)
        }
        self._pods: dict[tuple[str, str], _Running] = {}
        self._informer = Informer(self._client, POD, field_selector="spec.nodeName!=")
        self._queue: WorkQueue[Key] = WorkQueue(clock)
        self._sink = EventSink(self._client, clock)
        self._recorder = Recorder(self._sink, "kubelet") if events else None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Registers every node; returns when all are Ready and their pods are known. Raises StatusError."""
        if not self._nodes:
            return
        turns = asyncio.Semaphore(_REGISTRATIONS)
        await asyncio.gather(*(self._register(node, turns) for node in self._nodes.values()))
        self._sink.start()
        self._informer.add_handler(self._seen, lambda _, new: self._seen(new), self._gone)
        self._informer.start()
        await self._informer.synced()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._work(), name=f"kubelet {n}") for n in range(_WORKERS)]

    async def stop(self) -> None:
        """Stops heartbeats and pods' courses; nothing is deleted. Idempotent."""
        self._queue.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._informer.stop()
        await self._sink.stop()

    def fail(self, name: str) -> None:
        """The node falls silent: no heartbeats, its pods stay as they are. Raises KeyError."""
        self._nodes[name].alive = False

    def recover(self, name: str) -> None:
        """The node is back. Raises KeyError."""
        self._nodes[name].alive = True
        self._queue.add(("lease", name, ""))
        self._queue.add(("status", name, ""))
        for pod in self._informer.store:
            if pod.get("spec", "nodeName") == name:
                self._seen(pod)

    async def _register(self, node: _Node, turns: asyncio.Semaphore) -> None:
        async with turns:
            now = self._clock.now()
            body = registration.node_object(node.name, node.index, len(self._nodes), self._labels)
            status = registration.node_status(node.name, node.index, self._capacity, now)
            try:
                stored = await self._client.create(NODE, body | {"status": status})
            except StatusError as error:
                if not error.already_exists:
                    raise
                stored = await self._client.get(NODE, node.name)
            if not stored.get("status", "nodeInfo", "kubeletVersion"):
                patch = {"status": status}
                stored = await self._client.patch(NODE, node.name, patch, type="strategic", subresource="status")
            else:
                await self._report(node)
            await self._lease(node, stored.uid)
            # Spread over the interval, so that many nodes make a steady load.
            share = (node.index % 1000 + 1) / 1000
            self._queue.add_after(("lease", node.name, ""), LEASE_EVERY * share)
            self._queue.add_after(("status", node.name, ""), STATUS_EVERY * share)

    async def _lease(self, node: _Node, uid: str) -> None:
        try:
            await self._client.create(LEASE, registration.lease_object(node.name, uid, self._clock.now()))
        except StatusError as error:
            if not error.already_exists:
                raise
            await self._renew(node)

    async def _renew(self, node: _Node) -> None:
        patch = {"spec": {"renewTime": rfc3339_micro(self._clock.now())}}
        try:
            await self._client.patch(LEASE, node.name, patch, registration.LEASE_NAMESPACE)
        except StatusError as error:
            if not error.not_found:
                raise
            stored = await self._client.get(NODE, node.name)
            await self._lease(node, stored.uid)

    async def _report(self, node: _Node) -> None:
        now = self._clock.now()
        stored = await self._client.get(NODE, node.name)
        old = {c["type"]: c["status"] for c in stored.get("status", "conditions", default=[]) or []}
        conditions = registration.node_conditions(now, since=now)
        for condition in conditions:
            if old.get(condition["type"]) == condition["status"]:
                del condition["lastTransitionTime"]
        patch = {"status": {"conditions": conditions}}
        await self._client.patch(NODE, node.name, patch, type="strategic", subresource="status")

    def _seen(self, pod: Object) -> None:
        if pod.get("spec", "nodeName") in self._nodes:
            self._queue.add(("pod", pod.namespace, pod.name))

    def _gone(self, pod: Object) -> None:
        running = self._pods.get((pod.namespace, pod.name))
        if running is not None and running.uid == pod.uid:
            self._forget(pod, running)

    def _forget(self, pod: Object, running: _Running) -> None:
        del self._pods[pod.namespace, pod.name]
        node = self._nodes.get(pod.get("spec", "nodeName"))
        if node is not None:
            node.network.release(running.uid)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            try:
                again = await self._reconcile(key)
            except (StatusError, TransportError) as error:
                _log.debug("%s %s/%s: %s", *key, error)
                self._queue.add_rate_limited(key)
            except Exception:
                _log.exception("%s %s/%s", *key)
                self._queue.add_rate_limited(key)
            else:
                self._queue.forget(key)
                if math.isfinite(again):
                    self._queue.add_after(key, max(again, 0.001))
            finally:
                self._queue.done(key)

    async def _reconcile(self, key: Key) -> float:
        """Does what is due; seconds until something is due again."""
        what, first, second = key
        if what == "pod":
            return await self._pod(first, second)
        node = self._nodes[first]
        if not node.alive:
            return math.inf
        try:
            if what == "lease":
                await self._renew(node)
                return LEASE_EVERY
            await self._report(node)
        except StatusError as error:
            if not error.not_found:
                raise
            return math.inf  # The Node was deleted: a kubelet does not come back by itself.
        return STATUS_EVERY

    async def _pod(self, namespace: str, name: str) -> float:
        pod = self._informer.store.get(namespace, name)
        if pod is None:
            return math.inf
        node = self._nodes[pod.get("spec", "nodeName")]
        if not node.alive:
            return math.inf
        now = self._clock.now()
        running = self._take(pod, node, now)
        if pod.deleting:
            return await self._stop(pod, running, now)
        if running.course.stage is Stage.EXITED and running.reported is not None:
            return math.inf
        due = running.course.advance(now)
        await self._say(pod, node, running, now)
        return due - now

    def _take(self, pod: Object, node: _Node, now: float) -> _Running:
        running = self._pods.get((pod.namespace, pod.name))
        if running is not None and running.uid == pod.uid:
            return running
        if running is not None:
            node.network.release(running.uid)
        spec = pod.get("spec")
        status = pod.get("status", default={}) or {}
        script = Script.read(pod.get("metadata", "annotations", default={}) or {})
        course = resume(script, spec.get("restartPolicy", "Always"), len(spec.get("initContainers") or ()), status, now)
        running = self._pods[pod.namespace, pod.name] = _Running(pod.uid, course)
        if status.get("podIP"):
            node.network.claim(pod.uid, status["podIP"])
        if status.get("phase") in ("Succeeded", "Failed"):
            course.stage, running.reported = Stage.EXITED, status
        return running

    async def _say(self, pod: Object, node: _Node, running: _Running, now: float) -> None:
        """Writes the pod's status if it is news."""
        body = pod.to_dict()
        status = pod_status(body, running.course, now, registration.host_ip(node.index), node.network.address(pod.uid))
        if status == running.reported:
            return
        if (
            running.reported is None
            and running.course.stage is not Stage.CREATING
            and not body["status"].get("startTime")
        ):
            await self._creating(body, node, running, now)
        previous, running.reported = running.reported, status
        try:
            await self._write_status(pod, status)
        except (StatusError, TransportError):
            running.reported = previous
            raise
        if self._recorder is not None:
            self._tell(pod, running.course, previous)

    async def _creating(self, body: Body, node: _Node, running: _Running, now: float) -> None:
        """Shows ContainerCreating also to pods that start without delay, as a kubelet would."""
        course = Course(running.course.script, running.course.restart_policy, running.course.init_containers, now)
        status = pod_status(body, course, now, registration.host_ip(node.index), "")
        await self._client.patch(
            POD,
            body["metadata"]["name"],
            {"metadata": {"uid": running.uid}, "status": status},
            body["metadata"]["namespace"],
            type="strategic",
            subresource="status",
        )

    async def _write_status(self, pod: Object, status: Body) -> None:
        patch = {"metadata": {"uid": pod.uid}, "status": status}
        try:
            await self._client.patch(POD, pod.name, patch, pod.namespace, type="strategic", subresource="status")
        except StatusError as error:
            # Gone, or another pod of that name: its own event follows.
            if not error.not_found and error.code != 409:
                raise

    async def _stop(self, pod: Object, running: _Running, now: float) -> float:
        if math.isinf(running.stopping):
            grace = pod.get("metadata", "deletionGracePeriodSeconds", default=0) or 0
            running.stopping = now + min(running.course.script.stop_delay, grace)
            if self._recorder is not None and running.course.stage is Stage.RUNNING:
                for container in pod.get("spec", "containers"):
                    self._recorder.event(pod, "Normal", "Killing", f"Stopping container {container['name']}")
        if now < running.stopping:
            return running.stopping - now
        try:
            await self._client.delete(POD, pod.name, pod.namespace, grace_seconds=0, uid=pod.uid)
        except StatusError as error:
            if not error.not_found and error.code != 409:
                raise
        return math.inf

    def _tell(self, pod: Object, course: Course, previous: Body | None) -> None:
        assert self._recorder is not None
        phase = (previous or {}).get("phase")
        for container in pod.get("spec", "containers"):
            image = container.get("image", "")
            if course.script.pull_fails and course.stage is Stage.CREATING:
                self._recorder.event(pod, "Warning", "Failed", f'Failed to pull image "{image}": not found')
                continue
            if course.stage is Stage.RUNNING and (phase != "Running" or _restarted(previous, course)):
                self._recorder.event(pod, "Normal", "Pulled", f'Container image "{image}" already present on machine')
                self._recorder.event(pod, "Normal", "Created", f"Created container: {container['name']}")
                self._recorder.event(pod, "Normal", "Started", f"Started container {container['name']}")
            if course.stage is Stage.BACKOFF:
                where = f"{pod.name}_{pod.namespace}({pod.uid})"
                text = f"Back-off restarting failed container {container['name']} in pod {where}"
                self._recorder.event(pod, "Warning", "BackOff", text)


def _restarted(previous: Body | None, course: Course) -> bool:
    statuses = (previous or {}).get("containerStatuses") or ()
    return any(s.get("restartCount", 0) != course.restarts for s in statuses)
