"""One HTTP/1.1 connection: requests parsed, answered one after the other, and its peer kept within limits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any

from kfast._core import Object
from kfast.errors import StatusError
from kfast.http.message import Message, body, failure, head
from kfast.http.outflow import Outflow
from kfast.http.reader import Reader
from kfast.http.sink import ConnectionSink
from kfast.http.tunnel import Tunnel
from kfast.meta.exchange import Handler, Response, Stream, Upgrade

_LINGER_SECONDS = 0.5
"""What a peer gets to read an answer it did not wait for: closing at once could reset the connection under it."""
_SLICE = 1 << 18
_OVERDUE = "Timeout: request did not complete within the allotted timeout"
_PIPELINE = 16
"""Requests without a body that may wait for the one under way."""
_log = logging.getLogger(__name__)


def _never(_target: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a peer may do; see `server`."""

    body: int
    body_seconds: float
    idle_seconds: float
    stream: int
    request_seconds: float = 60.0
    may_take_long: Callable[[bytes], bool] = _never
    """Whether a request for this target may go on for longer, besides watches and streams."""


class Connection(Outflow):
    """Feeds requests to the handler. A plain read is answered within the callback that received it; what has to
    wait goes on in a task. `connections` holds it while it lives."""

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        connections: set[Connection],
        handlers: Callable[[str], Handler | None] | None = None,
    ) -> None:
        super().__init__()
        self._handler = handler
        self._handlers = handlers
        self._limits = limits
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(limits.body)
        self._certificate: bytes | None = None
        self._address = ""
        self._waiting: deque[Message | StatusError] = deque()
        self._current: Message | StatusError | None = None
        self._task: asyncio.Task[None] | None = None
        self._sink: ConnectionSink | None = None
        self._streaming = False
        self._unsent = 0
        self._reading_paused = False
        self._stopping = False
        self._since = self._loop.time()
        self._overdue = False
        self._idle_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Reads the peer's certificate once."""
        tls = transport.get_extra_info("ssl_object")
        self._certificate = tls.getpeercert(True) if tls is not None else None
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._transport = transport
        if self._handlers is not None:
            local = transport.get_extra_info("sockname")
            self._handler = self._handlers(local[0] if local else "") or self._handler
        self._connections.add(self)
        self._idle_timer = self._loop.call_later(self._limits.idle_seconds, self._check_idle)

    def data_received(self, data: bytes) -> None:
        """Parses; whole requests begin or queue."""
        reader = self._reader
        self._waiting += reader.feed(data)
        if reader.incoming is None:
            if self._body_timer is not None:
                self._body_timer.cancel()
                self._body_timer = None
        elif self._body_timer is None:
            self._body_timer = self._loop.call_later(self._limits.body_seconds, self._body_late)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels what runs for the peer."""
        self._reader.close()
        self._waiting.clear()
        self._connections.discard(self)
        for timer in (self._idle_timer, self._body_timer):
            if timer is not None:
                timer.cancel()
        self.resume_writing()
        if self._sink is not None:
            self._sink.close()
        elif self._task is not None:
            self._task.cancel()

    def _next(self) -> None:
        """Begins what waits, until something takes time."""
        while self._waiting and self._current is None and self._transport is not None:
            self._current = self._waiting.popleft()
            if isinstance(self._current, StatusError):
                self._refuse(self._current)
            else:
                self._begin(self._current)
        if self._reader.continue_due and self._current is None and not self._reader.ended:
            self._reader.continue_due = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._waiting or self._reading_paused:
            self._pace()

    def _pace(self) -> None:
        """Reads on only while little waits; some reading there must be, to notice that the peer goes."""
        waiting = self._waiting
        much = len(waiting) > _PIPELINE or any(m.body for m in waiting if isinstance(m, Message))
        if self._reading_paused != much and not self._transport.is_closing():
            self._reading_paused = much
            (self._transport.pause_reading if much else self._transport.resume_reading)()

    def _begin(self, message: Message) -> None:
        running: Coroutine[Any, Any, None] = self._exchange(message)
        if message.method == "GET" and b"?" not in message.target:
            try:
                waited = running.send(None)
            except StopIteration:
                self._finish(message)
                return
            running = _resumed(running, waited)
        self._since = self._loop.time()
        self._task = self._loop.create_task(running)
        self._task.add_done_callback(lambda _: self._ended(message))

    def _ended(self, message: Message) -> None:
        self._task = None
        self._finish(message)
        self._next()

    def _finish(self, message: Message) -> None:
        self._current = None
        self._since = self._loop.time()
        if not message.keep_alive:
            self.close()
        elif self._reader.holds and not self._waiting:
            self._waiting += self._reader.go_on()

    def _refuse(self, error: StatusError) -> None:
        answer, message = failure(error), Message("", b"", {}, keep_alive=False)
        data: Any = answer.payload
        self._transport.write(head(message, answer, len(data)) + data)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._loop.call_later(_LINGER_SECONDS, self.close)

    async def _exchange(self, message: Message) -> None:
        try:
            response, content = await self._answer(message)
            if content is None:
                self._streaming = True
                await self._go_on(message, response)
            else:
                await self._send(head(message, response, len(content)), b"" if message.method == "HEAD" else content)
        except ConnectionError:
            self.abort()
        except asyncio.CancelledError:
            if not self._overdue or self._transport.is_closing():
                raise
            message.keep_alive = False
            answer = failure(StatusError(504, "Timeout", _OVERDUE))
            data: Any = answer.payload
            self._transport.write(head(message, answer, len(data)) + data)
        except Exception:
            _log.exception("answering %s %s failed", message.method, message.target)
            self.abort()

    async def _answer(self, message: Message) -> tuple[Response, bytes | None]:
        """The response and its bytes, None for a watch; never raises but for cancellation."""
        try:
            response = await self._handler(message.request(self._certificate, self._address))
            if isinstance(response.payload, bytes | dict | Object | list | tuple | None):
                return response, await body(message, response)
            if not message.old or isinstance(response.payload, Stream):
                return response, None
            if not isinstance(response.payload, Upgrade):
                watch: Any = response.payload
                watch.close()
            response = failure(StatusError(505, "", "a watch takes HTTP/1.1"))
        except StatusError as error:
            response = failure(error)
        except Exception as error:
            _log.exception("%s %s failed", message.method, message.target)
            response = failure(StatusError(500, "InternalError", f"Internal error occurred: {error}"))
        return response, await body(message, response)

    async def _send(self, start: bytes, data: bytes) -> None:
        """Raises ConnectionError."""
        transport = self._transport
        if len(data) < _SLICE:
            transport.write(start + data)
            return
        transport.write(start)
        view = memoryview(data)
        for at in range(0, len(view), _SLICE):
            await self.drain()
            transport.write(view[at : at + _SLICE])
        await self.drain()

    async def drain(self) -> None:
        """Returns once little is unsent. Raises ConnectionError."""
        await self.sent()
        if self._transport.is_closing():
            raise ConnectionResetError("the peer is gone")

    async def _go_on(self, message: Message, response: Response) -> None:
        """What takes its time after the head. Raises ConnectionError."""
        try:
            if isinstance(response.payload, Stream):
                await self._pour(message, response, response.payload)
            elif isinstance(response.payload, Upgrade):
                await self._hand_over(message, response, response.payload)
            else:
                await self._watch(message, response)
        finally:
            self._streaming = False

    async def _pour(self, message: Message, response: Response, stream: Stream) -> None:
        """A body piece by piece. One that breaks off breaks the connection, so that nobody takes it for whole."""
        framed = stream.length is None and not message.old
        if message.old:
            message.keep_alive = False
        async with contextlib.aclosing(stream.chunks) as chunks:
            self._transport.write(head(message, response, stream.length))
            if message.method == "HEAD":
                return
            async for chunk in chunks:
                if chunk:
                    self._transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if framed else chunk)
                await self.drain()
        if framed:
            self._transport.write(b"0\r\n\r\n")

    async def _hand_over(self, message: Message, response: Response, upgrade: Upgrade) -> None:
        """The connection is the other protocol's from now on, and ends with it."""
        message.keep_alive = True  # of the head: it says `Connection: Upgrade` itself
        tunnel = Tunnel(self._transport, self._reader.give_up(), self.connection_lost)
        self._transport.write(head(message, response, None))
        self._transport.set_protocol(tunnel)
        if self._reading_paused:
            self._transport.resume_reading()
        message.keep_alive = False
        try:
            await upgrade.run(tunnel)
        finally:
            tunnel.close()

    async def _watch(self, message: Message, response: Response) -> None:
        """A watch: headers at once, then whatever the feed writes until one side ends it."""
        watch: Any = response.payload
        self._transport.write(head(message, response, None))
        if message.method == "HEAD":
            watch.close()
            return
        sink = self._sink = ConnectionSink(self, self._transport, self._limits.stream)
        if self._stopping:
            sink.close()
        try:
            watch.attach(sink)
            await sink.ended
        finally:
            self._sink = None
            sink.close()
            watch.close()
        if sink.overflowed:
            self._transport.abort()
        elif not self._transport.is_closing():
            self._transport.write(b"0\r\n\r\n")

    def shutdown(self) -> asyncio.Task[None] | None:
        """The server stops: ends a watch, and the connection as soon as it is idle. The task that has still to end."""
        self._stopping = True
        self._reader.ended = True
        self._waiting.clear()
        if self._sink is not None:
            self._sink.close()
        if isinstance(self._current, Message):
            self._current.keep_alive = False
        else:
            self.close()
        if self._streaming and self._sink is None and self._task is not None:
            self._task.cancel()
        return self._task

    def end_overdue(self, now: float) -> None:
        """Refuses a request that takes longer than one may; watches may. What it wrote stays written."""
        message = self._current
        if self._task is None or self._streaming or self.stuck or not isinstance(message, Message):
            return
        if now - self._since > self._limits.request_seconds and not self._limits.may_take_long(message.target):
            self._overdue = True
            self._task.cancel()

    def close(self) -> None:
        """Closes once everything is sent."""
        self._reader.ended = True
        self._waiting.clear()
        self._connections.discard(self)
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Closes now."""
        self._transport.abort()

    def _body_late(self) -> None:
        self._reader.fail(StatusError(504, "Timeout", _OVERDUE))
        self._waiting += self._reader.take()
        self._next()

    def _check_idle(self) -> None:
        """Closes a connection that was long without a request, or whose peer takes nothing of a long answer."""
        due = self._since + self._limits.idle_seconds
        if self._current is not None or self._reader.incoming is not None:
            due = self._loop.time() + self._limits.idle_seconds
            unsent = self._transport.get_write_buffer_size()
            if self.stuck and unsent == self._unsent:
                self.abort()
                return
            self._unsent = unsent
        elif due <= self._loop.time():
            self.close()
            return
        self._idle_timer = self._loop.call_at(due, self._check_idle)


@types.coroutine
def _resumed(coroutine: Coroutine[Any, Any, None], waited: Any) -> Generator[Any, Any, None]:
    """Goes on, in a task, with a coroutine that was started outside of one and now waits for `waited`."""
    while True:
        try:
            yield waited
        except BaseException as error:
            thrown: BaseException | None = error
        else:
            thrown = None
        try:
            waited = coroutine.send(None) if thrown is None else coroutine.throw(thrown)
        except StopIteration:
            return
