"""What admission policies cost a new ConfigMap, in CPU time: `pytest bench/micro/test_policies.py`.

Each round creates 1,000 ConfigMaps, one request each, through `APIServer.handle` on a memory store; policies cost the
difference to `none`. `elsewhere` has a policy about another resource.
"""

from __future__ import annotations

import asyncio
import time
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

COUNT = 1_000
ADMIN = User("admin", groups=("system:masters",))
GROUP = "/apis/admissionregistration.k8s.io/v1"
VALIDATIONS = [
    {"expression": "object.metadata.name.size() < 100"},
    {"expression": "object.data.all(k, object.data[k].size() < 1000)", "messageExpression": "'too long'"},
    {"expression": "variables.app == 'web' || request.operation == 'UPDATE'"},
]
VARIABLES = [{"name": "app", "expression": "object.metadata.?labels.app.orValue('none')"}]
APPLY = "Object{metadata: Object.metadata{labels: {'seen': request.userInfo.username}}}"
MUTATION = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": APPLY}}


def rules(resource: str) -> dict[str, Any]:
    return {
        "resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [resource]}
        ]
    }


def validating(resource: str = "configmaps") -> dict[str, Any]:
    return {"matchConstraints": rules(resource), "variables": VARIABLES, "validations": VALIDATIONS}


POLICIES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "none": [],
    "elsewhere": [("validating", validating("secrets"))],
    "validating": [("validating", validating())],
    "ten": [("validating", validating())] * 10,
    "mutating": [
        (
            "mutating",
            {"matchConstraints": rules("configmaps"), "mutations": [MUTATION], "reinvocationPolicy": "Never"},
        )
    ],
}


class Server:
    """An API server with policies."""

    def __init__(self, policies: list[tuple[str, dict[str, Any]]]) -> None:
        self.loop = asyncio.new_event_loop()
        self.api = APIServer(EmbeddedStore(None), default_catalog(), SystemClock())
        self.loop.run_until_complete(self._prepare(policies))
        labels = {"app": "web"}
        body = {"metadata": {"generateName": "c-", "labels": labels}, "data": {f"k{i}": "v" * 20 for i in range(5)}}
        self.body = msgspec.json.encode(body)

    async def _post(self, path: str, body: bytes) -> None:
        request = Request("POST", path, {}, {"content-type": "application/json"}, body, user=ADMIN)
        response = await self.api.handle(request)
        assert response.status == 201, response.payload

    async def _prepare(self, policies: list[tuple[str, dict[str, Any]]]) -> None:
        await self.api.start()
        for number, (how, spec) in enumerate(policies):
            name = {"metadata": {"name": f"p{number}"}}
            await self._post(f"{GROUP}/{how}admissionpolicies", msgspec.json.encode(name | {"spec": spec}))
            bound = {"policyName": f"p{number}"} | ({"validationActions": ["Deny"]} if how == "validating" else {})
            await self._post(f"{GROUP}/{how}admissionpolicybindings", msgspec.json.encode(name | {"spec": bound}))

    async def _creates(self) -> None:
        for _ in range(COUNT):
            await self._post("/api/v1/namespaces/default/configmaps", self.body)

    def creates(self) -> None:
        self.loop.run_until_complete(self._creates())

    def close(self) -> None:
        self.loop.run_until_complete(self.api.stop())
        self.loop.close()


@pytest.fixture(params=POLICIES)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(POLICIES[request.param])
    yield server
    server.close()


@pytest.mark.benchmark(timer=time.process_time)
def test_creates(benchmark: BenchmarkFixture, server: Server) -> None:
    benchmark.pedantic(server.creates, rounds=3, warmup_rounds=1)
