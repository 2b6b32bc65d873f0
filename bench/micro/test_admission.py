"""What the built-in admission plugins cost a new pod, in CPU time: `pytest bench/micro/test_admission.py`.

Each round creates 1,000 pods, one request each, through `APIServer.handle` on a memory store; the plugins cost the
difference to `none`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from looking import Looking
from pytest_benchmark.fixture import BenchmarkFixture

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.clock import SystemClock
from kfast.config import ADMISSION_PLUGINS
from kfast.meta.exchange import Request, User
from kfast.store.embedded import EmbeddedStore

COUNT = 1_000
ADMIN = User("admin", groups=("system:masters",))
LABELS = {f"pod-security.kubernetes.io/{mode}": "baseline" for mode in ("enforce", "audit", "warn")}
HARD = {"pods": "1M", "requests.cpu": "1M", "limits.memory": "1P"}
LIMITS = [
    {"type": "Container", "default": {"memory": "1Gi"}, "defaultRequest": {"cpu": "1m"}, "max": {"cpu": "9"}},
    {"type": "Pod", "max": {"memory": "9Gi"}},
]


class Server:
    """An API server with a namespace to make pods in."""

    def __init__(self, disabled: tuple[str, ...], bounded: bool, hooks: bool) -> None:
        self.loop = asyncio.new_event_loop()
        self.store = EmbeddedStore()
        self.api = APIServer(self.store, default_catalog(), SystemClock(), disable_admission_plugins=disabled)
        self.loop.run_until_complete(self._prepare(bounded))
        if hooks:
            self.api.backend.admission.add(Looking())
        container = {"name": "c", "image": "nginx:1", "resources": {"requests": {"cpu": "1m"}, "limits": {"cpu": "2"}}}
        body = {"metadata": {"generateName": "p-", "labels": {"app": "web"}}, "spec": {"containers": [container]}}
        self.body = msgspec.json.encode(body)

    async def _prepare(self, bounded: bool) -> None:
        await self.api.start()
        await self._post("namespaces", {"metadata": {"name": "n", "labels": LABELS if bounded else {}}})
        await self._post("namespaces/n/serviceaccounts", {"metadata": {"name": "default"}})
        if bounded:
            await self._post("namespaces/n/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": LIMITS}})
            quota = {"metadata": {"name": "q"}, "spec": {"hard": HARD}}
            await self._post("namespaces/n/resourcequotas", quota)
            status = {"hard": HARD, "used": dict.fromkeys(HARD, "0")}
            body = msgspec.json.encode({**quota, "status": status})
            answer = await self._send("PUT", "namespaces/n/resourcequotas/q/status", body)
            assert answer == 200

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        assert await self._send("POST", path, msgspec.json.encode(body)) == 201

    async def _send(self, method: str, path: str, body: bytes) -> int:
        headers = {"content-type": "application/json"}
        answer = await self.api.handle(Request(method, f"/api/v1/{path}", {}, headers, body, ADMIN, native=True))
        return answer.status

    async def _create(self) -> None:
        for _ in range(COUNT):
            assert await self._send("POST", "namespaces/n/pods", self.body) == 201

    def create(self) -> None:
        """Makes the pods of one round."""
        self.loop.run_until_complete(self._create())

    def close(self) -> None:
        """Stops the server."""
        self.loop.run_until_complete(self.api.stop())
        self.loop.run_until_complete(self.store.close())
        self.loop.close()


@pytest.fixture(params=["none", "default", "bounded", "none, hooks", "default, hooks", "bounded, hooks"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    name, _, hooks = request.param.partition(", ")
    server = Server(ADMISSION_PLUGINS if name == "none" else (), name == "bounded", bool(hooks))
    yield server
    server.close()


@pytest.mark.benchmark(timer=time.process_time)
def test_create_1000_pods(benchmark: BenchmarkFixture, server: Server) -> None:
    benchmark.pedantic(server.create, rounds=5, warmup_rounds=1)
