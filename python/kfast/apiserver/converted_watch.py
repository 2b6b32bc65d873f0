"""Watches of custom resources in a version that a webhook converts to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from kfast._core import Object
from kfast.apiserver.converted_fields import ConvertedFields, Event
from kfast.errors import StatusError
from kfast.store.protocol import Watch

_log = logging.getLogger(__name__)
FIRST_DELAY, MOST_DELAY = 0.8, 30.0
"""Seconds between attempts, doubled each time: those of upstream's reflector."""


class ConvertedWatch:
    """A cursor (`store.protocol.Watch`) whose events are converted, in one call each time, before they are ready.

    Events that cannot be converted are held back, and those after them: the watch stays open and tries again, as one of
    upstream's watch cache does.
    """

    def __init__(
        self,
        inner: Watch,
        convert: Callable[[Sequence[Object]], Awaitable[list[Object]]],
        fields: ConvertedFields | None = None,
    ) -> None:
        self._inner = inner
        self._convert = convert
        self._fields = fields
        self._held: list[Event] = []
        self._ready: list[Event] = []
        self._revision = inner.revision
        self._delay = FIRST_DELAY
        self._closed = asyncio.Event()

    @property
    def revision(self) -> int:
        """All matching events up to here have been handed out."""
        return self._revision if self._ready or self._held else self._inner.revision

    def events(self, limit: int = 1000) -> list[Event]:
        """Converted events; the objects before are not told."""
        taken, self._ready = self._ready[:limit], self._ready[limit:]
        if taken:
            self._revision = taken[-1][1].revision
        return taken

    def frames(self, limit: int = 1000) -> list[bytes]:
        """The events as watch lines."""
        return [b'{"type":"%b","object":%b}\n' % (kind.encode(), obj.to_bytes()) for kind, obj, _ in self.events(limit)]

    async def wait(self) -> None:
        """Returns when converted events are ready, or the watch is closed."""
        while not (self._ready or self._closed.is_set()):
            if not self._held:
                self._take()
            if not self._held:
                await self._inner.wait()
                self._take()
            if not self._held:
                return
            await self._advance()

    def close(self) -> None:
        """Gives the cursor up."""
        self._closed.set()
        self._inner.close()

    def _take(self) -> None:
        self._revision = self._inner.revision
        self._held = self._inner.events()

    async def _advance(self) -> None:
        """Makes what is held ready, or the first of it; waits if that fails."""
        failure: StatusError | None = None
        for count in dict.fromkeys((len(self._held), 1)):
            events = self._held[:count]
            try:
                self._ready += await self._converted(events)
            except StatusError as error:
                failure = error
                continue
            del self._held[:count]
            self._delay = FIRST_DELAY
            return
        _log.warning("a watch waits for a conversion: %s", failure)
        try:
            await asyncio.wait_for(self._closed.wait(), self._delay)
        except TimeoutError:
            self._delay = min(2 * self._delay, MOST_DELAY)

    async def _converted(self, events: list[Event]) -> list[Event]:
        objects = [obj for _, obj, _ in events]
        if self._fields is None:
            converted = await self._convert(objects)
            return [(kind, obj, None) for (kind, _, _), obj in zip(events, converted, strict=True)]
        before = {at: old for at, (_, _, old) in enumerate(events) if old is not None}
        converted = await self._convert([*objects, *before.values()])
        olds = dict(zip(before, converted[len(events) :], strict=True))
        seen = (self._fields.event(kind, converted[at], olds.get(at)) for at, (kind, _, _) in enumerate(events))
        return [event for event in seen if event is not None]
