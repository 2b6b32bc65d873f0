"""A request as it comes off the wire, and the head and body of the answer to it."""

from __future__ import annotations

import asyncio
import time
import zlib
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from kfast._core import Object
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response

GZIP_MINIMUM = 128 * 1024
_GZIP_IN_LOOP = 256 * 1024
_GZIP_WBITS = 31

_encode = msgspec.json.encode
_REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(slots=True)
class Message:
    """A parsed request. `headers` has lower-case names and may be shared by the requests of a connection."""

    method: str
    target: bytes
    headers: dict[str, str]
    keep_alive: bool = True
    old: bool = False
    """The peer speaks HTTP/1.0."""
    body: bytes = b""
    parts: list[bytes] = field(default_factory=list)
    """The body's pieces while it arrives."""

    def request(self, peer_certificate: bytes | None, peer_address: str = "") -> Request:
        """As the API sees it. Raises StatusError 400."""
        target = self.target.decode("utf-8", "replace")
        if target.startswith("/"):
            path, mark, query = target.partition("?")
        else:  # absolute form, as proxies send it
            try:
                parts = urlsplit(target)
            except ValueError:
                raise StatusError(400, "BadRequest", "Bad Request") from None
            path, mark, query = parts.path or "/", parts.query, parts.query
            target = f"{path}?{query}" if query else path
        if "%" in path:
            path = unquote(path)
        values = parse_qs(query, keep_blank_values=True) if mark else {}
        return Request(
            self.method,
            path,
            values,
            self.headers,
            self.body,
            peer_certificate=peer_certificate,
            target=target,
            peer_address=peer_address,
        )


def read_headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case name; the values of a repeated one joined: by a comma, or by a line end where commas are part
    of a value, as in the names of groups to impersonate."""
    headers: dict[str, str] = {}
    for key, text in raw:
        name, value = key.decode("latin-1").lower(), text.decode("latin-1").strip(" \t")
        if name in headers:
            between = "\n" if name.startswith("impersonate-") else ", "
            value = f"{headers[name]}{between}{value}"
        headers[name] = value
    return headers


def head(message: Message, response: Response, length: int | None) -> bytes:
    """Status line and header fields; `length` None announces chunks, or to a peer of HTTP/1.0 the end of the
    connection. A 101 has neither length nor type."""
    text = _start(response.status, response.content_type)
    for name, value in response.headers.items():
        text += f"{name}: {_one_line(value)}\r\n"
    for warning in response.warnings:
        text += f"Warning: 299 - {_quoted(warning)}\r\n"
    if length is None:
        if response.status != 101 and not message.old:
            text += "Transfer-Encoding: chunked\r\n"
    elif response.status != 304:
        text += f"Content-Length: {length}\r\n"
    if not message.keep_alive:
        text += "Connection: close\r\n"
    elif message.old:
        text += "Connection: keep-alive\r\n"
    return f"{text}Date: {_date(int(time.time()))}\r\n\r\n".encode()


async def body(message: Message, response: Response) -> bytes:
    """The answer's bytes, zipped if they are many and the client takes it."""
    data = _bytes(response.payload)
    if len(data) >= GZIP_MINIMUM and "gzip" in message.headers.get("accept-encoding", ""):
        data = await asyncio.to_thread(_gzip, data) if len(data) > _GZIP_IN_LOOP else _gzip(data)
        response.headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return data


def failure(error: StatusError) -> Response:
    """The `Status` of an error the transport itself found."""
    return Response(error.code, _encode(error.to_dict()))


@lru_cache(64)
def _start(status: int, content_type: str) -> str:
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\n{kind}"


@lru_cache(1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _one_line(text: str) -> str:
    return text if text.isprintable() else " ".join(text.split())


def _quoted(text: str) -> str:
    """A quoted-string of RFC 7230 on one line."""
    flat = "".join(" " if c in "\r\n\t" else c for c in text if c in "\r\n\t" or c.isprintable())
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bytes(payload: Any) -> bytes:
    if isinstance(payload, bytes):
        return payload
    if payload is None:
        return b""
    if isinstance(payload, Object):
        return payload.to_bytes()
    if isinstance(payload, list | tuple):
        return b"".join(payload)
    return _encode(payload)


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP_WBITS)
    return packer.compress(data) + packer.flush()
