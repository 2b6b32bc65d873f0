"""/proxy of pods, services and nodes; a server on this machine stands for the pods."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from kfast.api.catalog import kind
from kfast.apiserver.kubernetes_service import advertised_address
from kfast.cluster import ControlPlane
from kfast.config import ClusterConfig
from kfast.http.server import serve
from kfast.meta.exchange import Channel, Request, Response, Stream, Upgrade, User

POD, SERVICE, SLICE = kind("Pod"), kind("Service"), kind("EndpointSlice")
ADMIN = User("admin", groups=("system:masters", "system:authenticated"))
HTML = b'<a href="/x">x</a><a href="y">y</a><img src=\'/z.png\'><a href="//other/p">'


async def backend(request: Request) -> Response:
    """What is behind the proxies."""
    match request.path:
        case "/redirect":
            return Response(302, b"", {"Location": "/there?a=b"}, "")
        case "/away":
            return Response(302, b"", {"Location": "https://example.com/there"}, "")
        case "/page":
            return Response(200, HTML, {"Access-Control-Allow-Origin": "*"}, "text/html; charset=utf-8")
        case "/slow":
            return Response(200, Stream(pieces()), content_type="text/plain")
        case "/upgrade":
            return Response(101, Upgrade(shout), {"Connection": "Upgrade", "Upgrade": "shout"}, "")
        case "/teapot":
            return Response(418, b"short and stout", content_type="text/plain")
    seen = {"method": request.method, "target": request.target, "body": request.body.decode(), **request.headers}
    return Response(200, seen)


async def pieces():
    for piece in (b"a", b"b"):
        yield piece
        await asyncio.sleep(0.01)


async def shout(channel: Channel) -> None:
    while data := await channel.read():
        await channel.write(data.upper())


@contextlib.asynccontextmanager
async def proxied() -> AsyncIterator[tuple[ControlPlane, int]]:
    server = await serve(backend, "0.0.0.0")
    try:
        async with ControlPlane(ClusterConfig(nodes=1)) as plane:
            container = {"name": "c", "image": "i", "ports": [{"containerPort": server.port}]}
            await plane.client.create(
                POD,
                {
                    "metadata": {"name": "p", "annotations": {"kfast.dev/pod-ip": "127.0.0.1"}},
                    "spec": {"containers": [container]},
                },
                "default",
            )
            await running(plane)
            yield plane, server.port
    finally:
        await server.stop()


async def running(plane: ControlPlane) -> None:
    async with asyncio.timeout(20):
        async for _, pod in plane.client.watch(POD, "default"):
            if pod.get("status", "podIP", default="") == "127.0.0.1":
                return


async def call(plane: ControlPlane, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
    path, _, query = target.partition("?")
    values = {"a": ["b"]} if query else {}
    lower = {name.replace("_", "-"): value for name, value in headers.items()}
    return await plane.api.handle(
        Request(method, f"/api/v1{path}", values, lower, body, user=ADMIN, target=f"/api/v1{target}")
    )


def decoded(response: Response) -> Any:
    assert response.status == 200, response.payload
    assert isinstance(response.payload, bytes)
    return msgspec.json.decode(response.payload)


async def test_pods_are_reached_by_every_method_with_path_query_headers_and_body():
    async with proxied() as (plane, port):
        at = f"/namespaces/default/pods/p:{port}/proxy"
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            seen = decoded(await call(plane, method, f"{at}/some%2Fpath/?a=b", b"body", x_my="h", authorization="t"))
            assert (seen["method"], seen["target"], seen["body"]) == (method, "/some%2Fpath/?a=b", "body")
            assert (seen["x-my"], "authorization" in seen) == ("h", False)
            assert seen["x-forwarded-uri"] == f"/api/v1{at}/some%2Fpath/"
        head = await call(plane, "HEAD", f"{at}/x")
        assert (head.status, head.payload) == (200, b"")
        for reference in ("p", f"http:p:{port}", f":p:{port}"):
            assert decoded(await call(plane, "GET", f"/namespaces/default/pods/{reference}/proxy/"))["target"] == "/"
        teapot = await call(plane, "GET", f"{at}/teapot")
        assert (teapot.status, teapot.payload) == (418, b"short and stout")


async def test_the_root_needs_its_slash_and_links_stay_behind_the_proxy():
    async with proxied() as (plane, port):
        at = f"/namespaces/default/pods/p:{port}/proxy"
        root = await call(plane, "GET", f"{at}?a=b")
        assert (root.status, root.headers["Location"]) == (301, f"/api/v1{at}/?a=b")
        assert (await call(plane, "GET", f"{at}/redirect")).headers["Location"] == f"/api/v1{at}/there?a=b"
        assert (await call(plane, "GET", f"{at}/away")).headers["Location"] == "https://example.com/there"
        page = await call(plane, "GET", f"{at}/page")
        prefix = f"/api/v1{at}".encode()
        assert page.payload == HTML.replace(b'"/x"', b'"' + prefix + b'/x"').replace(b"'/z", b"'" + prefix + b"/z")
        assert "Access-Control-Allow-Origin" not in page.headers


async def test_answers_stream_and_connections_upgrade():
    async with proxied() as (plane, port):
        at = f"/namespaces/default/pods/p:{port}/proxy"
        slow = await call(plane, "GET", f"{at}/slow")
        assert isinstance(slow.payload, Stream)
        assert b"".join([chunk async for chunk in slow.payload.chunks]) == b"ab"
        upgraded = await call(plane, "GET", f"{at}/upgrade", connection="Upgrade", upgrade="shout")
        assert (upgraded.status, upgraded.headers["Upgrade"]) == (101, "shout")
        assert isinstance(upgraded.payload, Upgrade)
        channel = Client()
        await upgraded.payload.run(channel)
        assert channel.received == b"QUIET"


class Client:
    """A client's side of an upgraded connection, which says one word and waits for as many bytes."""

    def __init__(self) -> None:
        self.said = False
        self.answered = asyncio.Event()
        self.received = b""

    async def read(self) -> bytes:
        if self.said:
            await self.answered.wait()
            return b""
        self.said = True
        return b"quiet"

    async def write(self, data: bytes) -> None:
        self.received += data
        if len(self.received) == 5:
            self.answered.set()

    async def finish(self) -> None: ...

    def close(self) -> None: ...


async def test_services_are_reached_by_port_number_and_name():
    async with proxied() as (plane, port):
        ours = advertised_address("0.0.0.0")
        if ours is None:
            pytest.skip("this machine has no address but its loopback, which endpoints may not have")
        ports = [{"name": "web", "port": 80}, {"name": "none", "port": 81}]
        await plane.client.create(SERVICE, {"metadata": {"name": "s"}, "spec": {"ports": ports}}, "default")
        body = {
            "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [ours]}],
            "ports": [{"name": "web", "port": port}],
        }
        await plane.client.create(SLICE, body, "default")
        for reference in ("s:80", "s:web", "http:s:web"):
            seen = decoded(await call(plane, "GET", f"/namespaces/default/services/{reference}/proxy/x"))
            assert seen["target"] == "/x"
        for reference, code, why in [
            ("s:82", 503, 'no service port 82 found for service "s"'),
            ("s:none", 503, 'no endpoints available for service "s"'),
            ("t", 404, 'services "t" not found'),
            ("ftp:s:web", 400, 'invalid service request "ftp:s:web"'),
        ]:
            answer = await call(plane, "GET", f"/namespaces/default/services/{reference}/proxy/")
            assert isinstance(answer.payload, bytes)
            assert (answer.status, msgspec.json.decode(answer.payload)["message"]) == (code, why)


async def test_nodes_answer_through_their_proxy():
    async with proxied() as (plane, _):
        pods = decoded(await call(plane, "GET", "/nodes/node-0/proxy/pods"))
        assert [pod["metadata"]["name"] for pod in pods["items"]] == ["p"]
        summary = decoded(await call(plane, "GET", "/nodes/node-0:10250/proxy/stats/summary"))
        assert summary["node"]["nodeName"] == "node-0"
        assert (await call(plane, "GET", "/nodes/node-0/proxy/healthz")).payload == b"ok"
        missing = await call(plane, "GET", "/nodes/other/proxy/pods")
        assert (missing.status, b'nodes \\"other\\" not found' in bytes(missing.payload or b"")) == (404, True)


@pytest.mark.parametrize("ip", ["127.0.0.1", "169.254.1.1"])
async def test_addresses_of_the_server_itself_are_refused(ip):
    async with ControlPlane(ClusterConfig(nodes=0)) as plane:
        body = {"metadata": {"name": "p"}, "spec": {"nodeName": "far", "containers": [{"name": "c", "image": "i"}]}}
        await plane.client.create(POD, body, "default")
        patch = {"status": {"podIP": ip, "podIPs": [{"ip": ip}]}}
        await plane.client.patch(POD, "p", patch, "default", subresource="status")
        answer = await call(plane, "GET", "/namespaces/default/pods/p:80/proxy/")
        assert (answer.status, b"address not allowed" in bytes(answer.payload or b"")) == (400, True)


async def test_a_server_that_is_not_there_is_told():
    async with proxied() as (plane, _):
        answer = await call(plane, "GET", "/namespaces/default/pods/p:1/proxy/x")
        assert answer.status == 503
        said = msgspec.json.decode(bytes(answer.payload or b""))
        why = "error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused"
        assert (said["reason"], said["message"]) == ("ServiceUnavailable", why)
