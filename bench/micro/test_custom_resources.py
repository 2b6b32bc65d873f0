"""Custom resources beside built-in ones, and large definitions: `pytest bench/micro/test_custom_resources.py`."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CREATES = 500
ENTRIES = 30
LARGE = 3_000_000
"""Bytes of a definition: just under the limit of a request."""

_encode = msgspec.json.encode


async def establish(server: Any, crd: dict[str, Any]) -> None:
    """Returns once objects can be created and OpenAPI tells of them."""
    await server.call("POST", DEFINITIONS, _encode(crd))
    group = crd["spec"]["group"]
    while server.api.catalog.by_gvk(group, "v1", crd["spec"]["names"]["kind"]) is None:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await server.call("GET", f"/openapi/v3/apis/{group}/v1")


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
def test_create_500(benchmark: BenchmarkFixture, server: Any, what: str) -> None:
    """The same data as a ConfigMap, as a custom resource with a map, and as one that names every key."""
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    path = "/api/v1/namespaces/default/configmaps"
    if what != "ConfigMap":
        server.run(establish(server, definition(FREE if what == "a map" else TYPED)))
        kind = {"apiVersion": "example.com/v1", "kind": "Widget"}
        path = "/apis/example.com/v1/namespaces/default/widgets"
    numbers = itertools.count()

    async def create() -> None:
        for _ in range(CREATES):
            metadata = {"name": f"n-{next(numbers)}", "labels": {"app": "web"}}
            await server.call("POST", path, _encode({**kind, "metadata": metadata, "data": DATA}))

    benchmark.pedantic(lambda: server.run(create()), rounds=20, warmup_rounds=3)


def large_schema() -> dict[str, Any]:
    """Nested objects with descriptions, as generated definitions have them."""
    leaf = {"type": "string", "description": "What this is, told at some length, as generated schemas do. " * 2}
    block = {"type": "object", "properties": {f"field{n}": leaf for n in range(20)}}
    count = LARGE // len(_encode({"block": block}))
    return {"type": "object", "properties": {f"block{n}": block for n in range(count)}}


def test_establish_3_mib(benchmark: BenchmarkFixture, server: Any) -> None:
    """From the request to served objects and OpenAPI."""
    schema, numbers = large_schema(), itertools.count()

    def once() -> None:
        crd = definition(schema, f"g{next(numbers)}.example.com")
        server.run(establish(server, crd))

    benchmark.pedantic(once, rounds=5, warmup_rounds=1)
