"""A watch that outlives its connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, cast

from kfast._core import Object
from kfast.client.errors import TransportError
from kfast.errors import StatusError
from kfast.meta.exchange import EventSource

if TYPE_CHECKING:
    from kfast.client.client import Client

INITIAL_EVENTS_END = "k8s.io/initial-events-end"

_FIRST_RETRY, _LAST_RETRY = 0.8, 30.0
"""client-go's reflector: 800 ms, doubling, at most 30 s."""
_TRANSIENT = (429, 500, 502, 503, 504)


class Watch:
    """Batches of (ADDED|MODIFIED|DELETED|BOOKMARK, object) of one collection.

    When a connection ends the watch goes on after the last revision seen, bookmarks included. An expired
    StatusError (410) says that this revision is forgotten: list again. With `initial_events` the server first
    streams what is there, then a bookmark that `ends_initial_events`.
    """

    def __init__(
        self, client: Client, path: str, query: dict[str, str], resource_version: str = "", initial_events: bool = False
    ) -> None:
        self.resource_version = resource_version
        """Where the watch would resume."""
        self._client = client
        self._path = path
        self._query = query
        self._initial_events = initial_events
        self._source: EventSource | None = None
        self._closed = False

    def close(self) -> None:
        """Ends the iteration; idempotent."""
        self._closed = True
        if self._source is not None:
            self._source.close()

    async def __aiter__(self) -> AsyncIterator[Sequence[tuple[str, Object]]]:
        retry = _FIRST_RETRY
        while not self._closed:
            wait = retry
            try:
                async for batch in await self._connect():
                    wait, retry = 0.0, _FIRST_RETRY
                    kind, last = batch[-1]
                    if kind == "ERROR":
                        if batch[:-1]:
                            yield batch[:-1]
                        raise StatusError.from_dict(last.to_dict())
                    self._advance(batch)
                    yield batch
                if self._initial_events and not self._closed:
                    # What was streamed is worth nothing before its end: a new stream starts over.
                    raise TransportError(f"watch {self._path}: ended before all initial events were sent")
            except StatusError as error:
                if error.code not in _TRANSIENT:
                    raise
                wait = float(error.details.get("retryAfterSeconds") or retry)
            except TransportError:
                if self._initial_events:
                    raise
                wait = retry
            if wait and not self._closed:
                await self._client.clock.sleep(wait)
                retry = min(retry * 2, _LAST_RETRY)

    async def _connect(self) -> EventSource:
        query = self._query | {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": self.resource_version}
        if self._initial_events:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        response = await self._client.request("GET", self._path, query)
        self._source = cast(EventSource, response.payload)
        if self._closed:
            self._source.close()
        return self._source

    def _advance(self, batch: Sequence[tuple[str, Object]]) -> None:
        if not self._initial_events:
            self.resource_version = batch[-1][1].resource_version
            return
        # Initial events come in the order of keys, each with the revision of its last write.
        if any(kind == "BOOKMARK" and ends_initial_events(obj) for kind, obj in batch):
            self._initial_events = False
            self.resource_version = batch[-1][1].resource_version


def ends_initial_events(bookmark: Object) -> bool:
    """Whether everything there was at the start has been sent."""
    return bool(bookmark.get("metadata", "annotations", INITIAL_EVENTS_END) == "true")
