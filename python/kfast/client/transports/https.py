"""The network transport: HTTP/1.1 over TLS through aiohttp."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import ssl
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

import aiohttp

from kfast._core import CoreError, Object, read_event
from kfast.client.errors import TransportError
from kfast.meta.exchange import Binding, Request, Response
from kfast.meta.kubeconfig import Connection

_CONNECT_SECONDS = 30
_LARGE_BODY = 1 << 20


class HTTPSTransport:
    """Speaks to the server a `Connection` describes. Connections are pooled; they open with the first request."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session: aiohttp.ClientSession | None = None
        self._watches: WeakSet[_Events] = WeakSet()

    async def send(self, request: Request) -> Response:
        """One HTTP exchange; the body is read in full, except a watch's."""
        watching = request.param("watch") in ("1", "true") and request.method == "GET"
        query = [(key, value) for key, values in request.query.items() for value in values]
        try:
            answer = await self._open().request(
                request.method,
                self._connection.server + request.path,
                params=query,
                data=_body(request.body),
                headers=request.headers | await self._authorization(),
            )
            if watching and answer.status == 200:
                events = _Events(answer)
                self._watches.add(events)
                return Response(200, events)
            async with answer:
                body = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise TransportError(f"{request.method} {self._connection.server}{request.path}: {error}") from error
        headers = {key.lower(): value for key, value in answer.headers.items()}
        warnings = [_warning_text(line) for line in answer.headers.getall("Warning", [])]
        return Response(answer.status, body, headers, answer.content_type, warnings)

    async def create_many(self, path: str, bodies: Sequence[bytes], agent: str, objects: bool) -> None:
        """Upstream's API has no batches."""

    async def bind_many(self, bindings: Sequence[Binding]) -> None:
        """Upstream's API has no batches."""

    async def close(self) -> None:
        """Closes all connections; running watches end."""
        # A session that closes does not wake those who read from it; a response does.
        for events in list(self._watches):
            events.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls_context(self._connection), limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                skip_auto_headers=("Content-Type", "User-Agent"),
            )
        return self._session

    async def _authorization(self) -> dict[str, str]:
        connection = self._connection
        if connection.token_file:
            # Tokens in files are rotated under the reader.
            token = (await asyncio.to_thread(Path(connection.token_file).read_text)).strip()
            return {"Authorization": f"Bearer {token}"}
        if connection.token:
            return {"Authorization": f"Bearer {connection.token}"}
        if connection.username:
            pair = f"{connection.username}:{connection.password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}


class _Events:
    """A watch's body: newline-separated events, handed out in batches as they arrive."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def close(self) -> None:
        self._answer.close()

    async def __aiter__(self) -> AsyncIterator[Sequence[tuple[str, Object]]]:
        rest = b""
        try:
            while chunk := await self._answer.content.readany():
                whole, newline, tail = chunk.rpartition(b"\n")
                if not newline:
                    rest += chunk
                    continue
                lines, rest = (rest + whole).split(b"\n"), tail
                if events := [read_event(line) for line in lines if line]:
                    yield events
        except (aiohttp.ClientError, OSError, TimeoutError, CoreError, ValueError) as error:
            raise TransportError(f"watch {self._answer.url.path}: {error}") from error
        finally:
            self._answer.close()


def tls_context(connection: Connection) -> ssl.SSLContext | bool:
    """The TLS side of a connection. Raises TransportError for unusable certificates or keys."""
    if not connection.server.startswith("https:"):
        return True
    try:
        context = ssl.create_default_context(cadata=connection.ca_pem or None)
        if connection.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if connection.certificate_pem:
            _load_certificate(context, connection.certificate_pem + "\n" + connection.key_pem)
    except (ssl.SSLError, ValueError) as error:
        raise TransportError(f"TLS settings for {connection.server}: {error}") from error
    return context


def _load_certificate(context: ssl.SSLContext, pem: str) -> None:
    # OpenSSL's binding takes a certificate by file name only.
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(pem)
    try:
        context.load_cert_chain(file.name)
    finally:
        with suppress(OSError):
            Path(file.name).unlink()


def _body(body: bytes) -> bytes | io.BytesIO | None:
    """Large bodies as streams, which aiohttp writes in pieces."""
    return io.BytesIO(body) if len(body) > _LARGE_BODY else body or None


def _warning_text(header: str) -> str:
    """The text of a `299 - "text"` header."""
    _, _, quoted = header.partition('"')
    return re.sub(r"\\(.)", r"\1", quoted.removesuffix('"'))
