"""The HTTP transport: a listening socket around a handler.

It frames and guards (sizes, slow peers, malformed HTTP) and knows nothing of the API. A request line or header that is
too long, a body over the limit and a peer that stalls are answered with a `Status` and a closed connection. Watches are
written chunk by chunk straight to the connection; one whose peer does not keep up is cut, and the client lists again.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from kfast.http.connection import Connection, Limits
from kfast.meta.exchange import Handler

BODY_LIMIT = 3 * 1024 * 1024
"""Bytes of a request body, as upstream's."""
IDLE_SECONDS = 90.0
"""A connection without a complete request for so long is closed."""
BODY_SECONDS = 60.0
"""A body must arrive within this."""
REQUEST_SECONDS = 60.0
"""A request other than a watch is answered within this, as upstream's --request-timeout."""
STREAM_LIMIT = 4 << 20
"""Unsent bytes after which a watch is cut."""
_STOP_SECONDS = 2.0
_LOOKS = 60
"""How often requests are looked at within the time one may take."""


class HTTPServer:
    """A listening socket and its connections; `stop` ends both."""

    def __init__(
        self, handler: Handler, limits: Limits, handlers: Callable[[str], Handler | None] | None = None
    ) -> None:
        self._handler = handler
        self._handlers = handlers
        self._limits = limits
        self._listener: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.port = 0

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Binds and accepts. Raises OSError if the address is not to be had."""
        loop = asyncio.get_running_loop()
        extra: dict[str, Any] = {"ssl": tls, "ssl_handshake_timeout": 10.0} if tls else {}
        create_server = _create_server(loop)
        self._listener = await create_server(self._accept, host, port, backlog=1024, **extra)
        self.port = self._listener.sockets[0].getsockname()[1]
        self._timer = loop.call_later(self._limits.request_seconds / _LOOKS, self._end_overdue)

    def _end_overdue(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in list(self._connections):
            connection.end_overdue(loop.time())
        self._timer = loop.call_later(self._limits.request_seconds / _LOOKS, self._end_overdue)

    def _accept(self) -> Connection:
        return Connection(self._handler, self._limits, self._connections, self._handlers)

    async def stop(self) -> None:
        """Stops listening, ends watches, lets running requests finish for a moment, closes every connection."""
        if self._listener is not None:
            self._listener.close()
        if self._timer is not None:
            self._timer.cancel()
        running = [task for connection in list(self._connections) if (task := connection.shutdown()) is not None]
        if running:
            await asyncio.wait(running, timeout=_STOP_SECONDS)
        for connection in list(self._connections):
            connection.abort()


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
    request_seconds: float = REQUEST_SECONDS,
    may_take_long: Callable[[bytes], bool] | None = None,
    handlers: Callable[[str], Handler | None] | None = None,
) -> HTTPServer:
    """Serves `handler` (`APIServer.handle`); port 0 takes a free one, told by `.port`. `tls` None is plain HTTP;
    requests for targets that `may_take_long` have no time limit; `handlers` may give another handler for what comes to
    one of this machine's addresses.
    Raises OSError if the address is taken."""
    limits = Limits(body_limit, body_seconds, idle_seconds, stream_limit, request_seconds)
    if may_take_long is not None:
        limits = replace(limits, may_take_long=may_take_long)
    server = HTTPServer(handler, limits, handlers)
    await server.listen(host, port, tls)
    return server


def _create_server(loop: asyncio.AbstractEventLoop) -> Callable[..., Awaitable[asyncio.Server]]:
    """The loop's way to listen, or aiofastnet's where the extra `fast` is installed: a TLS write then costs a quarter
    less."""
    try:
        from aiofastnet import create_server
    except ImportError:
        return loop.create_server
    return partial(create_server, loop)
