"""Whatever is asked, the server answers as a server: no faults, well-formed failures, a consistent state."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from openapi import Documents
from random_requests import ADMIN, JSON, Requests, target

from kfast.api.catalog import KINDS, default_catalog
from kfast.api.schema import load_schema
from kfast.apiserver import app, resource_version
from kfast.apiserver.app import APIServer
from kfast.apiserver.negotiate import PROTOBUF, YAML
from kfast.clock import SystemClock
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.meta.exchange import Request, Response
from kfast.store.embedded import EmbeddedStore

SAMPLES = Path("../shared/data/api-testdata/v1.36.0")
REQUESTS = 2000
STORED = [kind for kind in KINDS if {"create", "list"} <= set(kind.verbs)]
READS = ("GET", "HEAD", "OPTIONS")
UPSTREAM_FAULTS = (
    "resourceVersion should not be set on objects to be created",
    "strconv.ParseUint: parsing ",
    "Too large resource version",
    "unknown patch type: ",
    " does not contain declared merge key: ",
    "expected a []interface {}, but received ",
    "expected a map[string]interface {}, but received ",
    "list element types are not identical: ",
)
"""Messages of the server errors upstream v1.36.2 answers with, too: to the same requests on the same objects."""

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the shared API test data is not here")


class Sink:
    """Takes what a watch starts with."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, chunk: bytes) -> bool:
        self.data += chunk
        return True

    async def drain(self) -> None:
        """Never full."""

    def close(self) -> None:
        """Nothing to close."""


def fault(_request: Request, error: Exception) -> Response:
    """Stands for the server's own answer to a fault of its own."""
    raise error


quick = 0.001
"""Seconds to wait for a revision that never comes."""


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(app, "crashed", fault)
    monkeypatch.setattr(resource_version, "WAIT_SECONDS", quick)
    store = EmbeddedStore(None)
    server = APIServer(store, default_catalog(), SystemClock(), seed=1, disable_admission_plugins=LEAN_ON_CONTROLLERS)
    await server.start()
    yield server
    await server.stop()
    await store.close()


def payload_of(request: Request, response: Response) -> Any:
    """The decoded answer; of a watch, what it starts with."""
    payload: Any = response.payload
    if hasattr(payload, "attach"):
        assert response.status == 200
        payload.attach(Sink())
        payload.close()
        return None
    if payload and isinstance(payload, bytes) and response.content_type.startswith(JSON):
        return msgspec.json.decode(payload)
    if response.status >= 400 and response.content_type in (YAML, PROTOBUF):
        assert isinstance(payload, bytes)
        return load_schema().decode("v1/Status", payload, response.content_type, "Ignore")[0]
    assert isinstance(payload, bytes | dict), type(payload)
    return payload


def check_failure(request: Request, response: Response, status: Any) -> None:
    """A failure is a Status that says the same as the HTTP status line; outside the APIs a text or nothing."""
    if response.content_type.startswith("text/plain") or not status:
        assert response.status < 500
        assert not request.path.startswith("/api") or request.path.count("/") < 4
        return
    assert isinstance(status, dict), status
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert status["code"] == response.status
    assert isinstance(status["message"], str)
    if response.status >= 500:
        assert any(text in status["message"] for text in UPSTREAM_FAULTS), status
    else:
        assert status["reason"]
        assert status["message"]
    for cause in (status.get("details") or {}).get("causes", ()):
        assert cause["message"]


def learn(requests: Requests, body: Any) -> None:
    """Remembers objects and continue tokens for later requests."""
    if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
        return
    if token := body["metadata"].get("continue"):
        requests.tokens.append(token)
    if body["metadata"].get("uid") and "spec" in body:
        requests.seen.append(body)


async def check_state(api: APIServer) -> None:
    """Everything listed can be read, written back unchanged, and is true to its place."""
    for kind in STORED:
        response = await api.handle(Request("GET", kind.path(), user=ADMIN))
        assert response.status == 200
        for item in msgspec.json.decode(response.payload)["items"]:  # type: ignore[arg-type]
            metadata = item["metadata"]
            path = f"{kind.path(metadata.get('namespace', ''))}/{metadata['name']}"
            read = await api.handle(Request("GET", path, user=ADMIN))
            assert read.status == 200, path
            body = msgspec.json.decode(read.payload)  # type: ignore[arg-type]
            assert body == {"kind": kind.kind, "apiVersion": kind.api_version, **item}
            assert int(metadata["resourceVersion"]) <= api.backend.store.revision


async def check_requests(api: APIServer, seed: int, count: int) -> dict[int, int]:
    """Sends `count` random requests and checks every answer; how many had which code."""

    async def get(path: str) -> Any:
        path, _, query = path.partition("?")
        payload: Any = (await api.handle(Request("GET", path, parse_qs(query), user=ADMIN))).payload
        return msgspec.json.decode(payload) if isinstance(payload, bytes) else payload

    documents = await Documents.load(get)
    requests = Requests(seed, SAMPLES, documents)
    store = api.backend.store
    codes: dict[int, int] = {}
    for number in range(count):
        request = requests.next()
        before = store.revision
        try:
            response = await api.handle(request)
            body = payload_of(request, response)
            if response.status >= 400:
                check_failure(request, response, body)
            elif problems := documents.problems(body):
                raise AssertionError(f"the answer does not conform to its schema: {problems[:5]}")
        except Exception as error:
            error.add_note(
                f"request {number} of seed {seed}: {target(request)} {request.headers} {request.body[:600]!r}"
            )
            raise
        codes[response.status] = codes.get(response.status, 0) + 1
        assert store.revision >= before
        idle = response.status >= 400 or request.query.get("dryRun") == ["All"]
        if request.method in READS or (idle and request.method != "DELETE"):
            assert store.revision == before, target(request)
        learn(requests, body)
        if number % 500 == 499:
            await check_state(api)
    return codes


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_random_requests_are_answered_properly(api: APIServer, seed: int) -> None:
    codes = await check_requests(api, seed, REQUESTS)
    assert min(codes.get(code, 0) for code in (200, 201, 400, 404, 409, 415, 422)) > 5, codes
