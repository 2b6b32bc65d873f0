"""Frames of SPDY/3.1, without I/O: bytes to frames and back, header blocks packed with the protocol's dictionary."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

_VERSION = 3
_FRAME_LIMIT = (1 << 24) - 1
HEADERS_LIMIT = 1 << 20
"""Bytes of an unpacked header block."""

_NAMES = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status"
)
_WORDS = [*_NAMES.split(), "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin"]
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = b"".join(len(word).to_bytes(4, "big") + word.encode() for word in _WORDS) + _TAIL.encode()
"""What both sides' compressors start from (SPDY protocol, draft 3, 2.6.10.1)."""


class Kind(IntEnum):
    """Kinds of frames; DATA has no number on the wire."""

    DATA = 0
    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    HEADERS = 8
    WINDOW_UPDATE = 9


class FrameError(ConnectionError):
    """The peer does not speak SPDY."""


@dataclass(slots=True)
class Frame:
    """One frame. `value` is the status of RST_STREAM and GOAWAY and the id of a PING; header names are lower-case."""

    kind: Kind
    stream: int = 0
    data: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    final: bool = False
    value: int = 0


class Framer:
    """One end of a connection. Header blocks depend on all before them: encode and decode in the order of the wire."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._packer = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zdict=DICTIONARY)
        self._unpacker = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now, but those that ask for nothing. Raises FrameError."""
        received = self._received
        received += data
        frames = []
        while len(received) >= 8:
            size = int.from_bytes(received[5:8], "big")
            if len(received) < 8 + size:
                break
            head, body = bytes(received[:8]), bytes(received[8 : 8 + size])
            del received[: 8 + size]
            frame = self._decode(head, body)
            if frame is not None:
                frames.append(frame)
        return frames

    def encode(self, frame: Frame) -> bytes:
        """The frame's bytes."""
        stream = frame.stream.to_bytes(4, "big")
        match frame.kind:
            case Kind.DATA:
                head = stream + bytes((frame.final,)) + len(frame.data).to_bytes(3, "big")
                return head + frame.data
            case Kind.SYN_STREAM:
                body = stream + bytes(6) + self._pack(frame.headers)
            case Kind.SYN_REPLY | Kind.HEADERS:
                body = stream + self._pack(frame.headers)
            case Kind.PING:
                body = frame.value.to_bytes(4, "big")
            case _:
                body = stream + frame.value.to_bytes(4, "big")
        control = (0x8000 | _VERSION).to_bytes(2, "big") + frame.kind.to_bytes(2, "big")
        return control + bytes((frame.final,)) + len(body).to_bytes(3, "big") + body

    def _decode(self, head: bytes, body: bytes) -> Frame | None:
        first = int.from_bytes(head[:4], "big")
        final = bool(head[4] & 1)
        if not first >> 31:
            return Frame(Kind.DATA, first, body, final=final)
        version, number = first >> 16 & 0x7FFF, first & 0xFFFF
        if version != _VERSION:
            raise FrameError(f"a SPDY frame of version {version}: only {_VERSION} is spoken here")
        stream = int.from_bytes(body[:4], "big") & 0x7FFF_FFFF
        match number:
            case Kind.SYN_STREAM if len(body) >= 10:
                return Frame(Kind.SYN_STREAM, stream, headers=self._unpack(body[10:]), final=final)
            case Kind.SYN_REPLY | Kind.HEADERS if len(body) >= 4:
                return Frame(Kind(number), stream, headers=self._unpack(body[4:]), final=final)
            case Kind.RST_STREAM if len(body) == 8:
                return Frame(Kind.RST_STREAM, stream, value=int.from_bytes(body[4:], "big"))
            case Kind.PING if len(body) == 4:
                return Frame(Kind.PING, value=int.from_bytes(body, "big"))
            case Kind.GOAWAY if len(body) == 8:
                return Frame(Kind.GOAWAY, stream, value=int.from_bytes(body[4:], "big"))
            case Kind.SETTINGS | Kind.WINDOW_UPDATE:
                return None  # as the peers in use: flow is controlled by the connection below
        raise FrameError(f"a malformed SPDY frame of kind {number}")

    def _pack(self, headers: Mapping[str, str]) -> bytes:
        block = len(headers).to_bytes(4, "big")
        for name, value in headers.items():
            for text in (name.lower().encode(), value.encode()):
                block += len(text).to_bytes(4, "big") + text
        return self._packer.compress(block) + self._packer.flush(zlib.Z_SYNC_FLUSH)

    def _unpack(self, data: bytes) -> dict[str, str]:
        try:
            block = self._unpacker.decompress(data, HEADERS_LIMIT)
        except zlib.error as error:
            raise FrameError(f"a SPDY header block: {error}") from None
        if self._unpacker.unconsumed_tail:
            raise FrameError("a SPDY header block is too long")
        texts, at = [], 4
        for _ in range(2 * int.from_bytes(block[:4], "big")):
            size = int.from_bytes(block[at : at + 4], "big")
            at += 4 + size
            if at > len(block):
                raise FrameError("a SPDY header block ends early")
            texts.append(block[at - size : at].decode("utf-8", "replace"))
        return {name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=True)}


def data_frames(stream: int, data: bytes) -> list[Frame]:
    """`data` in as many frames as it takes."""
    return [Frame(Kind.DATA, stream, data[at : at + _FRAME_LIMIT]) for at in range(0, len(data), _FRAME_LIMIT)]
