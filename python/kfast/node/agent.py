"""The node agent: any number of kubelets in one process, on one watch of pods and one work queue."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable

from kfast.api.core.pod import KIND as POD
from kfast.client import Client, TransportError
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.node.admission import Admission
from kfast.node.heartbeats import LEASE_EVERY, STATUS_EVERY, Heartbeats, Node
from kfast.node.pod_workers import PodWorkers
from kfast.node.registration import NodeSpec
from kfast.node.runtime import Runtime
from kfast.node.server import NodeServer
from kfast.runtime import EventSink, Informer, Object, Recorder, WorkQueue

_WORKERS = 32
_STEPS = 100
"""Heartbeats of many nodes go out in as many groups: each wakes the loop once."""

_log = logging.getLogger(__name__)

Key = tuple[str, str, str]
"""("pod", namespace, name), ("lease", node, "") or ("status", node, "")."""


class NodeAgent:
    """Registers `nodes`, keeps them heard of, and runs their pods in `runtime`. `events`: whether pods have Events."""

    def __init__(
        self, client: Client, clock: Clock, nodes: Iterable[NodeSpec], runtime: Runtime, *, events: bool = True
    ) -> None:
        client = client.named("kubelet")
        self.server = NodeServer(self, client, clock)
        self.runtime = runtime
        self._nodes = {spec.name: Node(spec) for spec in nodes}
        self._sink = EventSink(client, clock)
        recorder = Recorder(self._sink, "kubelet")
        # Pods without a node are no node's business.
        self._informer = Informer(client, POD, field_selector="spec.nodeName!=", indexers={"node": _node_of})
        self._queue: WorkQueue[Key] = WorkQueue(clock)
        self._heartbeats = Heartbeats(client, clock, recorder, runtime.version)
        self._pods = PodWorkers(
            client,
            clock,
            runtime,
            lambda name: self._nodes[name].spec.address,
            recorder if events else None,
            Admission(lambda name: self._nodes[name].spec.capacity),
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Registers every node; returns when all are Ready and their pods are known. Raises StatusError."""
        if not self._nodes:
            return
        self._sink.start()
        await self._heartbeats.register(self._nodes.values())
        for number, name in enumerate(self._nodes):
            # Spread over the interval, so that many nodes make a steady load.
            share = (number % _STEPS + 1) / _STEPS
            self._queue.add_after(("lease", name, ""), LEASE_EVERY * share)
            self._queue.add_after(("status", name, ""), STATUS_EVERY * share)
        self._informer.start()
        await self._informer.synced()
        for pod in self._informer.store:
            if pod.get("spec", "nodeName") in self._nodes:
                self._pods.adopt(pod)
        self._informer.add_handler(self._queue_pod, lambda _, new: self._on_update(new), self._queue_pod)
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

    def pod(self, namespace: str, name: str) -> Object | None:
        """The pod as the agent knows it; None if none of its nodes has it."""
        pod = self._informer.store.get(namespace, name)
        if pod is None or pod.get("spec", "nodeName") not in self._nodes:
            return None
        return self._pods.latest(pod)

    def pods(self, node: str) -> list[Object]:
        """The pods bound to a node, as the agent knows them."""
        return [self._pods.latest(pod) for pod in self._informer.store.by_index("node", node)]

    def alive(self, name: str) -> bool:
        """Whether the agent has a node of that name that did not fail."""
        return name in self._nodes and self._nodes[name].alive

    def fail(self, name: str) -> None:
        """The node falls silent: no heartbeats, its pods stay as they are. Raises KeyError."""
        self._nodes[name].alive = False

    def recover(self, name: str) -> None:
        """The node is back. Raises KeyError."""
        self._nodes[name].alive = True
        self._queue.add(("lease", name, ""))
        self._queue.add(("status", name, ""))
        for pod in self._informer.store.by_index("node", name):
            self._queue_pod(pod)

    def _queue_pod(self, pod: Object) -> None:
        if pod.get("spec", "nodeName") in self._nodes:
            self._queue.add(("pod", pod.namespace, pod.name))

    def _on_update(self, pod: Object) -> None:
        if self._pods.is_news(pod):
            self._queue_pod(pod)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            try:
                again = await self._sync(key)
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

    async def _sync(self, key: Key) -> float:
        """Does what is due; seconds until something is due again."""
        what, first, second = key
        if what == "pod":
            return await self._sync_pod(first, second)
        node = self._nodes[first]
        if not node.alive:
            return math.inf
        try:
            if what == "lease":
                if await self._heartbeats.renew(node):
                    self._queue.add(("status", first, ""))
                return LEASE_EVERY
            await self._heartbeats.report(node)
        except StatusError as error:
            # A deleted Node is not made again, but one made by somebody else is taken up.
            if not error.not_found:
                raise
            return LEASE_EVERY
        return STATUS_EVERY

    async def _sync_pod(self, namespace: str, name: str) -> float:
        pod = self._informer.store.get(namespace, name)
        if pod is None:
            await self._pods.forget(namespace, name)
            return math.inf
        node = self._nodes.get(pod.get("spec", "nodeName"))
        return await self._pods.sync(pod) if node is not None and node.alive else math.inf


def _node_of(pod: Object) -> tuple[str, ...]:
    return (pod.get("spec", "nodeName"),)
