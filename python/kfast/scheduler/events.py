"""The scheduler's events, in events.k8s.io/v1: one per pod and message, repetitions counted in its series."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from kfast._core import Decision, Object
from kfast.api.events.event import KIND
from kfast.client import Client, TransportError
from kfast.clock import Clock, rfc3339_micro
from kfast.errors import StatusError

Body = dict[str, Any]

_log = logging.getLogger(__name__)

_WAITING = 1000
"""Events kept waiting; more are dropped, as upstream's broadcaster does."""
_REMEMBERED = 4096
_PATIENCE = 1.0
"""Seconds between two writes of events while pods wait to be bound: they come first."""
_SERIES_SECONDS = 360.0
"""A repetition later than this starts a new event."""
_NOTE_LENGTH = 1024


@dataclass(slots=True)
class _Series:
    name: str
    last: float
    count: int = 1


class SchedulingEvents:
    """Says what became of pods; never waits, never fails. While `busy`, bindings go first."""

    def __init__(self, client: Client, clock: Clock, busy: Callable[[], bool]) -> None:
        self._client = client
        self._busy = busy
        self._clock = clock
        self._host = socket.gethostname()
        self._waiting: deque[Body] = deque()
        self._more = asyncio.Event()
        self._series: OrderedDict[tuple[str, ...], _Series] = OrderedDict()
        self._task: asyncio.Task[None] | None = None
        self._last_stamp = 0

    def start(self) -> None:
        """Begins to write."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="scheduling events")

    async def stop(self) -> None:
        """Stops writing; what waits is lost."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def scheduled(self, decision: Decision) -> None:
        """The pod was bound."""
        if len(self._waiting) >= _WAITING:
            return
        note = f"Successfully assigned {decision.namespace}/{decision.name} to {decision.node}"
        regarding = {"namespace": decision.namespace, "name": decision.name, "uid": decision.uid}
        self._put(regarding, decision.profile, "Normal", "Scheduled", "Binding", note)

    def failed(self, obj: Object, message: str) -> None:
        """The pod fits nowhere, or could not be bound."""
        self._put(_reference(obj), _scheduler(obj), "Warning", "FailedScheduling", "Scheduling", message)

    def preempted(self, victim: Object, preemptor: Object, node: str) -> None:
        """The pod makes room for another."""
        note = f"Preempted by pod {preemptor.uid} on node {node}"
        related = {"apiVersion": "v1", "kind": "Pod", **_reference(preemptor)}
        scheduler = _scheduler(preemptor)
        self._put(_reference(victim), scheduler, "Normal", "Preempted", "Preempting", note, related=related)

    def _put(
        self,
        regarding: dict[str, str],
        scheduler: str,
        type: Literal["Normal", "Warning"],  # noqa: A002
        reason: str,
        action: str,
        note: str,
        **more: Any,
    ) -> None:
        if len(self._waiting) >= _WAITING:
            _log.debug("too many events waiting, dropped: %s", note)
            return
        event = {
            "apiVersion": KIND.api_version,
            "kind": KIND.kind,
            "metadata": {"name": f"{regarding['name']}.{self._stamp():x}", "namespace": regarding["namespace"]},
            "eventTime": rfc3339_micro(self._clock.now()),
            "reportingController": scheduler,
            "reportingInstance": f"{scheduler}-{self._host}",
            "action": action,
            "reason": reason,
            "regarding": {"apiVersion": "v1", "kind": "Pod", **regarding},
            "note": note if len(note) <= _NOTE_LENGTH else note[: _NOTE_LENGTH - 3] + "...",
            "type": type,
            **more,
        }
        self._waiting.append(event)
        self._more.set()

    def _stamp(self) -> int:
        """Nanoseconds, never the same twice: they tell the events of one pod apart."""
        self._last_stamp = max(int(self._clock.now() * 1e9), self._last_stamp + 1)
        return self._last_stamp

    async def _run(self) -> None:
        while True:
            while not self._waiting:
                self._more.clear()
                await self._more.wait()
            if self._busy():
                await self._clock.sleep(_PATIENCE)
            batch, self._waiting = self._waiting, deque()
            try:
                await self._write(batch)
            except* (StatusError, TransportError) as error:
                _log.debug("events lost: %s", error)
            except* Exception:
                _log.exception("events lost")

    async def _write(self, batch: Iterable[Body]) -> None:
        """Counts repetitions in the event they repeat, and creates the others."""
        now = self._clock.now()
        new: list[Body] = []
        for event in batch:
            key = (event["regarding"]["uid"], event["reason"], event["note"])
            series = self._series.pop(key, None)
            if series is not None and now - series.last < _SERIES_SECONDS:
                series.count, series.last = series.count + 1, now
                self._series[key] = series
                if await self._repeat(series, event, now):
                    continue
            self._series[key] = _Series(event["metadata"]["name"], now)
            if len(self._series) > _REMEMBERED:
                self._series.popitem(last=False)
            new.append(event)
        if new:
            await self._client.create_many(KIND, new, objects=False)

    async def _repeat(self, series: _Series, event: Body, now: float) -> bool:
        """Whether the event that is repeated is still there."""
        patch = {"series": {"count": series.count, "lastObservedTime": rfc3339_micro(now)}}
        try:
            await self._client.patch(KIND, series.name, patch, event["metadata"]["namespace"], type="strategic")
        except StatusError as error:
            if not error.not_found:
                raise
            return False
        return True


def _reference(obj: Object) -> dict[str, str]:
    return {
        "namespace": obj.namespace,
        "name": obj.name,
        "uid": obj.uid,
        "resourceVersion": obj.resource_version,
    }


def _scheduler(obj: Object) -> str:
    return str(obj.get("spec", "schedulerName") or "default-scheduler")
