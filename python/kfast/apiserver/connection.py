"""One HTTP connection: who its peer is, how malformed requests are answered, how a watch writes to it."""

from __future__ import annotations

import asyncio
import logging
import re
from http import HTTPStatus

import msgspec
from aiohttp import ClientConnectionResetError, HttpVersion11, web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_exceptions import BadHttpMethod, LineTooLong
from aiohttp.web_protocol import RequestHandler
from multidict import CIMultiDict

from kfast.errors import StatusError

_log = logging.getLogger(__name__)
_encode = msgspec.json.encode

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_ONE_LINE = re.compile(r"[\r\n]+")
_DRAIN_FROM = 1 << 16
_REQUEST_LINE = re.compile(r"b'[A-Z]+ /\S* HTTP/1")
"""How the parser quotes a request line that is well-formed but for a method it does not know."""


class Connection(RequestHandler):
    """One connection: remembers who the TLS peer is, and answers malformed HTTP as the API does."""

    __slots__ = ("_headers", "_raw_headers", "peer_certificate")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Reads the peer's certificate once."""
        tls = transport.get_extra_info("ssl_object")
        self.peer_certificate: bytes | None = tls.getpeercert(True) if tls is not None else None
        self._raw_headers: tuple[tuple[bytes, bytes], ...] = ()
        self._headers: dict[str, str] = {}
        super().connection_made(transport)

    def headers(self, http: web.BaseRequest) -> dict[str, str]:
        """The request's headers by lower-case name. A client sends the same ones again and again: they are read
        once and the dict is shared by the requests of a connection."""
        raw = http.raw_headers
        if raw != self._raw_headers:
            headers: dict[str, str] = {}
            for name, value in http.headers.items():
                name = name.lower()
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
            self._raw_headers, self._headers = raw, headers
        return self._headers

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A `Status` for what is no HTTP; closes the connection."""
        _log.debug("refusing a request of %s: %s", request.remote, exc)
        if request.writer.output_size > 0:
            raise ConnectionResetError("the response has begun")
        if isinstance(exc, LineTooLong):
            error = StatusError(431, "", "Request Header Fields Too Large")
        elif isinstance(exc, BadHttpMethod) and _REQUEST_LINE.search(exc.message):
            text = "the server does not allow this method on the requested resource"
            error = StatusError(405, "MethodNotAllowed", text)
        elif status >= 500:
            error = StatusError(status, "InternalError", f"Internal error occurred: {exc}")
        else:
            error = StatusError(status, "BadRequest", message or "Bad Request")
        answer = failure_answer(error)
        answer.force_close()
        return answer


class Protocols(web.Server):
    """Makes a `Connection` per accepted socket."""

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)


class Answer:
    """A whole response in one write: what aiohttp's protocol asks of a response, without its general machinery."""

    __slots__ = ("_body", "_head", "_http", "keep_alive")

    def __init__(self, http: web.BaseRequest, status: int, headers: CIMultiDict[str], body: bytes) -> None:
        self._http = http
        self.keep_alive = http.keep_alive
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}"]
        lines += [f"{name}: {_ONE_LINE.sub(' ', value)}" for name, value in headers.items()]
        if status != 304:
            lines.append(f"Content-Length: {len(body)}")
        if not self.keep_alive:
            lines.append("Connection: close")
        elif http.version < HttpVersion11:
            lines.append("Connection: keep-alive")
        lines.append(f"Date: {rfc822_formatted_time()}\r\n\r\n")
        self._head = "\r\n".join(lines).encode()
        self._body = b"" if http.method == "HEAD" else body

    def force_close(self) -> None:
        """Ends the connection after this response."""
        self.keep_alive = False

    async def prepare(self, http: web.BaseRequest) -> None:
        """Nothing is sent before `write_eof`."""

    async def write_eof(self) -> None:
        """Sends everything. Raises ConnectionError if the peer is gone."""
        transport = self._http.transport
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("Cannot write to closing transport")
        if len(self._body) < _DRAIN_FROM:
            transport.write(self._head + self._body)
            return
        transport.write(self._head)
        transport.write(self._body)
        await self._http.writer.drain()


class ConnectionSink:
    """The connection as a watch feed sees it (`watch_feed.Sink`)."""

    def __init__(self, http: web.BaseRequest, limit: int) -> None:
        self._writer = http.writer
        self._transport = http.transport
        self._limit = limit
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.overflowed = False

    def write(self, chunk: bytes) -> bool:
        """Sends a framed chunk; False if the peer is gone or too far behind."""
        transport = self._transport
        if transport is None or self.ended.done() or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > self._limit:
            self.overflowed = True
            return False
        transport.write(chunk)
        return True

    async def drain(self) -> None:
        """Returns once little is unsent."""
        await self._writer.drain()

    def close(self) -> None:
        """Ends the stream; a peer that does not read is cut off, its unsent bytes with it."""
        if self.ended.done():
            return
        self.ended.set_result(None)
        if self.overflowed and self._transport is not None:
            self._transport.abort()


def failure_answer(error: StatusError) -> web.Response:
    """The `Status` of an error as an HTTP answer."""
    return web.Response(status=error.code, body=_encode(error.to_dict()), headers={"Content-Type": "application/json"})
