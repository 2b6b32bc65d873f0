"""The nodes' HTTPS server: who may ask what, and an API server that reaches it over sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from kfast.api.catalog import kind
from kfast.cluster import ControlPlane
from kfast.config import ClusterConfig
from kfast.http.certificates import KeyPair, client_context
from kfast.meta.exchange import Request, Response, Stream, Upgrade, User
from kfast.testing import run_cluster

POD, NODE = kind("Pod"), kind("Node")
ADMIN = User("admin", groups=("system:masters", "system:authenticated"))
LOGGED = {
    "metadata": {"name": "p", "annotations": {"kfast.dev/log": "a\n!b\n@3600 late"}},
    "spec": {"nodeName": "node-1", "containers": [{"name": "c", "image": "i"}, {"name": "d", "image": "i"}]},
}


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[tuple[ControlPlane, str]]:
    """A cluster with two nodes that listen and a running pod on the second; the URL of that node."""
    async with ControlPlane(ClusterConfig(nodes=2, kubelet_port=0)) as plane:
        plane.api.backend.nodes.local = lambda _: None
        await plane.client.create(POD, LOGGED, "default")
        async with asyncio.timeout(20):
            async for _, pod in plane.client.watch(POD, "default"):
                if pod.get("status", "phase") == "Running":
                    break
        node = await plane.client.get(NODE, "node-1")
        port = node.get("status", "daemonEndpoints", "kubeletEndpoint", "Port")
        yield plane, f"https://{node.get('status', 'addresses')[0]['address']}:{port}"


async def get(url: str, pair: KeyPair | None = None, token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    tls = client_context(pair)
    async with aiohttp.ClientSession() as session, session.get(url, ssl=tls, headers=headers) as answer:
        return answer.status, await answer.text()


async def body(response: Response) -> bytes:
    if isinstance(response.payload, Stream):
        return b"".join([chunk async for chunk in response.payload.chunks])
    assert isinstance(response.payload, bytes)
    return response.payload


async def test_callers_are_known_and_allowed_by_the_api_server():
    async with listening() as (plane, url):
        pki = plane._pki
        masters = pki.client("masters", "root", ("system:masters",))
        joe = pki.client("joe", "joe")
        assert await get(f"{url}/healthz") == (401, "Unauthorized")
        assert await get(f"{url}/healthz", token="nonsense") == (401, "Unauthorized")
        assert await get(f"{url}/healthz", masters) == (200, "ok")
        refused = "Forbidden (user=joe, verb=get, resource=nodes, subresource(s)=[pods proxy])\n"
        assert await get(f"{url}/pods", joe) == (403, refused)
        code, pods = await get(f"{url}/pods", masters)
        assert (code, [p["metadata"]["name"] for p in msgspec.json.decode(pods)["items"]]) == (200, ["p"])
        other = url.replace("127.18.0.3", "127.18.0.2")
        assert msgspec.json.decode((await get(f"{other}/pods", masters))[1])["items"] == []
        assert (await get(f"{url}/containerLogs/default/p/c", masters))[1] == "a\nb\n"
        assert (await get(f"{url}/containerLogs/default/p/c?stream=Stderr", masters))[1] == "b\n"
        assert (await get(f"{other}/containerLogs/default/p/c", masters))[0] == 404
        code, metrics = await get(f"{url}/metrics/resource", masters)
        assert 'container_cpu_usage_seconds_total{container="c",namespace="default",pod="p"} 0' in metrics
        assert "kubelet_running_pods 1" in (await get(f"{url}/metrics", masters))[1]
        assert (await get(f"{url}/nonsense", masters))[0] == 404


async def test_the_api_server_reaches_nodes_over_sockets():
    async with listening() as (plane, _):

        async def call(target: str, **headers: str) -> Response:
            path, _, query = target.partition("?")
            values = {k: [v] for k, _, v in (pair.partition("=") for pair in query.split("&") if pair)}
            path = f"/api/v1/namespaces/default/pods/p/{path}"
            return await plane.api.handle(Request("GET", path, values, headers, user=ADMIN))

        for _ in range(3):
            assert await body(await call("log?container=c")) == b"a\nb\n"
        assert await body(await call("log?container=c&tailLines=1")) == b"b\n"
        followed = await call("log?container=c&follow=true")
        assert isinstance(followed.payload, Stream)
        assert await anext(followed.payload.chunks) == b"a\nb\n"
        await followed.payload.chunks.aclose()
        key = {"sec-websocket-version": "13", "sec-websocket-key": "x", "sec-websocket-protocol": "v5.channel.k8s.io"}
        answer = await call("exec?container=c&command=date&stdout=1", connection="Upgrade", upgrade="websocket", **key)
        assert (answer.status, answer.headers["Sec-WebSocket-Protocol"]) == (101, "v5.channel.k8s.io")
        assert isinstance(answer.payload, Upgrade)
        channel = Listener()
        await answer.payload.run(channel)
        assert b'"status":"Success"' in channel.received
        async with asyncio.timeout(20):
            await plane.nodes.stop()
            gone = await call("log?container=c")
        assert (gone.status, b"connection refused" in await body(gone)) == (500, True)


class Listener:
    """A client that only listens."""

    def __init__(self) -> None:
        self.received = b""

    async def read(self) -> bytes:
        await asyncio.Event().wait()
        return b""

    async def write(self, data: bytes) -> None:
        self.received += data

    async def finish(self) -> None: ...

    def close(self) -> None: ...


async def said(plane: ControlPlane, path: str, **query: str) -> tuple[int, str]:
    values = {name: [value] for name, value in query.items()}
    path = f"/api/v1/namespaces/default/pods/{path}"
    response = await plane.api.handle(Request("GET", path, values, user=ADMIN))
    data = await body(response)
    return response.status, msgspec.json.decode(data)["message"] if response.status >= 400 else data.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (400, "a container name must be specified for pod p, choose one of: [c d]")),
        ({"container": "x"}, (400, "container x is not valid for pod p")),
        ({"container": "c", "previous": "1"}, (400, 'previous terminated container "c" in pod "p" not found')),
        ({"container": "c", "tailLines": "1"}, (200, "b\n")),
        ({"container": "c", "tailLines": "0"}, (200, "")),
        ({"container": "c", "limitBytes": "3"}, (200, "a\nb")),
        ({"container": "c", "sinceSeconds": "5"}, (200, "")),
        ({"container": "c", "timestamps": "true", "limitBytes": "33"}, (200, "2023-11-14T22:13:20.000000000Z a\n")),
        (
            {"container": "c", "stream": "Stdout"},
            (422, 'PodLogOptions "p" is invalid: stream: Forbidden: may not be specified'),
        ),
    ],
)
def test_logs_as_asked(query, expected):
    async def scenario(plane: ControlPlane) -> tuple[int, str]:
        await plane.client.create(POD, LOGGED, "default")
        await asyncio.sleep(60)
        return await said(plane, "p/log", **query)

    assert run_cluster(scenario, nodes=2) == expected


def test_a_crashed_container_has_two_logs():
    async def scenario(plane: ControlPlane) -> list[tuple[int, str]]:
        annotations = {"kfast.dev/log": "begin\n@4 end", "kfast.dev/run-seconds": "5", "kfast.dev/exit-code": "1"}
        crashing = {
            "metadata": {"name": "p", "annotations": annotations},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        }
        await plane.client.create(POD, crashing, "default")
        await asyncio.sleep(7)
        return [await said(plane, "p/log"), await said(plane, "p/log", previous="true")]

    assert run_cluster(scenario) == [(200, "begin\n"), (200, "begin\nend\n")]


def test_programs_in_python_and_streams_without_an_upgrade():
    async def scenario(plane: ControlPlane) -> None:
        await plane.client.create(POD, LOGGED, "default")
        await asyncio.sleep(1)
        assert await said(plane, "p/exec", container="c", command="date") == (400, "Upgrade request required")
        assert await said(plane, "q/exec", command="date") == (404, 'pods "q" not found')
        pending = {
            "metadata": {"name": "w"},
            "spec": {"schedulerName": "none", "containers": LOGGED["spec"]["containers"]},
        }
        await plane.client.create(POD, pending, "default")
        assert await said(plane, "w/exec", container="c") == (400, "pod w does not have a host assigned")
        assert await said(plane, "w/log", container="c") == (204, "")

    run_cluster(scenario, nodes=2)
