"""The HTTPS transport against well-behaved, slow, broken and hostile peers; the server lives on after each."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import ssl
import time

import aiohttp
import msgspec
import pytest

from kfast.apiserver.pki import PKI
from kfast.errors import StatusError
from kfast.http.certificates import server_context
from kfast.http.server import serve
from kfast.meta.exchange import Request, Response

pytestmark = pytest.mark.usefixtures("transports")


class Feed:
    """A watch payload the test writes to."""

    def __init__(self) -> None:
        self.sink = None
        self.attached = asyncio.Event()
        self.closed = asyncio.Event()

    def attach(self, sink) -> None:
        self.sink = sink
        self.attached.set()

    def close(self) -> None:
        self.closed.set()


class API:
    """A handler that shows what it was asked."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.requests: list[Request] = []
        self.arrived = asyncio.Event()
        self.go = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def handle(self, request: Request) -> Response:
        self.requests.append(request)
        match request.path:
            case "/watch":
                return Response(200, self.feed)
            case "/big":
                return Response(200, b'{"x":"' + b"y" * 600_000 + b'"}')
            case "/boom":
                raise RuntimeError("boom")
            case "/refuse":
                raise StatusError(409, "Conflict", "no")
            case "/warn":
                return Response(200, {"a": 1}, warnings=['say "hi"\n\\', "two"], headers={"Audit-Id": "7"})
            case "/split":
                return Response(200, b"", {"X-Value": "a\r\nSet-Cookie: b"})
            case "/unwritable":
                return Response(200, b"", {"X-Value": "\udc80"})
            case "/huge":
                return Response(200, b"x" * (64 << 20))
            case "/late":
                self.arrived.set()
                try:
                    await self.go.wait()
                except asyncio.CancelledError:
                    self.cancelled.set()
                    raise
            case "/slow":
                await asyncio.sleep(3600)
        return Response(200, {"path": request.path, "size": len(request.body), "query": request.query})


@pytest.fixture
async def api():
    api = API()
    api.server = await serve(api.handle, body_seconds=0.3, idle_seconds=0.3, stream_limit=1 << 16, body_limit=1 << 20)
    api.url = f"http://127.0.0.1:{api.server.port}"
    yield api
    await api.server.stop()


async def raw(api, data: bytes, *, half_close: bool = False) -> bytes:
    """Sends bytes, returns all that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
    try:
        writer.write(data)
        if half_close:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def alive(api) -> None:
    async with aiohttp.ClientSession() as session, session.get(api.url + "/ok") as answer:
        assert (await answer.json())["path"] == "/ok"


def body_of(answer: bytes) -> dict:
    return msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])


async def test_exchange_carries_path_query_headers_and_body(api):
    async with aiohttp.ClientSession() as session:
        async with session.post(api.url + "/a%2Fb?x=1&x=2&y=", data=b"abc", headers={"X-Remote": "r"}) as answer:
            assert answer.status == 200
            assert answer.content_type == "application/json"
            assert await answer.json() == {
                "path": "/a%2Fb".replace("%2F", "/"),
                "size": 3,
                "query": {"x": ["1", "2"], "y": [""]},
            }
        assert api.requests[0].headers["x-remote"] == "r"
        async with session.get(api.url + "/warn") as answer:
            assert answer.headers.getall("Warning") == ['299 - "say \\"hi\\" \\\\"', '299 - "two"']
            assert answer.headers["Audit-Id"] == "7"


async def test_big_bodies_are_zipped_when_the_client_takes_it(api):
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(api.url + "/big", headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert len(gzip.decompress(await answer.read())) == 600_008
        async with session.get(api.url + "/big", headers={"Accept-Encoding": "identity"}) as answer:
            assert "Content-Encoding" not in answer.headers
            assert len(await answer.read()) == 600_008


async def test_failures_are_statuses(api):
    async with aiohttp.ClientSession() as session:
        async with session.get(api.url + "/boom") as answer:
            assert (answer.status, (await answer.json())["message"]) == (500, "Internal error occurred: boom")
        async with session.get(api.url + "/refuse") as answer:
            assert (answer.status, (await answer.json())["reason"]) == (409, "Conflict")


async def test_one_connection_serves_many_requests_until_told_to_close(api):
    first = b"GET /a HTTP/1.1\r\nHost: x\r\nA: 1\r\na: 2\r\n\r\n"
    second = b"HEAD /b HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await raw(api, first + first + second + last)
    assert [r.path for r in api.requests] == ["/a", "/a", "/b", "/c"]
    assert [r.headers.get("a") for r in api.requests] == ["1, 2", "1, 2", None, None]
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert answer.count(b'{"path"') == 3
    assert answer.count(b"Connection: close\r\n") == 1
    old = await raw(api, b"GET /d HTTP/1.0\r\n\r\n")
    assert body_of(old)["path"] == "/d"


async def test_no_header_of_an_answer_spans_lines(api):
    answer = await raw(api, b"GET /split HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"X-Value: a Set-Cookie: b\r\n" in answer


@pytest.mark.parametrize("chunked", [False, True])
async def test_body_over_the_limit_is_refused(api, chunked):
    size = (1 << 20) + 1

    async def pieces():
        for _ in range(size // 4096 + 1):
            yield b"x" * 4096

    async with aiohttp.ClientSession() as session:
        async with session.post(api.url + "/", data=pieces() if chunked else io.BytesIO(b"x" * size)) as answer:
            assert answer.status == 413
            status = await answer.json()
            assert status["reason"] == "RequestEntityTooLarge"
            assert status["message"] == "Request entity too large: limit is 1048576"
        async with session.post(api.url + "/", data=io.BytesIO(b"x" * (1 << 20))) as answer:
            assert (await answer.json())["size"] == 1 << 20


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", b"400"),
        (b"BREW /api HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"BREW\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n", b"400"),
        (b"GET /" + b"a" * ((1 << 20) + 10) + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * (1 << 20) + b"\r\n\r\n", b"431"),
    ],
)
async def test_malformed_http_gets_a_status(api, data, code):
    answer = await raw(api, data)
    assert answer.split()[1] == code
    assert body_of(answer)["kind"] == "Status"
    await alive(api)


async def test_slow_and_silent_peers_are_closed(api):
    begin = time.monotonic()
    assert await raw(api, b"") == b""
    assert await raw(api, b"GET / HTTP/1.1\r\nHos") == b""
    answer = await raw(api, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    assert answer.split()[1] == b"504"
    assert 0.8 < time.monotonic() - begin < 5
    await alive(api)


async def test_truncated_body_and_half_closed_peer(api):
    await raw(api, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", half_close=True)
    await raw(api, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", half_close=True)
    await raw(api, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab")
    await raw(api, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", half_close=True)
    assert [r.path for r in api.requests] == ["/slow"]
    await alive(api)


async def test_watch_flushes_headers_then_writes_shared_chunks(api):
    async with aiohttp.ClientSession() as session, session.get(api.url + "/watch") as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        await api.feed.attached.wait()
        assert api.feed.sink.write(b"4\r\none\n\r\n")
        assert await answer.content.readline() == b"one\n"
        await api.feed.sink.drain()
        assert api.feed.sink.write(b"4\r\ntwo\n\r\n")
        api.feed.sink.close()
        assert await answer.content.read() == b"two\n"
        assert not api.feed.sink.write(b"x")
    assert api.feed.closed.is_set()


async def test_watch_ends_when_its_peer_goes(api):
    async with aiohttp.ClientSession() as session, session.get(api.url + "/watch"):
        await api.feed.attached.wait()
    await asyncio.wait_for(api.feed.closed.wait(), 5)


async def test_watch_is_cut_when_its_peer_does_not_read(api):
    _, writer = await asyncio.open_connection("127.0.0.1", api.server.port, limit=1024)
    writer.write(b"GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
    await api.feed.attached.wait()
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    for _ in range(1000):
        if not api.feed.sink.write(chunk):
            break
        await asyncio.sleep(0)
    else:
        pytest.fail("64 MiB went into a connection nobody reads")
    api.feed.sink.close()
    await asyncio.wait_for(api.feed.closed.wait(), 5)
    writer.close()
    await alive(api)


async def test_stop_ends_open_watches_at_once(api):
    async with aiohttp.ClientSession() as session, session.get(api.url + "/watch") as answer:
        await api.feed.attached.wait()
        begin = time.monotonic()
        await api.server.stop()
        assert time.monotonic() - begin < 1
        assert await answer.content.read() == b""


async def test_stop_does_not_wait_for_idle_connections():
    api = API()
    server = await serve(api.handle)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{server.port}/ok") as answer:
            await answer.read()
        begin = time.monotonic()
        await server.stop()
        assert time.monotonic() - begin < 1


async def test_tls_tells_the_peer_and_survives_plain_text():
    pki, api = PKI(None, time.time()), API()
    server = await serve(api.handle, tls=server_context(pki.server(), pki.ca.certificate))
    api.server = server
    context = ssl.create_default_context(cadata=pki.ca.certificate.decode())
    async with aiohttp.ClientSession() as session:
        async with session.get(f"https://127.0.0.1:{server.port}/", ssl=context) as answer:
            assert answer.status == 200
        assert api.requests[0].peer_certificate is None
        assert await raw(api, b"GET / HTTP/1.1\r\n\r\n") == b""
        async with session.get(f"https://localhost:{server.port}/", ssl=context) as answer:
            assert answer.status == 200
    await server.stop()


async def test_a_peer_that_asks_first_is_told_to_go_on(api):
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
    writer.write(b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"abc")
    assert (await reader.readline()).split()[1] == b"200"
    writer.close()


async def test_a_watch_needs_chunks(api):
    answer = await raw(api, b"GET /watch HTTP/1.0\r\n\r\n")
    assert answer.split()[1] == b"505"
    assert api.feed.closed.is_set()


async def test_answers_keep_the_order_of_requests_that_take_time(api):
    first = b"POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    last = b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    waiting = asyncio.create_task(raw(api, first + b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n" + last))
    await asyncio.wait_for(api.arrived.wait(), 5)
    assert [r.path for r in api.requests] == ["/late"]
    api.go.set()
    answer = await waiting
    assert [r.path for r in api.requests] == ["/late", "/late", "/c"]
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3


async def test_no_pipelined_request_is_lost(api):
    one = b"GET /late HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    last = b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    waiting = asyncio.create_task(raw(api, one * 3000 + last))
    await asyncio.wait_for(api.arrived.wait(), 5)
    api.go.set()
    assert (await waiting).count(b"HTTP/1.1 200 OK\r\n") == 6001


async def test_a_read_that_waits_is_cancelled_with_its_peer(api):
    _, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
    writer.write(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
    await asyncio.wait_for(api.arrived.wait(), 5)
    writer.transport.abort()
    await asyncio.wait_for(api.cancelled.wait(), 5)
    await alive(api)
    assert [r.path for r in api.requests] == ["/late", "/ok"]


async def test_a_request_has_its_time_and_a_watch_has_more():
    api = API()
    server = api.server = await serve(api.handle, request_seconds=0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(api.feed.attached.wait(), 5)
    for method in (b"GET", b"POST"):
        api.cancelled.clear()
        answer = await raw(api, method + b" /late HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert answer.split()[1] == b"504"
        assert body_of(answer)["reason"] == "Timeout"
        assert api.cancelled.is_set()
    api.feed.sink.write(b"1\r\nx\r\n")
    await asyncio.wait_for(reader.readuntil(b"1\r\nx\r\n"), 5)
    writer.close()
    await server.stop()


async def test_an_answer_that_cannot_be_written_costs_its_connection_only(api, caplog):
    assert await raw(api, b"GET /unwritable HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    assert "answering GET" in caplog.text
    await alive(api)


async def test_a_peer_that_takes_nothing_of_a_large_answer_is_cut(api):
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port, limit=1024)
    writer.write(b"GET /huge HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(1)  # three times what a peer may be idle
    size = 0
    with contextlib.suppress(ConnectionError):
        while data := await asyncio.wait_for(reader.read(1 << 20), 5):
            size += len(data)
    assert size < 64 << 20
    writer.close()
    await alive(api)
