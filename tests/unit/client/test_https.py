"""The network transport against a plain HTTP server on a socket."""

import asyncio
import json

import pytest
from aiohttp import web

from kfast.api.kind import Kind
from kfast.client import Client, Connection, HTTPSTransport, SyncClient, TransportError
from kfast.client.sync import LoopThread
from kfast.clock import SystemClock
from kfast.errors import StatusError
from kfast.meta.exchange import Request

PODS = Kind(group="", version="v1", kind="Pod", plural="pods")


def pod(name, revision):
    metadata = {"name": name, "namespace": "n", "resourceVersion": str(revision)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


class Server:
    """Answers GET of pod `a`; streams `chunks` to a watcher; keeps what it was asked."""

    def __init__(self):
        self.requests = []
        self.chunks = []
        self.hold = None

    async def handle(self, request):
        self.requests.append((request, await request.content.read()))
        if request.query.get("watch"):
            response = web.StreamResponse()
            await response.prepare(request)
            for chunk in self.chunks:
                await response.write(chunk)
                await asyncio.sleep(0.01)
            self.chunks = []
            if self.hold:
                await self.hold.wait()
            return response
        if request.path.endswith("/a"):
            headers = {"Warning": '299 - "be \\"careful\\""'}
            return web.json_response(pod("a", 3), headers=headers)
        status = StatusError(404, "NotFound", 'pods "x" not found').to_dict()
        return web.json_response(status, status=404)

    async def __aenter__(self):
        self.runner = web.ServerRunner(web.Server(self.handle))
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://127.0.0.1:{}".format(*self.runner.addresses[0][1:])
        return self

    async def __aexit__(self, *_):
        await self.runner.cleanup()


@pytest.fixture
async def server():
    async with Server() as running:
        yield running


async def test_requests_and_answers(server):
    client = Client(HTTPSTransport(Connection(server=server.url, token="secret")), user_agent="tester")
    assert (await client.get(PODS, "a", "n")).revision == 3
    with pytest.raises(StatusError, match='pods "x" not found'):
        await client.patch(PODS, "x", {"a": 1}, "n", dry_run=True)
    (get, _), (patch, body) = server.requests
    assert get.headers["Authorization"] == "Bearer secret"
    assert get.headers["User-Agent"] == "tester"
    assert "Content-Type" not in get.headers
    assert patch.headers["Content-Type"] == "application/merge-patch+json"
    assert patch.query == {"dryRun": "All"}
    assert json.loads(body) == {"a": 1}
    await client.close()


async def test_large_bodies_arrive_whole(server):
    client = Client(HTTPSTransport(Connection(server=server.url)))
    text = "x" * (2 << 20)
    with pytest.raises(StatusError):
        await client.patch(PODS, "x", {"text": text}, "n")
    [(request, body)] = server.requests
    assert json.loads(body) == {"text": text}
    assert request.content_length == len(body)
    await client.close()


async def test_warnings_are_unquoted(server):
    transport = HTTPSTransport(Connection(server=server.url))
    answer = await transport.send(Request("GET", "/api/v1/namespaces/n/pods/a"))
    assert answer.warnings == ['be "careful"']
    await transport.close()


async def test_a_token_file_is_read_again_for_each_request(server, tmp_path):
    token = tmp_path / "token"
    client = Client(HTTPSTransport(Connection(server=server.url, token_file=str(token))))
    for text in ("one\n", "two\n"):
        token.write_text(text)
        await client.get(PODS, "a", "n")
    assert [r.headers["Authorization"] for r, _ in server.requests] == ["Bearer one", "Bearer two"]
    await client.close()


async def test_events_survive_any_cut_into_chunks(server):
    lines = b"".join(json.dumps({"type": "ADDED", "object": pod(f"p{i}", i)}).encode() + b"\n" for i in range(1, 30))
    server.chunks = [lines[i : i + 97] for i in range(0, len(lines), 97)]
    client = Client(HTTPSTransport(Connection(server=server.url)))
    watch = client.open_watch(PODS, resource_version="0")
    names = []
    async for batch in watch:
        names += [obj.name for _, obj in batch]
        if len(names) == 29:
            watch.close()
    assert names == [f"p{i}" for i in range(1, 30)]
    await client.close()


async def test_closing_ends_a_watch_that_waits_for_events(server):
    server.chunks, server.hold = [b""], asyncio.Event()
    transport = HTTPSTransport(Connection(server=server.url))
    answer = await transport.send(Request("GET", "/api/v1/pods", {"watch": ["1"]}))

    async def read():
        return [batch async for batch in answer.payload]

    reader = asyncio.create_task(read())
    await asyncio.sleep(0)
    await transport.close()
    with pytest.raises(TransportError):
        await asyncio.wait_for(reader, 5)
    server.hold.set()


async def test_a_server_that_is_not_there_is_a_transport_error():
    client = Client(HTTPSTransport(Connection(server="http://127.0.0.1:9")), SystemClock())
    with pytest.raises(TransportError, match=r"GET http://127.0.0.1:9/api/v1/namespaces/n/pods/a"):
        await client.get(PODS, "a", "n")
    await client.close()


async def test_unusable_certificates_are_a_transport_error():
    broken = Connection(server="https://127.0.0.1:9", certificate_pem="no certificate", key_pem="no key")
    client = Client(HTTPSTransport(broken))
    with pytest.raises(TransportError, match="TLS settings"):
        await client.get(PODS, "a", "n")


def test_the_same_calls_without_an_event_loop():
    loop = LoopThread()
    server = loop.run(Server().__aenter__())
    server.chunks = [json.dumps({"type": "ADDED", "object": pod("w", 5)}).encode() + b"\n"]
    client = SyncClient(Client(HTTPSTransport(Connection(server=server.url))), LoopThread())
    assert client.get(PODS, "a", "n").name == "a"
    for event, obj in client.watch(PODS, resource_version="1"):
        assert (event, obj.name) == ("ADDED", "w")
        break
    with pytest.raises(StatusError):
        client.get(PODS, "x", "n")
    client.close()
    loop.run(server.__aexit__())
    loop.stop()
