"""The HTTPS transport: aiohttp's low-level server around the apiserver's handler.

It frames and guards (sizes, slow peers, malformed HTTP) and knows nothing of the API. A request line or header that is
too long, a body over the limit and a peer that stalls are answered with a `Status` and a closed connection. Watches are
written chunk by chunk straight to the connection; one whose peer does not keep up is cut, and the client lists again.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import msgspec
from aiohttp import ClientConnectionResetError, web
from multidict import CIMultiDict

from kfast._core import Object
from kfast.apiserver.connection import Answer, Connection, ConnectionSink, Protocols, failure_answer
from kfast.apiserver.kubernetes_service import EndpointReconciler, advertised_address
from kfast.apiserver.pki import PKI, server_context
from kfast.errors import StatusError
from kfast.meta.exchange import Handler, Request, Response

if TYPE_CHECKING:
    from kfast.apiserver.app import APIServer

BODY_LIMIT = 3 * 1024 * 1024
"""Bytes of a request body, as upstream's."""
LINE_LIMIT = 1 << 20
FIELD_LIMIT = 1 << 16
IDLE_SECONDS = 90.0
"""A connection without a complete request for so long is closed."""
BODY_SECONDS = 60.0
"""A body must arrive within this."""
STREAM_LIMIT = 4 << 20
"""Unsent bytes after which a watch is cut."""
GZIP_MINIMUM = 128 * 1024
_GZIP_IN_LOOP = 256 * 1024
_GZIP_WBITS = 31

_log = logging.getLogger(__name__)
_encode = msgspec.json.encode


class HTTPSServer:
    """The API server on the network: TLS of the cluster's own authority, and the Service `kubernetes` leading here."""

    def __init__(self, api: APIServer, pki: PKI, host: str, port: int) -> None:
        self._api = api
        self._pki = pki
        self._host = host
        self._wanted = port
        self._http: HTTPServer | None = None
        self._endpoints: EndpointReconciler | None = None

    @property
    def port(self) -> int:
        """The port served, once started."""
        return self._http.port if self._http is not None else self._wanted

    async def start(self) -> None:
        """Returns when requests are answered. Raises OSError if the address is taken."""
        address = advertised_address(self._host)
        tls = server_context(self._pki.server([self._host, address or ""]), self._pki.ca.certificate)
        self._http = await serve(self._api.handle, self._host, self._wanted, tls)
        where = f"{address or self._host}:{self.port}"
        self._api.discovery.address = where
        self._api.nonresource.external_url = lambda: f"https://{where}"
        if address is not None:
            self._endpoints = EndpointReconciler(self._api.handle, self._api.clock, address, self.port)
            await self._endpoints.start()

    async def stop(self) -> None:
        """Ends every connection."""
        if self._endpoints is not None:
            await self._endpoints.stop()
        if self._http is not None:
            await self._http.stop()


class HTTPServer:
    """A listening socket and its connections; `stop` ends both."""

    def __init__(self, handler: Handler, body_limit: int, body_seconds: float, stream_limit: int) -> None:
        self._handler = handler
        self._body_limit = body_limit
        self._body_seconds = body_seconds
        self._stream_limit = stream_limit
        self._listener: asyncio.Server | None = None
        self._protocols: Protocols | None = None
        self._watches: set[ConnectionSink] = set()
        self._stopping = False
        self.port = 0

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None, idle_seconds: float) -> None:
        """Binds and accepts. Raises OSError if the address is not to be had."""
        loop = asyncio.get_running_loop()
        self._protocols = Protocols(
            self._serve,
            handler_cancellation=True,
            request_factory=self._request,
            keepalive_timeout=idle_seconds,
            lingering_time=2.0,
            max_line_size=LINE_LIMIT,
            max_field_size=FIELD_LIMIT,
            auto_decompress=False,
            access_log=None,
        )
        extra: dict[str, Any] = {"ssl": tls, "ssl_handshake_timeout": 10.0} if tls else {}
        self._listener = await loop.create_server(self._protocols, host, port, backlog=1024, **extra)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stops listening, ends watches, lets running requests finish for a moment, closes every connection."""
        self._stopping = True
        if self._listener is not None:
            self._listener.close()
        for sink in list(self._watches):
            sink.close()
        if self._protocols is not None:
            self._protocols.pre_shutdown()  # idle connections would be waited for
            await self._protocols.shutdown(2.0)

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=self._body_limit)

    async def _serve(self, http: web.BaseRequest) -> Any:
        """One exchange; never raises but for a lost peer."""
        try:
            body = await self._body(http) if http.body_exists else b""
        except StatusError as error:
            answer = failure_answer(error)
            answer.force_close()
            return answer
        try:
            request = _decode(http, body)
            response = await self._handler(request)
            if not isinstance(response.payload, bytes | dict | Object | list | tuple | None):
                return await self._stream(http, response)
            return await _answer(http, request, response)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except StatusError as error:
            return failure_answer(error)
        except Exception as error:
            _log.exception("%s %s failed", http.method, http.path)
            return failure_answer(StatusError(500, "InternalError", f"Internal error occurred: {error}"))

    async def _body(self, http: web.BaseRequest) -> bytes:
        too_large = StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {self._body_limit}")
        if (http.content_length or 0) > self._body_limit:
            raise too_large
        try:
            async with asyncio.timeout(self._body_seconds):
                return await http.read()
        except web.HTTPRequestEntityTooLarge:
            raise too_large from None
        except TimeoutError:
            raise StatusError(504, "Timeout", "Timeout: request did not complete within the allotted timeout") from None
        except web.RequestPayloadError as error:
            raise StatusError(400, "BadRequest", f"unexpected EOF: {error}") from None

    async def _stream(self, http: web.BaseRequest, response: Response) -> web.StreamResponse:
        """A watch: headers at once, then whatever the feed writes until one side ends it."""
        watch: Any = response.payload
        answer = web.StreamResponse(status=response.status, headers=_headers(response))
        answer.enable_chunked_encoding()
        await answer.prepare(http)
        http.writer.send_headers()
        sink = ConnectionSink(http, self._stream_limit)
        self._watches.add(sink)
        if self._stopping:
            sink.close()
        try:
            watch.attach(sink)
            await sink.ended
        finally:
            self._watches.discard(sink)
            sink.close()
            watch.close()
        if sink.overflowed:
            raise ClientConnectionResetError("the peer of a watch does not keep up")
        return answer


async def serve(
    handler: Handler,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    *,
    body_limit: int = BODY_LIMIT,
    body_seconds: float = BODY_SECONDS,
    idle_seconds: float = IDLE_SECONDS,
    stream_limit: int = STREAM_LIMIT,
) -> HTTPServer:
    """Serves `handler` (`APIServer.handle`); port 0 takes a free one, told by `.port`. `tls` None is plain HTTP.
    Raises OSError if the address is taken."""
    server = HTTPServer(handler, body_limit, body_seconds, stream_limit)
    await server.listen(host, port, tls, idle_seconds)
    return server


def _decode(http: web.BaseRequest, body: bytes) -> Request:
    raw = http.raw_path
    if not raw.startswith("/"):  # absolute form, as proxies send it
        raw = http.rel_url.raw_path_qs
    path, mark, query = raw.partition("?")
    if "%" in path:
        path = unquote(path)
    connection = http.protocol
    assert isinstance(connection, Connection)
    return Request(
        http.method,
        path,
        parse_qs(query, keep_blank_values=True) if mark else {},
        connection.headers(http),
        body,
        peer_certificate=connection.peer_certificate,
    )


async def _answer(http: web.BaseRequest, request: Request, response: Response) -> Answer:
    headers = _headers(response)
    body = _bytes(response.payload)
    if len(body) >= GZIP_MINIMUM and "gzip" in request.headers.get("accept-encoding", ""):
        body = await asyncio.to_thread(_gzip, body) if len(body) > _GZIP_IN_LOOP else _gzip(body)
        headers["Content-Encoding"] = "gzip"
        headers.add("Vary", "Accept-Encoding")
    return Answer(http, response.status, headers, body)


def _headers(response: Response) -> CIMultiDict[str]:
    headers = CIMultiDict(response.headers)
    headers["Content-Type"] = response.content_type
    for text in response.warnings:
        headers.add("Warning", f"299 - {_quoted(text)}")
    return headers


def _quoted(text: str) -> str:
    """A quoted-string of RFC 7230 on one line."""
    flat = "".join(" " if c in "\r\n\t" else c for c in text if c in "\r\n\t" or c.isprintable())
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bytes(payload: Any) -> bytes:
    if payload is None:
        return b""
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, Object):
        return payload.to_bytes()
    if isinstance(payload, list | tuple):
        return b"".join(payload)
    return _encode(payload)


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP_WBITS)
    return packer.compress(body) + packer.flush()
