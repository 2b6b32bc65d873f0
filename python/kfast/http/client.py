"""An HTTP/1.1 client for what is passed on: bodies stream, connections are kept, an upgrade gives a raw channel."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

import httptools

from kfast.http.dialling import DIAL_SECONDS, authority, dial
from kfast.meta.exchange import Channel, Response, Stream, Upgrade

_KEPT = 64
"""Idle connections to one target."""
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
"""Header fields that are not passed on."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes; TLS if there is a context, verified for `server_name`, else for the host."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str = ""

    @property
    def authority(self) -> str:
        """`host:port`."""
        return authority(self.host, self.port)


class HTTPError(ConnectionError):
    """The peer went in the middle of an answer, or does not speak HTTP."""


class HTTPClient:
    """Keeps connections that can be used again, until `close`."""

    def __init__(self) -> None:
        self._idle: dict[Target, list[_Connection]] = {}

    def close(self) -> None:
        """Closes the connections that are not in use."""
        for connections in self._idle.values():
            for connection in connections:
                connection.channel.close()
        self._idle.clear()

    async def send(
        self,
        target: Target,
        method: str,
        path: str,
        headers: Mapping[str, str | tuple[str, ...]],
        body: bytes = b"",
        *,
        dial_seconds: float = DIAL_SECONDS,
    ) -> Response:
        """The answer as soon as its head is there. `path` is the escaped path with its query; `headers` are sent as
        they are, a tuple as a repeated field, with Host and Content-Length added where they are missing.
        Raises OSError."""
        head = _head(target, method, path, headers, len(body))
        upgrade = any(name.lower() == "upgrade" for name in headers)
        idle = None if upgrade else self._idle.get(target)
        while idle:
            connection = idle.pop()
            with contextlib.suppress(ConnectionError):
                # It may have been closed meanwhile, which says nothing about the target.
                if await connection.begin(head + body, method):
                    return self._response(connection, target, method)
            connection.channel.close()
        connection = _Connection(await dial(target.host, target.port, target.tls, target.server_name, dial_seconds))
        try:
            if not await connection.begin(head + body, method):
                raise HTTPError("EOF")
        except BaseException:
            connection.channel.close()
            raise
        return self._response(connection, target, method)

    def _response(self, connection: _Connection, target: Target, method: str) -> Response:
        answer = connection.answer
        headers, content_type = answer.headers()
        if answer.status == 101:
            rest = connection.rest

            async def run(channel: Channel) -> None:
                await relay(channel, connection.channel, rest)

            return Response(101, Upgrade(run), answer.headers(all_of_them=True)[0], content_type)
        if answer.complete:
            self._done(connection, target)
            return Response(answer.status, b"".join(answer.take()), headers, content_type)
        return Response(answer.status, Stream(self._body(connection, target), answer.length), headers, content_type)

    async def _body(self, connection: _Connection, target: Target) -> AsyncGenerator[bytes, None]:
        answer = connection.answer
        try:
            while True:
                for chunk in answer.take():
                    yield chunk
                if answer.complete:
                    break
                await connection.more()
        except BaseException:
            connection.channel.close()
            raise
        self._done(connection, target)

    def _done(self, connection: _Connection, target: Target) -> None:
        kept = self._idle.setdefault(target, [])
        if connection.answer.keep_alive and len(kept) < _KEPT:
            kept.append(connection)
        else:
            connection.channel.close()


class _Connection:
    """One connection and the answer that comes over it."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.answer = _Answer("")
        self.rest = b""
        """What came after the head of a 101."""

    async def begin(self, data: bytes, method: str) -> bool:
        """Sends a request; False if the peer went without a word of an answer. Raises ConnectionError."""
        self.answer = answer = _Answer(method)
        await self.channel.write(data)
        while not answer.begun:
            received = await self.channel.read()
            if not received:
                if answer.touched:
                    raise HTTPError("unexpected EOF")
                return False
            self.rest = answer.feed(received)
        return True

    async def more(self) -> None:
        """Reads on. Raises ConnectionError."""
        received = await self.channel.read()
        if received:
            self.answer.feed(received)
        else:
            self.answer.end()


class _Answer:
    """Takes an answer apart."""

    def __init__(self, method: str) -> None:
        self.touched = self.begun = self.complete = self.keep_alive = False
        self.status = 0
        self.length: int | None = None
        self._bodiless = method == "HEAD"
        self._fields: list[tuple[str, str]] = []
        self._chunks: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> bytes:
        """Takes bytes; what is left of them after the head of a 101. Raises HTTPError."""
        self.touched = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as pause:
            self.begun = True
            return data[pause.args[0] :]
        except httptools.HttpParserError as error:
            raise HTTPError(f"malformed HTTP response: {error}") from None
        return b""

    def end(self) -> None:
        """The peer closed. Raises HTTPError unless that ends the body."""
        chunked = any(name.lower() == "transfer-encoding" for name, _ in self._fields)
        if self.length is not None or chunked:
            raise HTTPError("unexpected EOF")
        self.complete, self.keep_alive = True, False

    def take(self) -> list[bytes]:
        """The body's pieces since it was asked last."""
        chunks, self._chunks = self._chunks, []
        return chunks

    def headers(self, *, all_of_them: bool = False) -> tuple[dict[str, str], str]:
        """The header fields that are passed on, repeated ones joined, and the content type."""
        found: dict[str, str] = {}
        names: dict[str, str] = {}
        content_type = ""
        for name, value in self._fields:
            lower = name.lower()
            if lower == "content-type":
                content_type = value
            elif all_of_them or (lower not in HOP_BY_HOP and lower not in ("content-length", "date")):
                name = names.setdefault(lower, name)
                found[name] = f"{found[name]}, {value}" if name in found else value
        return found, content_type

    def on_message_begin(self) -> None:
        """Of the parser."""
        self._fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of the parser."""
        self._fields.append((name.decode("latin-1"), value.decode("latin-1").strip(" \t")))

    def on_headers_complete(self) -> None:
        """Of the parser."""
        self.status = self._parser.get_status_code()
        if self.status < 200 and self.status != 101:
            return
        self.begun = True
        length = next((value for name, value in self._fields if name.lower() == "content-length"), None)
        self.length = int(length) if length is not None and length.isdigit() else None
        if self._bodiless:
            self.complete = True  # the connection cannot be kept: the parser waits for a body
            self.keep_alive = False

    def on_body(self, data: bytes) -> None:
        """Of the parser."""
        self._chunks.append(data)

    def on_message_complete(self) -> None:
        """Of the parser."""
        if self.begun and not self._bodiless:
            self.complete = True
            self.keep_alive = self._parser.should_keep_alive()


async def relay(left: Channel, right: Channel, first: bytes = b"") -> None:
    """Carries bytes both ways until one side ends; `first` is the right side's already."""

    async def carry(source: Channel, sink: Channel) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read():
                await sink.write(data)

    tasks: list[asyncio.Future[None]] = []
    try:
        if first:
            await left.write(first)
        tasks = [asyncio.ensure_future(carry(left, right)), asyncio.ensure_future(carry(right, left))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        right.close()


def _head(target: Target, method: str, path: str, headers: Mapping[str, str | tuple[str, ...]], size: int) -> bytes:
    present = {name.lower() for name in headers}
    lines = [f"{method} {path} HTTP/1.1"]
    if "host" not in present:
        lines.append(f"Host: {target.authority}")
    for name, value in headers.items():
        if name.lower() != "content-length":
            lines += [f"{name}: {one}" for one in ((value,) if isinstance(value, str) else value)]
    if size or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {size}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
