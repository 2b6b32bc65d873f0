"""Bodies that come in pieces, and connections that become another protocol's."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator

import pytest

from kfast.apiserver.pki import PKI
from kfast.http.certificates import server_context
from kfast.http.client import HTTPClient, Target
from kfast.http.server import serve
from kfast.meta.exchange import Channel, Request, Response, Stream, Upgrade

pytestmark = pytest.mark.usefixtures("transports")

GET = "GET {} HTTP/1.1\r\nHost: x\r\n\r\n"
UPGRADE = b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class API:
    """A handler of streams and upgrades."""

    def __init__(self) -> None:
        self.client = HTTPClient()
        self.go = asyncio.Event()
        self.ended = asyncio.Event()

    async def handle(self, request: Request) -> Response:
        match request.path:
            case "/stream":
                return Response(200, Stream(self.pieces()), content_type="text/plain")
            case "/measured":
                return Response(200, Stream(self.pieces(), 6))
            case "/broken":
                return Response(200, Stream(self.pieces(ValueError("broken"))))
            case "/onward":
                target = Target("127.0.0.1", int(request.headers["x-port"]))
                return await self.client.send(target, "GET", "/next", {})
            case "/echo":
                return Response(101, Upgrade(self.echo), {"Connection": "Upgrade", "Upgrade": "echo"}, "")
        return Response(200, {"path": request.path, "target": request.target})

    async def pieces(self, error: Exception | None = None) -> AsyncGenerator[bytes, None]:
        try:
            yield b"one"
            await self.go.wait()
            yield b""
            if error is not None:
                raise error
            yield b"two"
        finally:
            self.ended.set()

    async def echo(self, channel: Channel) -> None:
        try:
            while data := await channel.read():
                await channel.write(data.upper())
                if data.endswith(b"bye"):
                    return
        finally:
            self.ended.set()


@pytest.fixture(params=["plain", "tls"])
async def peer(request, api):
    """Opens connections to a server of `api`."""
    pki = PKI(None, 1_700_000_000.0)
    tls = server_context(pki.server(), pki.ca.certificate) if request.param == "tls" else None
    server = await serve(api.handle, tls=tls, request_seconds=0.1)
    opened = []

    async def connect(data: bytes):
        client = ssl._create_unverified_context() if tls is not None else None
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=client)
        writer.write(data)
        opened.append(writer)
        return reader, writer

    yield connect
    for writer in opened:
        writer.close()
    await server.stop()


@pytest.fixture
def api():
    return API()


async def get(peer, path: str):
    return await peer(GET.format(path).encode())


async def test_pieces_go_out_as_they_come_and_may_take_their_time(api, peer):
    reader, writer = await get(peer, "/stream")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert await reader.readexactly(8) == b"3\r\none\r\n"
    await asyncio.sleep(0.3)  # longer than a request may take
    api.go.set()
    assert await reader.readexactly(13) == b"3\r\ntwo\r\n0\r\n\r\n"
    writer.write(NEXT)
    assert b'"path":"/next"' in await reader.read()


async def test_pieces_of_a_known_length_are_not_framed(api, peer):
    api.go.set()
    reader, _ = await get(peer, "/measured")
    assert b"Content-Length: 6" in await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(6) == b"onetwo"


async def test_an_old_peer_gets_pieces_until_the_end(api, peer):
    api.go.set()
    reader, _ = await peer(b"GET /stream HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    assert b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\nonetwo")


async def test_a_broken_stream_is_not_taken_for_whole(api, peer, caplog):
    api.go.set()
    reader, _ = await get(peer, "/broken")
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        answer = await reader.read()
    assert b"0\r\n\r\n" not in answer
    assert "broken" in caplog.text


async def test_a_stream_ends_with_its_peer(api, peer):
    reader, writer = await get(peer, "/stream")
    await reader.readuntil(b"one\r\n")
    writer.close()
    await asyncio.wait_for(api.ended.wait(), 5)


async def test_an_upgraded_connection_is_a_channel(api, peer):
    reader, writer = await peer(UPGRADE + b"hello")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n")
    assert b"Content-" not in head
    assert await reader.readexactly(5) == b"HELLO"
    await asyncio.sleep(0.3)
    big = b"x" * 3_000_000
    writer.write(big)
    assert await reader.readexactly(len(big)) == big.upper()
    writer.write(b"bye")
    assert await reader.read() == b"BYE"


async def test_a_channel_ends_with_its_peer(api, peer):
    reader, writer = await peer(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await asyncio.wait_for(api.ended.wait(), 5)


async def test_a_refused_upgrade_leaves_the_connection_to_http(peer):
    h2c = b"GET /a%2Fb?c HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    reader, _ = await peer(h2c + NEXT)
    answer = await reader.read()
    assert b'{"path":"/a/b","target":"/a%2Fb?c"}' in answer
    assert b'"path":"/next"' in answer


async def test_a_plain_read_may_be_passed_on(api):
    server = await serve(api.handle)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    onward = f"GET /onward HTTP/1.1\r\nHost: x\r\nX-Port: {server.port}\r\n"
    for ending in ("\r\n", "\r\n", "Connection: close\r\n\r\n"):
        writer.write((onward + ending).encode())
    assert (await reader.read()).count(b'{"path":"/next","target":"/next"}') == 3
    writer.close()
    api.client.close()
    await server.stop()


async def test_stop_ends_streams_and_channels(api):
    server = await serve(api.handle)
    readers = []
    for data in (GET.format("/stream").encode(), UPGRADE):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(data)
        await reader.readuntil(b"\r\n\r\n")
        readers.append((reader, writer))
    await asyncio.wait_for(server.stop(), 1)
    for _, writer in readers:
        writer.close()
