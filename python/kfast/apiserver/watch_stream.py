"""One watch: its initial events, catching up, its life on a feed, bookmarks and its deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kfast._core import Object
from kfast.apiserver.backend import Backend
from kfast.apiserver.encode import current_body
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import expired
from kfast.apiserver.watch_encoding import PlainEncoding, bookmark_body
from kfast.apiserver.watch_feed import BATCH, Feed, Sink, frame
from kfast.store.protocol import CompactedError, Watch

BOOKMARK_SECONDS = 60.0
LAST_BOOKMARK_LEAD = 2.0
"""The last bookmark comes so long before the deadline."""
_INITIAL_BATCH = 256

_encode = msgspec.json.encode
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Plan:
    """What a watch starts with: `initial` as ADDED (None: none), then events of `cursor`.

    `initial_end`: a bookmark closes the initial events. `key` identifies watches that may share a feed; None never
    shares.
    """

    scope: Scope
    cursor: Watch
    initial: Sequence[Object]
    initial_end: bool
    revision: int
    bookmarks: bool
    timeout: float
    key: Hashable | None
    count: Callable[[int], None]
    """Told +1 when the watch begins and -1 when it ends."""


class _Schedule:
    """When the next bookmark is due and when the watch ends, in the clock's monotonic seconds."""

    def __init__(self, now: float, plan: Plan) -> None:
        self.deadline = now + plan.timeout
        self.bookmarks = plan.bookmarks
        self._last = self.deadline - LAST_BOOKMARK_LEAD
        self._next = self._after(now)

    def _after(self, now: float) -> float:
        if not self.bookmarks:
            return self.deadline
        due = now + BOOKMARK_SECONDS
        if now < self._last < due:
            return self._last
        return min(due, self.deadline)

    def sleep(self, now: float) -> float:
        """Seconds to the next thing to do."""
        return self._next - now

    def advance(self, now: float) -> bool:
        """To be called when awake; False at the deadline, True if a bookmark is due."""
        if now >= self.deadline:
            return False
        self._next = self._after(now)
        return True


class WatchStream:
    """A watch written to a sink (`watch_feed`'s protocol); one per request."""

    def __init__(self, backend: Backend, plan: Plan, encoding: PlainEncoding) -> None:
        self._backend = backend
        self._plan = plan
        self._encoding = encoding
        self._sink: Sink | None = None
        self._feed: Feed | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def watched(self) -> tuple[str, str]:
        """The resource and the version it is watched in."""
        return self._plan.scope.kind.resource, self._plan.scope.api_version

    def attach(self, sink: Sink) -> None:
        """Starts the stream; called once, after the response's headers were sent."""
        if self._ended:
            sink.close()
            return
        self._sink = sink
        self._backend.feeds.streams.add(self)
        self._plan.count(1)
        self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        """Ends the stream; idempotent."""
        self.end()

    def deliver(self, chunk: bytes) -> None:
        """Writes a shared chunk; a peer that is gone or too slow ends the stream."""
        if self._sink is None or not self._sink.write(chunk):
            self.end()

    def finish(self) -> None:
        """Hands out what has happened so far, then ends."""
        try:
            if self._feed is not None:
                self._feed.pump()
            elif not self._plan.initial:
                while not self._ended and (lines := self._encoding.lines(self._plan.cursor, BATCH)):
                    self.deliver(frame(lines))
        except CompactedError as error:
            self.deliver(frame([self._encoding.expired(str(error))]))
        self.end()

    def end(self) -> None:
        """Leaves the feed and closes the sink."""
        if self._ended:
            return
        self._ended = True
        if self._sink is not None:
            self._backend.feeds.streams.discard(self)
            self._plan.count(-1)
        if self._feed is not None:
            self._backend.feeds.leave(self._feed, self._key, self)
        else:
            self._plan.cursor.close()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        if self._sink is not None:
            self._sink.close()

    @property
    def _key(self) -> Hashable:
        return self._plan.key if self._plan.key is not None else self

    async def _run(self) -> None:
        clock = self._backend.clock
        schedule = _Schedule(clock.monotonic(), self._plan)
        try:
            await self._initial_events()
            while not self._ended and not await self._caught_up():
                if clock.monotonic() >= schedule.deadline:
                    self.end()
            while not self._ended:
                await clock.sleep(schedule.sleep(clock.monotonic()))
                if not schedule.advance(clock.monotonic()):
                    self.end()
                elif self._plan.bookmarks and self._feed is not None:
                    self._feed.pump()
                    self.deliver(frame([self._encoding.bookmark(self._feed.cursor.revision)]))
        except CompactedError as error:
            self.deliver(frame([self._encoding.expired(str(error))]))
        except Exception:
            _log.exception("a watch failed; its client watches again")
        finally:
            self.end()

    async def _initial_events(self) -> None:
        plan, encoding = self._plan, self._encoding
        for at in range(0, len(plan.initial), _INITIAL_BATCH):
            await self._write([encoding.event("ADDED", obj) for obj in plan.initial[at : at + _INITIAL_BATCH]])
        if plan.initial_end:
            await self._write([encoding.bookmark(plan.revision, True)])
        plan.initial = ()

    async def _caught_up(self) -> bool:
        """One step of catching up; True once a feed has taken over."""
        lines = self._encoding.lines(self._plan.cursor, BATCH)
        if lines:
            await self._write(lines)
            return False
        feeds = self._backend.feeds
        feed = feeds.join(self._key, self, self._plan.cursor, self._encoding)
        if feed is not None and self._ended:  # a write of the joining itself found the peer gone
            feeds.leave(feed, self._key, self)
            return True
        self._feed = feed
        return feed is not None

    async def _write(self, lines: list[bytes]) -> None:
        self.deliver(frame(lines))
        if not self._ended and self._sink is not None:
            await self._sink.drain()


class NativeWatch:
    """A watch iterated in process: handles, never encoded. Its own cursor; nothing is shared or copied."""

    def __init__(self, backend: Backend, plan: Plan, reopen: Any) -> None:
        self._backend = backend
        self._plan = plan
        self._reopen = reopen
        self._cursor: Watch = plan.cursor
        self._closed = False
        self._bookmark_due = False
        self._finishing = False
        self._timer = asyncio.get_running_loop().create_task(self._tick())
        backend.feeds.streams.add(self)
        plan.count(1)

    @property
    def watched(self) -> tuple[str, str]:
        """The resource and the version it is watched in."""
        return self._plan.scope.kind.resource, self._plan.scope.api_version

    def end(self) -> None:
        """The server stops."""
        self.close()

    def finish(self) -> None:
        """Ends once what has happened so far is handed out."""
        self._finishing = True
        self._renew()

    def close(self) -> None:
        """Ends the watch; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._backend.feeds.streams.discard(self)
        self._plan.count(-1)
        self._cursor.close()
        self._timer.cancel()

    async def _tick(self) -> None:
        clock = self._backend.clock
        schedule = _Schedule(clock.monotonic(), self._plan)
        while True:
            await clock.sleep(schedule.sleep(clock.monotonic()))
            if not schedule.advance(clock.monotonic()):
                self.close()
                return
            if self._plan.bookmarks:
                self._bookmark_due = True
                self._renew()

    def _renew(self) -> None:
        """Wakes who waits: that is done for events and the end only, so a new cursor takes the place of the old."""
        before = self._cursor
        self._cursor = self._reopen(before.revision)
        before.close()

    async def __aiter__(self) -> AsyncIterator[Sequence[tuple[str, Object]]]:
        plan = self._plan
        try:
            if plan.initial:
                yield [("ADDED", self._current(obj)) for obj in plan.initial]
            if plan.initial_end:
                yield [self._bookmark(plan.revision, True)]
            plan.initial = ()
            while not self._closed:
                events = self._cursor.events(BATCH)
                if events:
                    if plan.scope.converts:
                        yield [(kind, self._current(obj)) for kind, obj, _ in events]
                    else:
                        yield [(kind, obj) for kind, obj, _ in events]
                elif self._bookmark_due:
                    self._bookmark_due = False
                    yield [self._bookmark(self._cursor.revision)]
                elif self._finishing:
                    return
                else:
                    await self._cursor.wait()
        except CompactedError as error:
            yield [("ERROR", Object.parse(_encode(expired(str(error)).to_dict())))]
        finally:
            self.close()

    def _current(self, obj: Object) -> Object:
        if self._plan.scope.shows(obj):
            return obj
        return Object.parse(_encode(current_body(self._plan.scope, obj)))

    def _bookmark(self, revision: int, initial_end: bool = False) -> tuple[str, Object]:
        return ("BOOKMARK", Object.parse(_encode(bookmark_body(self._plan.scope, revision, initial_end))))
