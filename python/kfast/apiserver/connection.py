"""One HTTP connection: who its peer is, how malformed requests are answered, how a watch writes to it."""

from __future__ import annotations

import asyncio
import logging

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from kfast.errors import StatusError

_log = logging.getLogger(__name__)
_encode = msgspec.json.encode


class Connection(RequestHandler):
    """One connection: remembers who the TLS peer is, and answers malformed HTTP as the API does."""

    __slots__ = ("peer_certificate",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Reads the peer's certificate once."""
        tls = transport.get_extra_info("ssl_object")
        self.peer_certificate: bytes | None = tls.getpeercert(True) if tls is not None else None
        super().connection_made(transport)

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
