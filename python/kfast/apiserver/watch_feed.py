"""Watch streams: one store cursor and one encoding for all identical watches, written straight to their sinks.

The protocol with a transport, HTTP or other:

* A watch answers with `Response(200, payload=WatchPayload)`; the transport sends the headers (chunked) and then
  calls `payload.attach(sink)` once. Nothing is written before that.
* `sink.write(chunk)` gets complete HTTP/1.1 chunks (`<hex length>\\r\\n<lines>\\r\\n`), shared between sinks, never
  to be changed. It never blocks. It returns False if the peer is gone or its unsent bytes are over the transport's
  limit: the stream then ends and `sink.close()` follows.
* `await sink.drain()` returns once the unsent bytes are few again; only used while a stream catches up.
* `sink.close()` is called exactly once, when the stream ended for any reason: the transport then writes the last chunk
  (`0\\r\\n\\r\\n`) if it still can. If the transport ends first (the peer closed), it calls `payload.close()`.
* A native caller iterates the payload instead (`meta.exchange.EventSource`).

A stream starts on a cursor of its own; once it has caught up with the feed of all identical watches it joins that
and its own cursor and task end: afterwards an event costs each stream one `write` of a shared chunk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Sequence
from typing import Protocol

from kfast.store.protocol import CompactedError, Watch

_log = logging.getLogger(__name__)

BATCH = 1000
_TURN = 250
"""Streams that get a chunk before the loop sees to other things: their bytes leave while the next are served."""
_ALIGN_ATTEMPTS = 64


class Sink(Protocol):
    """Where a transport takes the bytes of one stream; see the module's text."""

    def write(self, chunk: bytes) -> bool: ...
    async def drain(self) -> None: ...
    def close(self) -> None: ...


class Encoding(Protocol):
    """How the events of a cursor become the frames of a stream."""

    def lines(self, cursor: Watch, limit: int) -> list[bytes]:
        """Takes up to `limit` ready events. Raises CompactedError."""
        ...

    def expired(self, message: str) -> bytes:
        """The ERROR frame of a watch whose history is gone."""
        ...


class Stream(Protocol):
    """An open watch."""

    @property
    def watched(self) -> tuple[str, str]:
        """The resource and the version it is watched in."""
        ...

    def end(self) -> None:
        """Ends it; idempotent."""
        ...

    def finish(self) -> None:
        """Hands out what has happened so far, then ends it."""
        ...


class Subscriber(Stream, Protocol):
    """A stream as its feed sees it."""

    def deliver(self, chunk: bytes) -> None:
        """Takes a shared chunk; never blocks, never raises."""
        ...


def frame(lines: Sequence[bytes]) -> bytes:
    """One HTTP/1.1 chunk holding whole watch frames."""
    data = b"".join(lines)
    return b"%x\r\n%b\r\n" % (len(data), data)


class Feed:
    """One cursor, read by one task, for every subscriber of the same watch."""

    def __init__(self, cursor: Watch, encoding: Encoding, first: Subscriber) -> None:
        self.cursor = cursor
        self._encoding = encoding
        self._subscribers: dict[Subscriber, None] = {first: None}
        self._chunk = b""
        self._waiting: list[Subscriber] = []  # for the chunk
        self._task = asyncio.get_running_loop().create_task(self._run())
        self.closed = False

    def __len__(self) -> int:
        return len(self._subscribers)

    def join(self, subscriber: Subscriber, position: Watch) -> bool:
        """Takes the subscriber over if `position`, its own drained cursor, stands where the feed stands.

        What the feed has still to hand out is handed out first; what is then new for the subscriber shows in
        `position`, and False is returned."""
        self.pump()
        if self.closed or position.revision != self.cursor.revision:
            return False
        self._subscribers[subscriber] = None
        return True

    def leave(self, subscriber: Subscriber) -> None:
        """Forgets the subscriber; the last one ends the feed."""
        self._subscribers.pop(subscriber, None)
        if not self._subscribers:
            self.close()

    def pump(self) -> None:
        """Hands out what is ready."""
        while not self.closed and (self._waiting or self._take()):
            self._hand_out(len(self._waiting))

    def _take(self) -> int:
        """Makes a chunk of what is ready; the number of frames."""
        try:
            lines = self._encoding.lines(self.cursor, BATCH)
        except CompactedError as error:
            self._chunk, self._waiting = frame([self._encoding.expired(str(error))]), list(self._subscribers)
            self._hand_out(len(self._waiting))
            self.close()
            return 0
        if lines:
            self._chunk, self._waiting = frame(lines), list(self._subscribers)
        return len(lines)

    def _hand_out(self, count: int) -> None:
        chunk, turn = self._chunk, self._waiting[:count]
        del self._waiting[:count]
        for subscriber in turn:
            subscriber.deliver(chunk)

    async def _run(self) -> None:
        try:
            while not self.closed:
                await self.cursor.wait()
                while not self.closed and (self._waiting or self._take()):
                    self._hand_out(_TURN)
                    await asyncio.sleep(0)
        except Exception:
            _log.exception("a watch feed failed; its streams end and their clients watch again")
            self.close()

    def close(self) -> None:
        """Ends the feed and the streams still on it; idempotent."""
        if self.closed:
            return
        self.closed = True
        self.cursor.close()
        self._task.cancel()
        for subscriber in list(self._subscribers):
            subscriber.end()
        self._subscribers.clear()


class FeedHub:
    """The running feeds, by what they deliver, and all open streams."""

    def __init__(self) -> None:
        self._feeds: dict[Hashable, Feed] = {}
        self.streams: set[Stream] = set()

    def __len__(self) -> int:
        return len(self._feeds)

    def join(self, key: Hashable, subscriber: Subscriber, cursor: Watch, encoding: Encoding) -> Feed | None:
        """Moves a stream that has caught up onto the feed of `key`, made from its cursor if there is none.

        None if they do not meet: events arrived meanwhile, which the caller's cursor hands out first. On success the
        cursor belongs to the hub.
        """
        feed = self._feeds.get(key)
        if feed is None or feed.closed:
            feed = self._feeds[key] = Feed(cursor, encoding, subscriber)
            return feed
        for _ in range(_ALIGN_ATTEMPTS):
            if feed.join(subscriber, cursor):
                cursor.close()
                return feed
            lines = encoding.lines(cursor, BATCH)
            if lines:
                subscriber.deliver(frame(lines))
        return None

    def leave(self, feed: Feed, key: Hashable, subscriber: Subscriber) -> None:
        """Takes a stream off its feed."""
        feed.leave(subscriber)
        if feed.closed and self._feeds.get(key) is feed:
            del self._feeds[key]

    def end(self, resource: str, api_version: str) -> None:
        """Ends the streams of a resource in one version, which is served no more, or otherwise."""
        for stream in list(self.streams):
            if stream.watched == (resource, api_version):
                stream.finish()

    def close(self) -> None:
        """Ends every stream and feed."""
        for stream in list(self.streams):
            stream.end()
        for feed in list(self._feeds.values()):
            feed.close()
        self._feeds.clear()
