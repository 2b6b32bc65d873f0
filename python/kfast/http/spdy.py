"""A SPDY/3.1 session: many streams over one channel, opened by the peer or by this side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from kfast.http.pipe import Inbox
from kfast.http.spdy_frames import Frame, FrameError, Framer, Kind, data_frames
from kfast.meta.exchange import Channel

PROTOCOL = "SPDY/3.1"
_CANCEL = 5
_REFUSED = 3
_STREAMS = 1000
"""Streams a peer may have open."""


class SpdyStream:
    """One stream, a `Channel`; `headers` are what it was opened with."""

    def __init__(self, session: Session, number: int, headers: Mapping[str, str]) -> None:
        self.number = number
        self.headers = headers
        self.inbox = Inbox()
        self.ended = False
        """The peer sends no more."""
        self._session = session
        self._finished = False

    async def read(self) -> bytes:
        """What comes next; empty at the end."""
        return await self.inbox.read()

    async def write(self, data: bytes) -> None:
        """Sends. Raises ConnectionError after the end."""
        if self._finished:
            raise ConnectionResetError("the stream is closed")
        for frame in data_frames(self.number, data):
            await self._session.send(frame)

    async def finish(self) -> None:
        """Sends no more; the peer may. Idempotent."""
        if not self._finished:
            self._finished = True
            await self._session.send(Frame(Kind.DATA, self.number, final=True))
            if self.ended:
                self._session.forget(self.number)

    async def reset(self) -> None:
        """Gives the stream up in both directions."""
        self.close()
        await self._session.send(Frame(Kind.RST_STREAM, self.number, value=_CANCEL))

    def end(self) -> None:
        """The peer sends no more."""
        self.ended = True
        self.inbox.end()
        if self._finished:
            self._session.forget(self.number)

    def close(self) -> None:
        """Nobody writes or reads any more; says nothing to the peer."""
        self._finished = True
        self.inbox.end()
        self._session.forget(self.number)


class Session:
    """Reads frames in `run`; `accept` gives the streams the peer opened, in order."""

    def __init__(self, channel: Channel, *, server: bool = True) -> None:
        self._channel = channel
        self._framer = Framer()
        self._streams: dict[int, SpdyStream] = {}
        self._next = 2 if server else 1
        self._opened: asyncio.Queue[SpdyStream | None] = asyncio.Queue()
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """Returns when the peer is done. Raises ConnectionError."""
        try:
            while data := await self._channel.read():
                for frame in self._framer.feed(data):
                    await self._take(frame)
                    if frame.kind is Kind.GOAWAY:
                        return
        finally:
            for stream in list(self._streams.values()):
                stream.close()
            self._opened.put_nowait(None)

    async def accept(self) -> SpdyStream | None:
        """The next stream of the peer's, not yet replied to; None at the end."""
        return await self._opened.get()

    async def reply(self, stream: SpdyStream) -> None:
        """Takes a stream of the peer's. Raises ConnectionError."""
        await self.send(Frame(Kind.SYN_REPLY, stream.number))

    async def refuse(self, stream: SpdyStream) -> None:
        """Refuses a stream of the peer's. Raises ConnectionError."""
        stream.close()
        await self.send(Frame(Kind.RST_STREAM, stream.number, value=_REFUSED))

    async def open(self, headers: Mapping[str, str]) -> SpdyStream:
        """Opens a stream. Raises ConnectionError."""
        stream = self._streams[self._next] = SpdyStream(self, self._next, headers)
        self._next += 2
        await self.send(Frame(Kind.SYN_STREAM, stream.number, headers=dict(headers)))
        return stream

    async def send(self, frame: Frame) -> None:
        """Sends one frame. Raises ConnectionError."""
        async with self._sending:
            await self._channel.write(self._framer.encode(frame))

    async def go_away(self) -> None:
        """Says goodbye. Raises ConnectionError."""
        last = max((number for number in self._streams if number % 2 != self._next % 2), default=0)
        await self.send(Frame(Kind.GOAWAY, last))

    def forget(self, number: int) -> None:
        """The stream is over in both directions; idempotent."""
        self._streams.pop(number, None)

    async def _take(self, frame: Frame) -> None:
        if frame.kind is Kind.SYN_STREAM:
            await self._begin(frame)
            return
        if frame.kind is Kind.PING:
            if frame.value % 2 != self._next % 2:
                await self.send(frame)
            return
        stream = self._streams.get(frame.stream)
        if stream is None:
            return
        if frame.kind is Kind.RST_STREAM:
            stream.close()
            return
        await stream.inbox.feed(frame.data)
        if frame.final:
            stream.end()

    async def _begin(self, frame: Frame) -> None:
        if frame.stream in self._streams or frame.stream % 2 == self._next % 2:
            raise FrameError(f"SPDY stream {frame.stream} is opened twice or by the wrong side")
        stream = SpdyStream(self, frame.stream, frame.headers)
        if len(self._streams) >= _STREAMS:
            await self.refuse(stream)
            return
        self._streams[frame.stream] = stream
        if frame.final:
            stream.end()
        self._opened.put_nowait(stream)
