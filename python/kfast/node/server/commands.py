"""`/exec` and `/attach`: a command's streams over WebSocket channels or SPDY."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from kfast.http import channels, websocket
from kfast.http.channels import ChannelSocket
from kfast.http.spdy import Session, SpdyStream
from kfast.meta.exchange import Channel, Request, Response, Upgrade
from kfast.node.runtime import Console, ContainerError, Size
from kfast.node.server.answers import RefusedError
from kfast.node.server.negotiation import negotiated

Run = Callable[[Console], Awaitable[int]]
"""Runs the command; its exit code. Raises ContainerError."""

CREATION_SECONDS = 30.0
"""What a client has to open its streams."""
_PROTOCOLS = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
"""Over SPDY, whose streams end by themselves: version 5 says how over WebSocket."""
_SIZED = frozenset(_PROTOCOLS[:2])
_SPDY_STREAMS = ("error", "stdin", "stdout", "stderr", "resize")
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE = range(5)
_log = logging.getLogger(__name__)
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """Which streams the client asks for."""

    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool

    @classmethod
    def read(cls, request: Request) -> StreamOptions:
        """Of a query. Raises RefusedError."""
        tty, stdin, stdout, stderr = (request.param(key) == "1" for key in ("tty", "input", "output", "error"))
        if not (stdin or stdout or (stderr and not tty)):
            raise RefusedError(400, "you must specify at least 1 of stdin, stdout, stderr")
        return cls(stdin, stdout, stderr and not tty, tty)


def serve(request: Request, run: Run) -> Response:
    """The 101 of a command. Raises RefusedError, StatusError."""
    options = StreamOptions.read(request)
    if websocket.wanted(request):
        protocol, headers = websocket.handshake(request, (channels.V5, *channels.V4, *channels.V1))

        async def over_websocket(channel: Channel) -> None:
            await _over_websocket(channel, protocol, options, run)

        return Response(101, Upgrade(over_websocket), headers, "")
    protocol, headers = negotiated(request, _PROTOCOLS)

    async def over_spdy(channel: Channel) -> None:
        await _over_spdy(channel, protocol, options, run)

    return Response(101, Upgrade(over_spdy), headers, "")


async def _over_websocket(channel: Channel, protocol: str, options: StreamOptions, run: Run) -> None:
    socket = websocket.WebSocket(channel)
    streams = ChannelSocket(socket, protocol)
    console = Console(
        stdin=streams.stream(_STDIN) if options.stdin else None,
        stdout=streams.stream(_STDOUT) if options.stdout else None,
        stderr=streams.stream(_STDERR) if options.stderr else None,
        tty=options.tty,
        sizes=_sizes(streams.stream(_RESIZE)),
    )
    # Tells the client that the streams are there.
    await streams.send(_STDOUT if options.stdout else _STDERR if options.stderr else _ERROR, b"")
    async with _reading(streams.run):
        said = _status(await _outcome(run, console), protocol in (channels.V5, *channels.V4))
        if said:
            await streams.send(_ERROR, said)
        await socket.close()


async def _over_spdy(channel: Channel, protocol: str, options: StreamOptions, run: Run) -> None:
    session = Session(channel)
    async with _reading(session.run):
        expected = {"error"} | {name for name in ("stdin", "stdout", "stderr") if getattr(options, name)}
        if options.tty and protocol in _SIZED:
            expected.add("resize")
        try:
            async with asyncio.timeout(CREATION_SECONDS):
                streams = await _opened(session, expected)
        except TimeoutError:
            _log.debug("timed out waiting for the client to create its streams")
            return
        resize = streams.get("resize")
        console = Console(
            stdin=streams.get("stdin"),
            stdout=streams.get("stdout"),
            stderr=streams.get("stderr"),
            tty=options.tty,
            sizes=_sizes(resize) if resize is not None else None,
        )
        said = _status(await _outcome(run, console), protocol == _PROTOCOLS[0])
        if said:
            await streams["error"].write(said)
        for stream in streams.values():
            await stream.finish()
        await session.go_away()


async def _opened(session: Session, expected: set[str]) -> dict[str, SpdyStream]:
    """The streams the client has to open. Raises ConnectionError if it goes before."""
    streams: dict[str, SpdyStream] = {}
    while not expected <= streams.keys():
        stream = await session.accept()
        if stream is None:
            raise ConnectionResetError("the client went before its streams were there")
        kind = stream.headers.get("streamtype", "").lower()
        if kind not in _SPDY_STREAMS:
            await session.refuse(stream)
            continue
        streams[kind] = stream
        await session.reply(stream)
    return streams


@contextlib.asynccontextmanager
async def _reading(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Reads from the client meanwhile. A client that goes ends what is done for it."""
    owner = asyncio.current_task()
    over = False

    async def read() -> None:
        with contextlib.suppress(ConnectionError):
            await run()
        if not over and owner is not None:
            owner.cancel()

    reader = asyncio.ensure_future(read())
    try:
        yield
    finally:
        over = True
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


async def _outcome(run: Run, console: Console) -> dict[str, Any]:
    """The Status of the command."""
    try:
        code = await run(console)
    except ContainerError as error:
        text = f"error executing command in container: {error}"
        message = f"Internal error occurred: {text}"
        details = {"causes": [{"message": text}]}
        return _failure("InternalError", message, details) | {"code": 500}
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    message = f"command terminated with non-zero exit code: exit status {code}"
    return _failure("NonZeroExitCode", message, {"causes": [{"reason": "ExitCode", "message": str(code)}]})


def _failure(reason: str, message: str, details: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {}, "status": "Failure", "message": message, "reason": reason, "details": details}


def _status(status: dict[str, Any], as_json: bool) -> bytes:
    """What goes to the error stream: older protocols take text, and none of success."""
    if as_json:
        return _encode(status)
    return b"" if status["status"] == "Success" else status["message"].encode()


async def _sizes(stream: Channel) -> AsyncIterator[Size]:
    """Terminal sizes as they come; ends with the stream or at the first nonsense."""
    text = b""
    while data := await stream.read():
        text += data
        while b"}" in text:
            part, _, text = text.partition(b"}")
            try:
                size = msgspec.json.decode(part + b"}")
                yield Size(int(size["Width"]), int(size["Height"]))
            except (msgspec.DecodeError, KeyError, TypeError, ValueError):
                return
