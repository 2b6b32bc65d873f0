"""`/portForward`: connections to a pod's ports over SPDY, SPDY in a WebSocket, or WebSocket channels."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine
from typing import Any

from kfast.errors import StatusError
from kfast.http import channels, websocket
from kfast.http.channels import ChannelSocket
from kfast.http.spdy import Session, SpdyStream
from kfast.http.websocket import WebSocket
from kfast.meta.exchange import Channel, Request, Response, Upgrade
from kfast.node.runtime import ContainerError, Runtime
from kfast.node.server.answers import RefusedError
from kfast.node.server.negotiation import negotiated
from kfast.runtime import Object

PROTOCOL = "portforward.k8s.io"
TUNNELLED = "SPDY/3.1+portforward.k8s.io"
CREATION_SECONDS = 30.0
"""What a client has to open both streams of a connection."""
_CHANNELS = (channels.V4[0], channels.V4[1], "")


def serve(request: Request, runtime: Runtime, pod: Object) -> Response:
    """The 101 of a forwarding client. Raises RefusedError, StatusError."""
    if not websocket.wanted(request):
        _, headers = negotiated(request, (PROTOCOL,))
        return Response(101, Upgrade(lambda channel: _Forwarder(runtime, pod).sessions(channel)), headers, "")
    protocol, headers = websocket.handshake(request, (TUNNELLED, *_CHANNELS))
    if protocol == TUNNELLED:
        return Response(101, Upgrade(lambda channel: _tunnelled(runtime, pod, channel)), headers, "")
    ports = _ports(request)
    return Response(101, Upgrade(lambda channel: _over_channels(runtime, pod, ports, channel, protocol)), headers, "")


async def _tunnelled(runtime: Runtime, pod: Object, channel: Channel) -> None:
    await _Forwarder(runtime, pod).sessions(_Tunnelled(WebSocket(channel)))


class _Tunnelled:
    """The payload of a WebSocket's messages as a channel."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        while (message := await self._socket.receive()) is not None:
            if message[1]:
                return message[1]
        return b""

    async def write(self, data: bytes) -> None:
        await self._socket.send(data)

    async def finish(self) -> None:
        await self._socket.close()

    def close(self) -> None:
        """The channel below is closed by its owner."""


class _Forwarder:
    """One client's connections over SPDY: a stream for data and one for errors each."""

    def __init__(self, runtime: Runtime, pod: Object) -> None:
        self._runtime = runtime
        self._pod = pod
        self._halves: dict[str, dict[str, SpdyStream]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def sessions(self, channel: Channel) -> None:
        """Serves until the client goes."""
        session = Session(channel)
        self._start(session.run())
        try:
            while (stream := await session.accept()) is not None:
                await self._take(session, stream)
        except ConnectionError:
            pass
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, session: Session, stream: SpdyStream) -> None:
        kind, port = stream.headers.get("streamtype", ""), stream.headers.get("port", "")
        if kind not in ("data", "error") or not _valid_port(port):
            await session.refuse(stream)
            return
        await session.reply(stream)
        number = stream.number if kind == "error" else stream.number - 2
        request = stream.headers.get("requestid") or f"#{number}"
        halves = self._halves.setdefault(request, {})
        if not halves:
            self._start(self._expire(request))
        halves[kind] = stream
        if len(halves) == 2:
            del self._halves[request]
            self._start(self._forward(halves["data"], halves["error"], int(port)))

    async def _expire(self, request: str) -> None:
        await asyncio.sleep(CREATION_SECONDS)
        for stream in self._halves.pop(request, {}).values():
            await stream.reset()

    async def _forward(self, data: SpdyStream, error: SpdyStream, port: int) -> None:
        why = await _joined(self._runtime, self._pod, port, data)
        if why:
            await error.write(why.encode())
            await data.reset()
        await error.finish()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(_until_gone(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _over_channels(runtime: Runtime, pod: Object, ports: list[int], channel: Channel, protocol: str) -> None:
    """Port n of the request has channel 2n for data and 2n+1 for errors; both begin with the port, little-endian."""
    streams = ChannelSocket(WebSocket(channel), protocol)
    for at, port in enumerate(ports):
        for number in (2 * at, 2 * at + 1):
            await streams.send(number, port.to_bytes(2, "little"))

    async def forward(at: int, port: int) -> None:
        data = streams.stream(2 * at)
        why = await _joined(runtime, pod, port, data)
        if why:
            await streams.send(2 * at + 1, why.encode())

    work = [asyncio.ensure_future(_until_gone(forward(at, port))) for at, port in enumerate(ports)]
    reading = asyncio.ensure_future(_until_gone(streams.run()))
    both = asyncio.gather(*work)
    try:
        await asyncio.wait((reading, both), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*work, reading):
            task.cancel()
        await asyncio.gather(*work, reading, both, return_exceptions=True)


async def _joined(runtime: Runtime, pod: Object, port: int, client: Channel) -> str:
    """Carries bytes between the client and the pod's port until both sides have ended; why that failed, or empty."""
    try:
        target = await runtime.connect(pod, port)
    except (ContainerError, OSError) as error:
        return f"error forwarding port {port} to pod {pod.name}, uid {pod.uid}: {error}"

    async def there() -> None:
        while data := await client.read():
            await target.write(data)
        await target.finish()

    sending = asyncio.ensure_future(_until_gone(there()))
    try:
        with contextlib.suppress(ConnectionError):
            while data := await target.read():
                await client.write(data)
        await client.finish()
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        target.close()
    return ""


async def _until_gone(work: Awaitable[None]) -> None:
    with contextlib.suppress(ConnectionError):
        await work


def _ports(request: Request) -> list[int]:
    """Raises StatusError 400."""
    values = request.query.get("ports") or request.query.get("port") or ()
    texts = [text for value in values for text in value.split(",")]
    if not texts:
        raise StatusError(400, "BadRequest", 'query parameter "port" is required')
    for text in texts:
        if not _valid_port(text):
            raise RefusedError(400, f'unable to parse "{text}" as a port')
    return [int(text) for text in texts]


def _valid_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65_536
