"""Custom resources beside built-in ones, and large definitions: `pytest bench/micro/test_custom_resources.py`."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.clock import SystemClock
from kfast.meta.exchange import Request, User
from kfast.store.embedded import EmbeddedStore

ADMIN = User("admin", groups=("system:masters", "system:authenticated"))
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CREATES = 500
ENTRIES = 30
LARGE = 3_000_000
"""Bytes of a definition: just under the limit of a request."""

_encode = msgspec.json.encode


class Server:
    """An API server on a memory store and a loop of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.api = APIServer(EmbeddedStore(None), default_catalog(), SystemClock(), seed=1)
        self.loop.run_until_complete(self.api.start())

    async def call(self, method: str, path: str, body: bytes = b"") -> Any:
        headers = {"content-type": "application/json", "accept": "application/json"}
        answer = await self.api.handle(Request(method, path, {}, headers, body, ADMIN))
        assert answer.status < 300, answer.payload
        return answer

    async def establish(self, crd: dict[str, Any]) -> None:
        """Returns once objects can be created and OpenAPI tells of them."""
        await self.call("POST", DEFINITIONS, _encode(crd))
        group = crd["spec"]["group"]
        while self.api.catalog.by_gvk(group, "v1", crd["spec"]["names"]["kind"]) is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await self.call("GET", f"/openapi/v3/apis/{group}/v1")

    def close(self) -> None:
        self.loop.run_until_complete(self.api.stop())
        self.loop.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def definition(schema: dict[str, Any], group: str = "example.com") -> dict[str, Any]:
    versions = [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]
    names = {"plural": "widgets", "kind": "Widget"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": versions},
    }


def properties() -> dict[str, Any]:
    return {f"setting-{n}": {"type": "string", "maxLength": 100, "pattern": "^[a-z0-9-]*$"} for n in range(ENTRIES)}


DATA = {f"setting-{n}": f"some-value-of-it-{n}" for n in range(ENTRIES)}
FREE = {"type": "object", "properties": {"data": {"type": "object", "additionalProperties": {"type": "string"}}}}
TYPED = {"type": "object", "properties": {"data": {"type": "object", "properties": properties()}}}


@pytest.mark.parametrize("what", ["ConfigMap", "a map", "typed properties"])
def test_create_500(benchmark: BenchmarkFixture, server: Server, what: str) -> None:
    """The same data as a ConfigMap, as a custom resource with a map, and as one that names every key."""
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    path = "/api/v1/namespaces/default/configmaps"
    if what != "ConfigMap":
        server.loop.run_until_complete(server.establish(definition(FREE if what == "a map" else TYPED)))
        kind = {"apiVersion": "example.com/v1", "kind": "Widget"}
        path = "/apis/example.com/v1/namespaces/default/widgets"
    numbers = itertools.count()

    async def create() -> None:
        for _ in range(CREATES):
            metadata = {"name": f"n-{next(numbers)}", "labels": {"app": "web"}}
            await server.call("POST", path, _encode({**kind, "metadata": metadata, "data": DATA}))

    benchmark.pedantic(lambda: server.loop.run_until_complete(create()), rounds=20, warmup_rounds=3)


def large_schema() -> dict[str, Any]:
    """Nested objects with descriptions, as generated definitions have them."""
    leaf = {"type": "string", "description": "What this is, told at some length, as generated schemas do. " * 2}
    block = {"type": "object", "properties": {f"field{n}": leaf for n in range(20)}}
    count = LARGE // len(_encode({"block": block}))
    return {"type": "object", "properties": {f"block{n}": block for n in range(count)}}


def test_establish_3_mib(benchmark: BenchmarkFixture, server: Server) -> None:
    """From the request to served objects and OpenAPI."""
    schema, numbers = large_schema(), itertools.count()

    def establish() -> None:
        crd = definition(schema, f"g{next(numbers)}.example.com")
        server.loop.run_until_complete(server.establish(crd))

    benchmark.pedantic(establish, rounds=5, warmup_rounds=1)
