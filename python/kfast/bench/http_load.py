"""A closed-loop HTTP/1.1 load generator on bare asyncio protocols.

One connection has one request under way; its next request is asked for when the answer is complete. Bodies are
counted, not kept, unless asked for. About 20 microseconds a request over TLS, so that a 2-core machine measures
the server and not this file.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"transfer-encoding: *chunked", re.IGNORECASE)


@dataclass(slots=True)
class Target:
    """Where requests go and what identifies the caller."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    headers: str = ""
    """Extra header lines, each ended by CRLF."""

    def request(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> bytes:
        """The bytes of one request."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAccept: application/json\r\n"
        if body:
            head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        return f"{head}{self.headers}\r\n".encode() + body


@dataclass(slots=True)
class Sample:
    """What one run measured: latencies in seconds, bytes received, how many answers were no 2xx."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    received: int = 0
    failed: int = 0
    first_failure: str = ""

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds at `percent`."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000 if ordered else 0.0


class _Body:
    """Consumes one answer's body and says when it is complete."""

    __slots__ = ("chunked", "left", "tail")

    def __init__(self, head: bytes) -> None:
        length = _LENGTH.search(head)
        self.chunked = _CHUNKED.search(head) is not None
        self.left = int(length.group(1)) if length and not self.chunked else 0
        self.tail = b""

    def feed(self, data: bytes) -> bool:
        """Takes received bytes; True when the body has ended."""
        if not self.chunked:
            self.left -= len(data)
            return self.left <= 0
        # The last chunk is `0 CRLF CRLF`; an answer is never followed by another before we ask for it.
        self.tail = (self.tail + data[-16:])[-16:]
        return self.tail.endswith(b"\r\n0\r\n\r\n") or self.tail == b"0\r\n\r\n"


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], sample: Sample, done: Callable[[], None]) -> None:
        self._requests = requests
        self._sample = sample
        self._done = done
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._body: _Body | None = None
        self._sent = 0.0
        self._failed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._head = b""
        self._body = None
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._sample.received += len(data)
        if self._body is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            head, data = self._head[:end], self._head[end + 4 :]
            self._failed = head[9:10] != b"2"
            if self._failed and not self._sample.first_failure:
                self._sample.first_failure = self._head[:600].decode(errors="replace")
            self._body = _Body(head)
        if self._body.feed(data):
            self._sample.latencies.append(time.perf_counter() - self._sent)
            self._sample.failed += self._failed
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and not self._sample.first_failure:
            self._sample.first_failure = repr(exc)
        self._done()


async def run(target: Target, requests: Iterator[bytes], connections: int) -> Sample:
    """Sends all `requests` over `connections` connections; raises ConnectionError if none can be made."""
    loop = asyncio.get_running_loop()
    sample = Sample()
    finished = asyncio.Event()
    open_connections = connections

    def done() -> None:
        nonlocal open_connections
        open_connections -= 1
        if open_connections == 0:
            finished.set()

    started = time.perf_counter()
    await asyncio.gather(
        *(
            loop.create_connection(
                lambda: _Connection(requests, sample, done), target.host, target.port, ssl=target.tls
            )
            for _ in range(connections)
        )
    )
    await finished.wait()
    sample.seconds = time.perf_counter() - started
    return sample


class Caller:
    """One connection kept for single requests between measurements."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def call(self, request: bytes) -> bytes:
        """The body of the answer. Raises RuntimeError for another status than 2xx."""
        if self._reader is None or self._writer is None:
            target = self._target
            self._reader, self._writer = await asyncio.open_connection(target.host, target.port, ssl=target.tls)
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await self._reader.readexactly(int(length.group(1))) if length else await self._chunks(self._reader)
        if head[9:10] != b"2":
            raise RuntimeError((head + body)[:400].decode(errors="replace"))
        return body

    @staticmethod
    async def _chunks(reader: asyncio.StreamReader) -> bytes:
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return body

    def close(self) -> None:
        """Ends the connection."""
        if self._writer is not None:
            self._writer.close()


def for_seconds(make: Callable[[int], bytes], seconds: float) -> Iterator[bytes]:
    """Requests `make(0)`, `make(1)`, ... until `seconds` have passed."""
    end = time.perf_counter() + seconds
    number = 0
    while time.perf_counter() < end:
        yield make(number)
        number += 1
