"""What webhooks and the audit log cost a create in process: the server's CPU, the webhook server apart.

`pytest bench/micro/test_webhooks.py`; the server of the webhook is a process of its own, so that only the caller's CPU
counts. Extra: `cpu_us` is process CPU per create, `wall_us` the time.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from webhook_server import WebhookServer, allowed, patched

from kfast.api.catalog import default_catalog, kind
from kfast.apiserver.app import APIServer
from kfast.client.client import Client
from kfast.client.transports.local import LocalTransport
from kfast.clock import SystemClock
from kfast.config import LEAN_ON_CONTROLLERS, AuditConfig
from kfast.meta.exchange import User
from kfast.store.embedded import EmbeddedStore

COUNT = 300
MAP = kind("ConfigMap")
LABEL = {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}


def answer(path: str, review: dict[str, Any]) -> Any:
    return patched(review, LABEL) if path == "/patch" else allowed(review)


def serve(ready: Connection) -> None:
    with WebhookServer(answer) as server:
        ready.send((server.config("/allow"), server.config("/patch")))
        ready.recv()


@pytest.fixture(scope="module")
def targets() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,))
    process.start()
    yield here.recv()
    here.send(None)
    process.join()


def hook(target: dict[str, Any], number: int) -> dict[str, Any]:
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    return {
        "name": f"h{number}.example.com",
        "clientConfig": target,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "rules": [rule],
    }


@pytest.mark.parametrize(
    ("mutating", "validating", "audited"),
    [(0, 0, ""), (1, 0, ""), (0, 1, ""), (0, 4, ""), (1, 1, ""), (0, 0, "Metadata"), (0, 0, "RequestResponse")],
)
def test_create(benchmark: Any, targets: Any, tmp_path: Path, mutating: int, validating: int, audited: str) -> None:
    allow, patch = targets

    async def run() -> tuple[float, float]:
        audit = None
        if audited:
            policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": audited}]}
            (tmp_path / "policy").write_text(json.dumps(policy))
            audit = AuditConfig(policy_file=tmp_path / "policy", log_path=tmp_path / "log")
        store = EmbeddedStore(None)
        api = APIServer(
            store, default_catalog(), SystemClock(), disable_admission_plugins=LEAN_ON_CONTROLLERS, audit=audit
        )
        await api.start()
        client = Client(LocalTransport(api.handle, User("admin", groups=("system:masters",))))
        for name, count, target in (("Mutating", mutating, patch), ("Validating", validating, allow)):
            if count:
                hooks = [hook(target, number) for number in range(count)]
                await client.create(kind(f"{name}WebhookConfiguration"), {"metadata": {"name": "c"}, "webhooks": hooks})
        await client.create(MAP, {"metadata": {"name": "first"}}, "default")
        cpu, wall = time.process_time(), time.perf_counter()
        for number in range(COUNT):
            await client.create(MAP, {"metadata": {"name": f"c{number}"}, "data": {"a": "b" * 100}}, "default")
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        await api.stop()
        await store.close()
        return cpu, wall

    cpu, wall = benchmark.pedantic(lambda: asyncio.run(run()), rounds=1, warmup_rounds=1)
    benchmark.extra_info |= {"cpu_us": round(cpu / COUNT * 1e6), "wall_us": round(wall / COUNT * 1e6)}
