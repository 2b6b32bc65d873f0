"""Several streams over one WebSocket: the protocols of `channel.k8s.io`.

Each message begins with the number of its stream, a byte (in the base64 forms a digit, before base64). Version 5 adds
the message 255, n: stream n has ended.
"""

from __future__ import annotations

import base64
import binascii

from kfast.http.pipe import Inbox
from kfast.http.websocket import Opcode, WebSocket

V5 = "v5.channel.k8s.io"
V4 = ("v4.channel.k8s.io", "v4.base64.channel.k8s.io")
V1 = ("", "channel.k8s.io", "base64.channel.k8s.io")
_CLOSE = 255


class ChannelStream:
    """One of the streams, a `Channel`."""

    def __init__(self, socket: ChannelSocket, number: int) -> None:
        self.number = number
        self.inbox = Inbox()
        self._socket = socket

    async def read(self) -> bytes:
        """What comes next; empty at the end."""
        return await self.inbox.read()

    async def write(self, data: bytes) -> None:
        """Sends. Raises ConnectionError."""
        await self._socket.send(self.number, data)

    async def finish(self) -> None:
        """Sends no more: the protocols have no word for that in this direction."""

    def close(self) -> None:
        """Reads no more."""
        self.inbox.end()


class ChannelSocket:
    """The streams of a WebSocket whose handshake chose `protocol`. What comes for a stream that nobody has asked
    for is dropped."""

    def __init__(self, socket: WebSocket, protocol: str) -> None:
        self._socket = socket
        self._base64 = "base64" in protocol
        self._closes = protocol == V5
        self._streams: dict[int, ChannelStream] = {}

    def stream(self, number: int) -> ChannelStream:
        """The stream of that number."""
        return self._streams.setdefault(number, ChannelStream(self, number))

    async def run(self) -> None:
        """Reads until the peer is done. Raises ConnectionError."""
        try:
            while (message := await self._socket.receive()) is not None:
                data = message[1]
                if not data:
                    continue
                number, data = self._parts(data)
                if number == _CLOSE and self._closes:
                    if len(data) == 1 and data[0] in self._streams:
                        self._streams[data[0]].inbox.end()
                elif number in self._streams:
                    await self._streams[number].inbox.feed(data)
        finally:
            for stream in self._streams.values():
                stream.inbox.end()

    async def send(self, number: int, data: bytes) -> None:
        """Sends bytes of a stream. Raises ConnectionError."""
        if self._base64:
            await self._socket.send(b"%d" % number + base64.b64encode(data), Opcode.TEXT)
        else:
            await self._socket.send(bytes((number,)) + data)

    def _parts(self, data: bytes) -> tuple[int, bytes]:
        """Raises ConnectionError for what is no base64."""
        if not self._base64:
            return data[0], data[1:]
        try:
            return data[0] - ord("0"), base64.b64decode(data[1:], validate=True)
        except binascii.Error as error:
            raise ConnectionError(f"a message on a base64 channel: {error}") from None
