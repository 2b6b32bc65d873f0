"""Events go an hour after their last write (upstream: --event-ttl, a lease of etcd)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import NamedTuple

from kfast._core import Object
from kfast.apiserver.background import Background
from kfast.clock import Clock, parse_time
from kfast.store.protocol import AbsentError, CompactedError, ModifiedError, Store, UnavailableError, Watch

_log = logging.getLogger(__name__)
_RESOURCE = "events"
INTERVAL_SECONDS = 30.0
"""How late an event may go."""
_BATCH = 256
"""Removals that share a commit of the store."""


class _Entry(NamedTuple):
    """A version of an event, which goes with it if no other has come since."""

    expires: float
    namespace: str
    name: str
    revision: int


class EventExpiry:
    """Queues what a watch tells of, in the order of its expiry: all events live equally long. A queue entry costs a few
    words a write; the store is asked only for what is due."""

    def __init__(self, store: Store, clock: Clock, ttl: float) -> None:
        self._store = store
        self._clock = clock
        self._ttl = ttl
        self._queue: deque[_Entry] = deque()
        self._watch: Watch | None = None
        self._background = Background()

    def start(self) -> None:
        """Begins; idempotent. Nothing expires if the time to live is 0."""
        if self._watch is None and self._ttl > 0:
            self._list()
            self._background.start("event expiry", self._run)

    async def stop(self) -> None:
        """Ends; idempotent."""
        await self._background.stop()
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(min(INTERVAL_SECONDS, self._ttl))
            try:
                self._read()
                await self._remove_due()
            except UnavailableError as error:
                _log.warning("events stay for now: %s", error)

    def _list(self) -> None:
        """What is there already, from a store on disk: its last write is not known better than the event says."""
        page = self._store.list(_RESOURCE)
        entries = (self._entry(obj, _last_time(obj)) for obj in page.objects)
        self._queue = deque(sorted(entries))
        self._watch = self._store.watch(_RESOURCE, since=page.revision)

    def _entry(self, obj: Object, written: float) -> _Entry:
        return _Entry(written + self._ttl, obj.namespace, obj.name, obj.revision)

    def _read(self) -> None:
        assert self._watch is not None
        now, revision = self._clock.now(), self._store.revision
        try:
            while events := self._watch.events():
                self._queue.extend(self._entry(obj, now) for event, obj, _ in events if event != "DELETED")
        except CompactedError:
            self._watch.close()
            self._list()
            return
        # A cursor that has nothing to hand out stays where it is, and history goes on without it.
        self._watch.close()
        self._watch = self._store.watch(_RESOURCE, since=revision)

    async def _remove_due(self) -> None:
        queue, now = self._queue, self._clock.now()
        while queue and queue[0].expires <= now:
            due: list[_Entry] = []
            while queue and queue[0].expires <= now and len(due) < _BATCH:
                due.append(queue.popleft())
            await asyncio.gather(*(self._remove(entry) for entry in due))

    async def _remove(self, entry: _Entry) -> None:
        with contextlib.suppress(AbsentError, ModifiedError):
            await self._store.delete(_RESOURCE, entry.namespace, entry.name, entry.revision)


def _last_time(event: Object) -> float:
    stated = (
        event.get("metadata", "creationTimestamp"),
        event.get("lastTimestamp"),
        event.get("series", "lastObservedTime"),
    )
    times = [0.0]
    for text in filter(None, stated):
        with contextlib.suppress(ValueError):
            times.append(parse_time(text))
    return max(times)
