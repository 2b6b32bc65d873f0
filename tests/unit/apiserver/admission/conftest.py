"""An API server with every admission plugin. Each test runs twice: with new pods in the core, and through the hooks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from looking import Looking

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.store.embedded import EmbeddedStore

Make = Callable[..., Awaitable[str]]


@pytest.fixture(params=["core", "hooks"])
async def api(request: pytest.FixtureRequest, clock: Any) -> Any:
    store = EmbeddedStore(None)
    server = APIServer(store, default_catalog(), clock, seed=1)
    await server.start()
    if request.param == "hooks":
        server.backend.admission.add(Looking())
    yield server
    await server.stop()
    await store.close()


@pytest.fixture
def namespace(call: Any) -> Make:
    """Makes a namespace with its default account; returns its path."""

    async def make(name: str = "n", labels: dict[str, str] | None = None) -> str:
        await call.ok("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})
        await call.ok("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
        return f"/api/v1/namespaces/{name}"

    return make
