"""WebSocket (RFC 6455), the server's side, on any channel."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from enum import IntEnum

from kfast.errors import StatusError
from kfast.meta.exchange import Channel, Request

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MESSAGE_LIMIT = 32 << 20
"""Bytes of a message."""


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class ProtocolError(ConnectionError):
    """The peer does not speak WebSocket."""


def wanted(request: Request) -> bool:
    """Whether the request asks for a WebSocket."""
    headers = request.headers
    return "upgrade" in headers.get("connection", "").lower() and headers.get("upgrade", "").lower() == "websocket"


def handshake(request: Request, protocols: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The first protocol of the client's that is one of `protocols` (empty if it names none and the empty name is one)
    and the headers of the 101. Raises StatusError 400 and 403."""
    headers = request.headers
    key = headers.get("sec-websocket-key", "")
    if headers.get("sec-websocket-version") != "13" or not key:
        raise StatusError(400, "BadRequest", "missing or bad WebSocket-Version or Sec-WebSocket-Key")
    offered = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",") if name.strip()]
    chosen = next((name for name in offered or [""] if name in protocols), None)
    if chosen is None:
        text = f"requested protocol(s) are not supported: [{' '.join(offered)}]; supports [{' '.join(protocols)}]"
        raise StatusError(403, "Forbidden", text)
    accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()
    answer = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": accept}
    if chosen:
        answer["Sec-WebSocket-Protocol"] = chosen
    return chosen, answer


def encoded(data: bytes) -> bytes:
    """As the base64 forms of protocols send it."""
    return base64.b64encode(data)


class WebSocket:
    """Messages on a channel whose handshake is done."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._received = bytearray()
        self._closed = False

    async def receive(self) -> tuple[Opcode, bytes] | None:
        """The next message, None at the end. Pings are answered. Raises ConnectionError."""
        parts: list[bytes] = []
        kind, size = Opcode.CONTINUATION, 0
        while (frame := await self._frame()) is not None:
            final, opcode, data = frame
            if opcode == Opcode.PING:
                await self._send(Opcode.PONG, data)
            elif opcode == Opcode.CLOSE:
                await self.close()
                return None
            elif opcode != Opcode.PONG:
                if (opcode == Opcode.CONTINUATION) is not bool(parts):
                    raise ProtocolError("a WebSocket message is continued that did not begin, or begun twice")
                kind = kind if parts else opcode
                parts.append(data)
                size += len(data)
                if size > MESSAGE_LIMIT:
                    raise ProtocolError(f"a WebSocket message is longer than {MESSAGE_LIMIT} bytes")
                if final:
                    return kind, b"".join(parts)
        return None

    async def send(self, data: bytes, opcode: Opcode = Opcode.BINARY) -> None:
        """Sends a message. Raises ConnectionError."""
        if self._closed:
            raise ConnectionResetError("the WebSocket is closed")
        await self._send(opcode, data)

    async def close(self, code: int = 1000) -> None:
        """Says goodbye; idempotent. Raises ConnectionError."""
        if not self._closed:
            self._closed = True
            await self._send(Opcode.CLOSE, code.to_bytes(2, "big"))

    async def _frame(self) -> tuple[bool, Opcode, bytes] | None:
        start = await self._exactly(2)
        if start is None:
            return None
        first, second = start
        try:
            opcode = Opcode(first & 0x0F)
        except ValueError:
            raise ProtocolError(f"a WebSocket frame of the unknown kind {first & 0x0F}") from None
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(await self._exactly(2 if size == 126 else 8) or b"", "big")
        if first & 0x70 or not second & 0x80 or size > MESSAGE_LIMIT or (opcode >= Opcode.CLOSE and size > 125):
            raise ProtocolError("a WebSocket frame that is extended, unmasked or too long")
        mask = await self._exactly(4) or b""
        data = await self._exactly(size)
        return None if data is None else (bool(first & 0x80), opcode, _masked(data, mask))

    async def _exactly(self, size: int) -> bytes | None:
        received = self._received
        while len(received) < size:
            chunk = await self._channel.read()
            if not chunk:
                return None
            received += chunk
        data = bytes(received[:size])
        del received[:size]
        return data

    async def _send(self, opcode: Opcode, data: bytes) -> None:
        size = len(data)
        if size < 126:
            head = bytes((0x80 | opcode, size))
        elif size < 1 << 16:
            head = bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big")
        else:
            head = bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big")
        await self._channel.write(head + data)


def _masked(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
