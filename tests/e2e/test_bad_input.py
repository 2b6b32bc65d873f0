"""Whatever arrives, the answer is a Status with the right code and the server lives on."""

import asyncio
import contextlib
import io
import json

import pytest

PODS = "/api/v1/namespaces/default/pods"
JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
DEEP = b'{"apiVersion":"v1","kind":"Pod","metadata":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        (JSON, b"", 400),
        (JSON, b"{", 400),
        (JSON, b"[]", 400),
        (JSON, b'"x"', 400),
        (JSON, b"\xff\xfe", 400),
        (JSON, b'{"apiVersion":"v1","kind":"Pod","metadata":7}', 400),
        (JSON, b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":"x"}}', 400),
        (JSON, b'{"apiVersion":"v1","kind":"Unicorn","metadata":{"name":"a"}}', 400),
        (JSON, b'{"apiVersion":"v2","kind":"Pod","metadata":{"name":"a"}}', 400),
        (JSON, b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}', 422),
        (JSON, DEEP, 400),
        (YAML, b"a: [", 400),
        (YAML, b"a: &x [*x, *x]", 400),
        (YAML, b"\t- :", 400),
        (PROTOBUF, b"", 400),
        (PROTOBUF, b"k8s\x00", 400),
        (PROTOBUF, b"k8s\x00\x0a\xff\xff\xff\xff\x0f", 400),
        (PROTOBUF, b"not protobuf", 400),
        ("text/plain", b"hello", 415),
        ("application/cbor", b"\xa0", 415),
        (JSON, b'{"pad":"' + b"x" * (3 * 1024 * 1024 + 10) + b'"}', 413),
    ],
)
async def test_malformed_bodies(rest, content_type, body, code):
    async with rest.session() as session:
        async with session.post(PODS, data=io.BytesIO(body), headers={"Content-Type": content_type}) as answer:
            status = json.loads(await answer.read())
        assert (answer.status, status["kind"], status["status"], status["code"]) == (code, "Status", "Failure", code)
        assert status["message"]
        async with session.get("/livez") as alive:
            assert alive.status == 200


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", f"{PODS}?labelSelector=a%3D%3D%3D", 400),
        ("GET", f"{PODS}?labelSelector=%21%21", 400),
        ("GET", f"{PODS}?fieldSelector=spec.nonsense%3D1", 400),
        ("GET", f"{PODS}?fieldSelector=a", 400),
        ("GET", f"{PODS}?resourceVersion=x", 400),
        ("GET", f"{PODS}?limit=x", 400),
        ("GET", f"{PODS}?continue=!!", 400),
        ("GET", f"{PODS}?resourceVersion=99999999999", 504),
        ("GET", f"{PODS}?watch=1&resourceVersion=x", 500),
        ("GET", f"{PODS}?sendInitialEvents=true&watch=1", 422),
        ("GET", f"{PODS}/none", 404),
        ("GET", "/api/v1/unicorns", 404),
        ("GET", "/apis/apps/v9/things", 404),
        ("POST", f"{PODS}/name", 405),
        ("PUT", PODS, 405),
        ("DELETE", f"{PODS}/none", 404),
        ("DELETE", "/api/v1/namespaces/kube-system", 403),
        ("POST", f"{PODS}?dryRun=some", 422),
        ("GET", "/api/v1/namespaces/a/b/c/d/e", 404),
        ("BREW", PODS, 405),
    ],
)
async def test_bad_requests(rest, method, path, code):
    async with rest.session() as session, session.request(method, path) as answer:
        status = json.loads(await answer.read())
    assert (answer.status, status["kind"], status["code"]) == (code, "Status", code)


@pytest.mark.parametrize("path", ["/apis/none/v1/things", "/nowhere"])
async def test_paths_outside_all_groups(rest, path):
    async with rest.session() as session, session.get(path) as answer:
        assert (answer.status, await answer.text()) == (404, "404 page not found\n")


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "A" * 4000])
async def test_bad_tokens_are_unauthorized(rest, token):
    headers = {"Authorization": f"Bearer {token}"}
    async with rest.session(rest.anonymous) as session, session.get(PODS, headers=headers) as answer:
        status = await answer.json()
    assert (answer.status, status["reason"]) == (401, "Unauthorized")


async def test_nobody_may_do_nothing_but_ask_for_health(rest):
    async with rest.session(rest.anonymous) as session:
        async with session.get(PODS) as answer:
            assert answer.status == 403
            assert 'User "system:anonymous" cannot list resource "pods"' in (await answer.json())["message"]
        async with session.get("/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"y" * 2_000_000 + b"\r\n\r\n",
        b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"",
    ],
    ids=["garbage", "version", "header", "truncated", "chunk", "half-open-watch", "silence"],
)
async def test_broken_connections_leave_the_server_alive(rest, sent):
    reader, writer = await asyncio.open_connection(rest.host, rest.port, ssl=rest.tls)
    writer.write(sent)
    with contextlib.suppress(TimeoutError, ConnectionError):
        await asyncio.wait_for(reader.read(200), 0.3)
    writer.transport.abort()
    async with rest.session() as session, session.get("/livez") as answer:
        assert answer.status == 200
