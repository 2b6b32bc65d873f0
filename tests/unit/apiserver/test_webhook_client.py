"""Services resolve to endpoints; webhooks are called over kept TLS connections, and failures read as upstream's."""

import asyncio
import base64
import json
import random
import time
from typing import Any

import pytest
from webhook_server import WebhookServer

from kfast.apiserver.service_resolver import ServiceResolver
from kfast.apiserver.webhook_client import WebhookClient, WebhookError, WebhookTarget
from kfast.errors import StatusError
from kfast.store.embedded import EmbeddedStore
from kfast.testing import run_virtual


async def put(store: EmbeddedStore, resource: str, name: str, **body: Any) -> None:
    metadata = {"name": name, "namespace": "ns"} | body.pop("metadata", {})
    await store.create(resource, "ns", name, json.dumps({"metadata": metadata, **body}).encode())


async def service(store: EmbeddedStore, name: str = "hook", **spec: Any) -> None:
    await put(store, "services", name, spec={"ports": [{"name": "web", "port": 443}, {"name": "x", "port": 80}]} | spec)


async def endpoints(store: EmbeddedStore, name: str, addresses: list[str], port: int, **more: Any) -> None:
    body = {
        "addressType": "IPv4",
        "metadata": {"labels": {"kubernetes.io/service-name": "hook"}},
        "ports": [{"name": "web", "port": port}],
        "endpoints": [{"addresses": [address]} for address in addresses],
    }
    await put(store, "endpointslices.discovery.k8s.io", name, **(body | more))


@pytest.fixture
async def store():
    store = EmbeddedStore(None)
    for resource in ("services", "endpointslices.discovery.k8s.io"):
        store.register(resource)
    yield store
    await store.close()


@pytest.fixture
def resolver(store: EmbeddedStore) -> ServiceResolver:
    return ServiceResolver(store, random.Random(1))


async def test_a_service_is_one_of_its_ready_endpoints(store: EmbeddedStore, resolver: ServiceResolver) -> None:
    await service(store, ipFamilies=["IPv6"])
    await endpoints(store, "a", ["10.0.0.1", "10.0.0.2"], 8443)
    unready = [{"addresses": ["10.0.0.9"], "conditions": {"ready": False}}]
    await endpoints(store, "b", [], 8443, endpoints=unready)
    assert {resolver.resolve("ns", "hook", 443) for _ in range(40)} == {("10.0.0.1", 8443), ("10.0.0.2", 8443)}
    await endpoints(store, "c", ["fd00::1"], 8444, addressType="IPv6")
    assert {resolver.resolve("ns", "hook", 443) for _ in range(40)} == {("fd00::1", 8444)}


async def test_an_external_name_is_the_address(store: EmbeddedStore, resolver: ServiceResolver) -> None:
    await service(store, type="ExternalName", externalName="example.com", ports=None)
    assert resolver.resolve("ns", "hook", 8443) == ("example.com", 8443)


async def test_what_does_not_resolve(store: EmbeddedStore, resolver: ServiceResolver) -> None:
    await service(store)
    await service(store, "odd", type="Odd")
    await endpoints(store, "a", [], 8443)
    for name, port, code, text in (
        ("absent", 443, 404, 'service "absent" not found'),
        ("hook", 444, 503, 'no service port 444 found for service "hook"'),
        ("hook", 443, 503, 'no endpoints available for service "hook"'),
        ("odd", 443, 500, 'unsupported service type "Odd"'),
    ):
        with pytest.raises(StatusError) as failure:
            resolver.resolve("ns", name, port)
        assert (failure.value.code, failure.value.message) == (code, text)


@pytest.fixture
async def client(resolver: ServiceResolver):
    client = WebhookClient(resolver)
    yield client
    await client.close()


def echo(path: str, review: dict[str, Any]) -> Any:
    return {"path": path, "review": review}


async def test_connections_are_kept_and_services_are_called_by_name(
    store: EmbeddedStore, client: WebhookClient
) -> None:
    await service(store, type="ExternalName", externalName="localhost", ports=None)
    with WebhookServer(echo, ("hook.ns.svc",)) as server:
        reference = {"namespace": "ns", "name": "hook", "port": server.port, "path": "/a/b"}
        target = WebhookTarget.of({"service": reference, "caBundle": base64.b64encode(server.ca)})
        for number in range(3):
            answer = await client.post(target, json.dumps({"n": number}).encode(), 5)
            assert answer == {"path": "/a/b", "review": {"n": number}}
        assert server.connections == 1
        assert server.reviews[0][0] == "/a/b?timeout=5s"
        reference["name"] = "absent"
        with pytest.raises(WebhookError, match=r'^Post "https://absent.ns.svc:.*: service "absent" not found$'):
            await client.post(WebhookTarget.of({"service": reference}), b"{}", 5)


async def test_large_reviews(client: WebhookClient) -> None:
    with WebhookServer(echo) as server:
        text = "x" * 3_000_000
        answer = await client.post(WebhookTarget.of(server.config()), json.dumps({"t": text}).encode(), 10)
        assert answer["review"] == {"t": text}


STATUS = {"kind": "Status", "status": "Failure", "message": "out of tea", "code": 418}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ((404, "text/plain", b"no"), "the server could not find the requested resource"),
        ((500, "text/plain", b"boo \n"), 'an error on the server ("boo") has prevented the request from succeeding'),
        ((502, "text/html", b"x"), 'an error on the server ("x") has prevented the request from succeeding'),
        ((500, "application/json", b"{}"), 'an error on the server ("unknown") has prevented the request from'),
        ((403, "text/plain", b"not you"), "not you"),
        ((418, "application/json", json.dumps(STATUS).encode()), "out of tea"),
        ((418, "text/plain", b"tea"), "the server responded with the status code 418 but did not return more"),
        ((200, "application/json", b""), "0-length response with status code: 200 and content type: application/json"),
        ((200, "text/plain", b"fine"), "couldn't get version/kind; json parse error: "),
    ],
)
async def test_unusable_answers(client: WebhookClient, answer: Any, text: str) -> None:
    with WebhookServer(lambda *_: answer) as server, pytest.raises(WebhookError) as failure:
        await client.post(WebhookTarget.of(server.config()), b"{}", 5)
    assert str(failure.value).startswith(text)


async def test_unreachable_servers(store: EmbeddedStore, client: WebhookClient) -> None:
    await service(store, type="ExternalName", externalName="localhost", ports=None)
    untrusted = "tls: failed to verify certificate: x509: certificate"
    with WebhookServer(echo) as server:
        trusted = server.config()["caBundle"]
        port = server.port
        with WebhookServer(echo, ("other",)) as other, WebhookServer(echo, tls=False) as plain:
            cases = [
                (other.url, trusted, f"{untrusted} signed by unknown authority"),
                (plain.url, trusted, "http: server gave HTTP response to HTTPS client"),
                ("https://nowhere.invalid/x", trusted, "dial tcp: lookup nowhere.invalid: no such host"),
            ]
            for url, bundle, text in cases:
                with pytest.raises(WebhookError) as failure:
                    await client.post(WebhookTarget.of({"url": url, "caBundle": bundle}), b"{}", 5)
                called = url if url.endswith("/x") else f"{url}/"
                assert str(failure.value).startswith(f'Post "{called}?timeout=5s": {text}')
        reference = {"namespace": "ns", "name": "hook", "port": port}
        with pytest.raises(WebhookError) as failure:
            await client.post(WebhookTarget.of({"service": reference, "caBundle": trusted}), b"{}", 5)
        assert str(failure.value).endswith(f"{untrusted} is not valid for hook.ns.svc")
    with pytest.raises(WebhookError) as failure:
        await client.post(WebhookTarget(f"https://127.0.0.1:{port}"), b"{}", 5)
    assert str(failure.value).endswith(f": dial tcp 127.0.0.1:{port}: connect: connection refused")


def test_virtual_time_waits_for_webhooks_and_their_timeouts() -> None:
    """A server outside the loop gets its real time; a loop that jumped to its next timer would time out at once."""

    def slow(_: str, review: dict[str, Any]) -> Any:
        time.sleep(review["seconds"])
        return {"ok": True}

    async def main() -> None:
        loop = asyncio.get_running_loop()
        client = WebhookClient(ServiceResolver(EmbeddedStore(None), random.Random(1)))
        target = WebhookTarget.of(server.config())
        sleeper = asyncio.create_task(asyncio.sleep(3600))
        assert await client.post(target, b'{"seconds": 0.2}', 30) == {"ok": True}
        assert 0.2 <= loop.time() < 30
        with pytest.raises(WebhookError, match=r"context deadline exceeded$"):
            await client.post(target, b'{"seconds": 2}', 0.1)
        await client.close()
        await sleeper
        assert loop.time() >= 3600

    with WebhookServer(slow) as server:
        run_virtual(main())


def busy(times: int, code: int, retry_after: str) -> tuple[list[str], Any]:
    """A webhook that says so many times when to ask again; and what it was asked."""
    asked: list[str] = []

    def answer(path: str, review: dict[str, Any]) -> Any:
        asked.append(path)
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "busy", "code": code}
        if len(asked) <= times:
            return code, "application/json", json.dumps(status).encode(), {"Retry-After": retry_after}
        return review

    return asked, answer


@pytest.mark.parametrize(
    ("times", "code", "retry_after", "calls", "succeeds"),
    [
        (2, 429, "0", 3, True),
        (1, 503, "-1", 2, True),
        (10, 500, "0", 11, True),
        (11, 500, "0", 11, False),
        (1, 429, "Wed, 21 Oct 2026 07:28:00 GMT", 1, False),
        (1, 404, "0", 1, False),
    ],
)
async def test_a_webhook_that_says_when_is_asked_again(
    client: WebhookClient, times: int, code: int, retry_after: str, calls: int, succeeds: bool
) -> None:
    asked, answer = busy(times, code, retry_after)
    with WebhookServer(answer) as server:
        target = WebhookTarget.of(server.config())
        if succeeds:
            assert await client.post(target, b'{"a":1}', 10) == {"a": 1}
        else:
            with pytest.raises(WebhookError, match=r"^busy$") as failure:
                await client.post(target, b'{"a":1}', 10)
            assert failure.value.code == code
    assert len(asked) == calls


async def test_the_time_of_a_call_includes_what_it_waits(client: WebhookClient) -> None:
    asked, answer = busy(1, 429, "60")
    late = pytest.raises(WebhookError, match=r'^Post "https://localhost.*": context deadline exceeded$')
    with WebhookServer(answer) as server, late as failure:
        await client.post(WebhookTarget.of(server.config()), b"{}", 0.2)
    assert (len(asked), failure.value.code) == (1, 503)
