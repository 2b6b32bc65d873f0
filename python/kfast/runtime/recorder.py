"""Events: said without waiting, correlated and written in the background.

Repetitions become one Event whose count grows; from the tenth similar one on (all but the message equal) within ten
minutes they are combined; one source may say 25 things at once about one object and then one every five
minutes. These are the rules of client-go's EventCorrelator.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.client import Client, TransportError
from kfast.clock import Clock, rfc3339
from kfast.errors import StatusError
from kfast.runtime.workqueue import TokenBucket

_log = logging.getLogger(__name__)

EVENTS = Kind(group="", version="v1", kind="Event", plural="events")
"""Path and version only: the recorder needs no more of the kind."""

_QUEUE_LENGTH = 1000
_CACHE_ENTRIES = 4096
_AGGREGATE_OVER = 10
_AGGREGATE_SECONDS = 600.0
_SPAM_RATE, _SPAM_BURST = 1 / 300, 25
_IDENTITY = ("kind", "namespace", "name", "uid", "apiVersion")
"""What makes two references name one object; its version does not."""
_COMBINED = "(combined from similar events): "

EventType = Literal["Normal", "Warning"]
V = TypeVar("V")


class _Recent(Generic[V]):
    """A map that forgets what was not used for longest."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Any, V] = OrderedDict()

    def get(self, key: Any, make: Callable[[], V]) -> V:
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = make()
            if len(self._entries) > _CACHE_ENTRIES:
                self._entries.popitem(last=False)
        self._entries.move_to_end(key)
        return entry


@dataclass(slots=True)
class _Similar:
    """Distinct messages of similar events, and when the last came."""

    messages: set[str] = field(default_factory=set)
    last: float = 0.0


@dataclass(slots=True)
class _Written:
    """The Event in which repetitions are counted."""

    name: str = ""
    count: int = 0
    first: float = 0.0


class EventSink:
    """Writes the events of all recorders of a process. Events beyond 1,000 waiting are dropped."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.clock = clock
        self._client = client
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_QUEUE_LENGTH)
        self._buckets: _Recent[TokenBucket] = _Recent()
        self._similar: _Recent[_Similar] = _Recent()
        self._written: _Recent[_Written] = _Recent()
        self._task: asyncio.Task[None] | None = None
        self._last_stamp = 0

    def stamp(self) -> int:
        """Nanoseconds since the epoch, never the same twice: they tell events of one object apart."""
        self._last_stamp = max(int(self.clock.now() * 1e9), self._last_stamp + 1)
        return self._last_stamp

    def start(self) -> None:
        """Begins to write; idempotent."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="events")

    async def stop(self) -> None:
        """Stops writing; what waits is lost."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def put(self, event: dict[str, Any]) -> None:
        """Queues an event, or drops it if there are too many."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            _log.debug("too many events waiting, dropped: %s", event["message"])

    async def _run(self) -> None:
        while True:
            event = await self._waiting.get()
            try:
                await self._write(event)
            except (StatusError, TransportError) as error:
                _log.debug("event lost: %s", error)
            except Exception:
                _log.exception("event lost")

    async def _write(self, event: dict[str, Any]) -> None:
        involved, now = event["involvedObject"], self.clock.now()
        source = (event["reportingComponent"], *(involved.get(key, "") for key in _IDENTITY))
        if not self._buckets.get(source, lambda: TokenBucket(self.clock, _SPAM_RATE, _SPAM_BURST)).accept():
            return
        kind = (*source, event["type"], event["reason"])
        combined = self._combine(kind, event, now)
        written = self._written.get(
            kind if combined else (*kind, involved.get("fieldPath"), event["message"]), _Written
        )
        written.count += 1
        if written.count > 1 and await self._patch(event, written, now):
            return
        written.name, written.count, written.first = event["metadata"]["name"], 1, now
        await self._client.create(EVENTS, event)

    def _combine(self, kind: tuple[str, ...], event: dict[str, Any], now: float) -> bool:
        similar = self._similar.get(kind, _Similar)
        if now - similar.last > _AGGREGATE_SECONDS:
            similar.messages.clear()
        similar.last = now
        similar.messages.add(event["message"])
        if len(similar.messages) < _AGGREGATE_OVER:
            return False
        # Only whether there were ten matters from here on: no need to keep more.
        similar.messages.discard(event["message"])
        event["message"] = _COMBINED + event["message"]
        return True

    async def _patch(self, event: dict[str, Any], written: _Written, now: float) -> bool:
        """Counts one more; False if the Event is gone, as after its hour."""
        patch = {"count": written.count, "lastTimestamp": rfc3339(now), "message": event["message"]}
        try:
            namespace = event["metadata"]["namespace"]
            await self._client.patch(EVENTS, written.name, patch, namespace, type="strategic")
        except StatusError as error:
            if not error.not_found:
                raise
            return False
        return True


class Recorder:
    """Says what `component` did to an object or found wrong with it."""

    def __init__(self, sink: EventSink, component: str) -> None:
        self._sink = sink
        self._component = component

    def event(
        self,
        obj: Object,
        type: EventType,  # noqa: A002
        reason: str,
        message: str,
        *,
        field_path: str = "",
        host: str = "",
    ) -> None:
        """Says `message` about `obj`, as the component on `host` if it runs on many; never waits, never fails."""
        involved = {
            "kind": obj.kind,
            "namespace": obj.namespace,
            "name": obj.name,
            "uid": obj.uid,
            "apiVersion": obj.api_version,
            "resourceVersion": obj.resource_version,
            "fieldPath": field_path,
        }
        self.event_about({key: value for key, value in involved.items() if value}, type, reason, message, host=host)

    def event_about(
        self,
        involved: dict[str, str],
        type: EventType,  # noqa: A002
        reason: str,
        message: str,
        *,
        host: str = "",
    ) -> None:
        """The same for an object known by its reference only."""
        stamp = rfc3339(self._sink.clock.now())
        self._sink.put(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {
                    "name": f"{involved['name']}.{self._sink.stamp():x}",
                    "namespace": involved.get("namespace") or "default",
                },
                "involvedObject": involved,
                "reason": reason,
                "message": message,
                "source": {"component": self._component} | ({"host": host} if host else {}),
                "firstTimestamp": stamp,
                "lastTimestamp": stamp,
                "count": 1,
                "type": type,
                "eventTime": None,
                "reportingComponent": self._component,
                "reportingInstance": host,
            }
        )
