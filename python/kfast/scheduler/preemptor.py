"""Carries out preemptions: victims are told, then deleted, the least important last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from kfast._core import Decision, Object
from kfast._core import Scheduler as Core
from kfast.api.core import pod
from kfast.client import Client, TransportError
from kfast.clock import Clock, rfc3339
from kfast.errors import StatusError
from kfast.scheduler.events import SchedulingEvents

_log = logging.getLogger(__name__)

Find = Callable[[str, str], Object | None]
"""The pod of a namespace and name as last seen."""


class Preemptor:
    """Makes room for pods, each in a task of its own."""

    def __init__(self, client: Client, clock: Clock, core: Core, events: SchedulingEvents, find: Find) -> None:
        self._client = client
        self._clock = clock
        self._core = core
        self._events = events
        self._find = find
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, decision: Decision, preemptor: Object, done: Callable[[], None]) -> None:
        """Begins a preemption; the core holds the preemptor back until it is under way, and `done` is called then."""
        task = asyncio.get_running_loop().create_task(self._preempt(decision, preemptor))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: done())

    async def stop(self) -> None:
        """Ends at once; victims not yet deleted live on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _preempt(self, decision: Decision, preemptor: Object) -> None:
        victims = [v for v in (self._find(namespace, name) for namespace, name, _ in decision.victims) if v is not None]
        failed = False
        try:
            await asyncio.gather(*(self._withdraw(namespace, name, uid) for namespace, name, uid in decision.withdrawn))
            await asyncio.gather(*(self._evict(v, decision, preemptor) for v in victims[:-1]))
            for victim in victims[-1:]:
                await self._evict(victim, decision, preemptor)
        except (StatusError, TransportError) as error:
            failed = True
            _log.warning("preemption for %s/%s: %s", decision.namespace, decision.name, error)
        finally:
            self._core.preempted(decision.uid, self._clock.monotonic(), failed)

    async def _withdraw(self, namespace: str, name: str, uid: str) -> None:
        """The room is another's now. If that cannot be written, the next attempt of the pod will."""
        patch = {"metadata": {"uid": uid}, "status": {"nominatedNodeName": None}}
        try:
            await self._client.patch(pod.KIND, name, patch, namespace, type="strategic", subresource="status")
        except (StatusError, TransportError) as error:
            _log.info("nomination of %s/%s not cleared: %s", namespace, name, error)

    async def _evict(self, victim: Object, decision: Decision, preemptor: Object) -> None:
        if victim.deleting:
            return
        try:
            if (patch := self._condition(victim, decision.profile)) is not None:
                await self._client.patch(
                    pod.KIND, victim.name, patch, victim.namespace, type="strategic", subresource="status"
                )
            await self._client.delete(pod.KIND, victim.name, victim.namespace, uid=victim.uid)
        except StatusError as error:
            if not error.not_found:
                raise
            return
        self._events.preempted(victim, preemptor, self._node(victim))

    def _node(self, victim: Object) -> str:
        return str(victim.get("spec", "nodeName") or "")

    def _condition(self, victim: Object, scheduler: str) -> dict[str, Any] | None:
        message = f"{scheduler}: preempting to accommodate a higher priority pod"
        conditions = victim.get("status", "conditions") or ()
        current: dict[str, Any] = next((c for c in conditions if c.get("type") == "DisruptionTarget"), {})
        wanted = ("True", "PreemptionByScheduler", message)
        if (current.get("status"), current.get("reason"), current.get("message")) == wanted:
            return None
        condition: dict[str, Any] = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": message,
            "lastProbeTime": None,
            "lastTransitionTime": rfc3339(self._clock.now()),
        }
        if victim.generation:
            condition["observedGeneration"] = victim.generation
        return {"metadata": {"uid": victim.uid}, "status": {"conditions": [condition]}}
