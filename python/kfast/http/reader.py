"""Requests out of the bytes of one connection: limits and malformed HTTP, without I/O."""

from __future__ import annotations

import logging
import re

import httptools

from kfast.errors import StatusError
from kfast.http.message import Message, read_headers

HEAD_LIMIT = 1 << 20
"""Bytes of a request line and header, as upstream's."""
_GET = re.compile(rb"GET (/[!-~]*) HTTP/1\.1")
_REQUEST_LINE = re.compile(rb"[A-Z]+ /\S* HTTP/1\.[01]\r\n")
_WITH_MORE = ("content-length", "transfer-encoding", "upgrade", "expect")
_log = logging.getLogger(__name__)


class Reader:
    """Takes what was received and gives whole requests; the last thing it may give is the error that ends the
    connection. `ended` then, or after a request that wants no other: everything further is dropped."""

    def __init__(self, body_limit: int) -> None:
        self.ended = False
        self.incoming: Message | None = None
        """The request whose body is still arriving."""
        self.continue_due = False
        """The peer waits for `100 Continue`."""
        self._body_limit = body_limit
        self._parser = httptools.HttpRequestParser(self)
        self._found: list[Message | StatusError] = []
        self._between = True  # requests, as the parser sees it
        self._target = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._head_size = self._body_size = 0
        self._held: bytes | None = None
        self._block: bytes | None = None
        self._block_headers: dict[str, str] = {}

    def close(self) -> None:
        """Ends reading and lets go of the parser, which holds this object."""
        self.ended = True
        self.incoming = None
        del self._parser

    def fail(self, error: StatusError) -> None:
        """Ends reading with an error."""
        if not self.ended:
            self.ended = True
            self.incoming = None
            self._found.append(error)

    def feed(self, data: bytes) -> list[Message | StatusError]:
        """What is complete now.

        A client sends the same header fields again and again: the parser need not see them twice if all it made of
        these bytes was one GET without a body."""
        if self.ended:
            return []
        if self._held is not None:
            self._held += data
            return []
        if not self._between:
            self._parse(data)
            return self.take()
        line, _, block = data.partition(b"\r\n")
        get = _GET.fullmatch(line)
        if get is not None and block == self._block:
            return [Message("GET", get[1], self._block_headers)]
        self._parse(data)
        found = self.take()
        if get is not None and self._between and len(found) == 1 and isinstance(found[0], Message):
            headers = found[0].headers
            if found[0].keep_alive and headers.keys().isdisjoint(_WITH_MORE):
                self._block, self._block_headers = block, headers
        return found

    @property
    def holds(self) -> bool:
        """The last request wants an upgrade: what follows is HTTP only if it is refused."""
        return self._held is not None

    def go_on(self) -> list[Message | StatusError]:
        """The upgrade was refused: what is complete in what followed."""
        held, self._held = self._held or b"", None
        return self.feed(held) if held else []

    def give_up(self) -> bytes:
        """The upgrade was granted: the first bytes of the other protocol. Reading ends."""
        held, self._held = self._held or b"", None
        self.ended = True
        return held

    def take(self) -> list[Message | StatusError]:
        """What was found since it was asked last."""
        found, self._found = self._found, []
        return found

    def _parse(self, data: bytes) -> None:
        if self.incoming is None:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT:
                self.fail(StatusError(431, "", "Request Header Fields Too Large"))
        while data and not self.ended:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as pause:
                self._held = data[pause.args[0] :]
                return
            except httptools.HttpParserError as error:
                _log.debug("no HTTP: %s", error)
                self.fail(_refusal(error, data))

    def on_message_begin(self) -> None:
        """Of the parser."""
        self._between = False
        self._target, self._fields = b"", []

    def on_url(self, url: bytes) -> None:
        """Of the parser; may come in pieces."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of the parser."""
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Of the parser."""
        if self.ended:
            return
        parser, headers = self._parser, read_headers(self._fields)
        old = parser.get_http_version() == "1.0"
        self._head_size = self._body_size = 0
        self.incoming = Message(parser.get_method().decode(), self._target, headers, parser.should_keep_alive(), old)
        expected = headers.get("expect")
        if int(headers.get("content-length") or 0) > self._body_limit:
            self.fail(self._too_large())
        elif expected and not old:
            if expected.lower() != "100-continue":
                self.fail(StatusError(417, "", "Expectation Failed"))
            self.continue_due = True

    def on_body(self, data: bytes) -> None:
        """Of the parser."""
        if self.incoming is None:
            return
        self.continue_due = False
        self._body_size += len(data)
        if self._body_size > self._body_limit:
            self.fail(self._too_large())
        else:
            self.incoming.parts.append(data)

    def on_message_complete(self) -> None:
        """Of the parser."""
        message = self.incoming
        if message is None:
            return
        self.continue_due, self.incoming, self._between = False, None, True
        message.body = b"".join(message.parts)
        self.ended = not message.keep_alive
        self._found.append(message)

    def _too_large(self) -> StatusError:
        text = f"Request entity too large: limit is {self._body_limit}"
        return StatusError(413, "RequestEntityTooLarge", text)


def _refusal(error: httptools.HttpParserError, data: bytes) -> StatusError:
    if isinstance(error, httptools.HttpParserInvalidMethodError) and _REQUEST_LINE.search(data):
        text = "the server does not allow this method on the requested resource"
        return StatusError(405, "MethodNotAllowed", text)
    return StatusError(400, "BadRequest", f"Bad Request: {error}")
