"""Watch streams: one store cursor and one encoding for all identical watches, written straight to their sinks.

The protocol with a transport, HTTP or other:

* A watch answers with `Response(200, payload=WatchPayload)`; the transport sends the headers (chunked) and then
  calls `payload.attach(sink)` once. Nothing is written before that.
* `sink.write(chunk)` gets complete HTTP/1.1 chunks (`<hex length>\\r\\n<lines>\\r\\n`), shared between sinks, never to be
  changed. It never blocks. It returns False if the peer is gone or its unsent bytes are over the transport's limit:
  the stream then ends and `sink.close()` follows.
* `await sink.drain()` returns once the unsent bytes are few again; only used while a stream catches up.
* `sink.close()` is called exactly once, when the stream ended for any reason: the transport then writes the last chunk
  (`0\\r\\n\\r\\n`) if it still can. If the transport ends first (the peer closed), it calls `payload.close()`.
* A native caller iterates the payload instead (`meta.exchange.EventSource`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from kfast._core import Object
from kfast.clock import Clock
from kfast.store.protocol import CompactedError, Watch

_BATCH = 1000
_BOOKMARK_SECONDS = 60.0
_LAST_BOOKMARK_LEAD = 2.0
_ALIGN_ATTEMPTS = 64

Event = tuple[str, Object, Object | None]
Lines = Callable[[Watch], list[bytes]]
"""Takes what is ready from a cursor, as watch lines."""


class Sink(Protocol):
    """Where a transport takes the bytes of one stream; see the module's text."""

    def write(self, chunk: bytes) -> bool: ...
    async def drain(self) -> None: ...
    def close(self) -> None: ...


def chunk(lines: Sequence[bytes]) -> bytes:
    """One HTTP/1.1 chunk holding whole watch lines."""
    data = b"".join(lines)
    return b"%x\r\n%b\r\n" % (len(data), data)
