"""An API server with every admission plugin. Each test runs twice: with new pods in the core, and through the hooks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from api_server import running
from looking import Looking

Make = Callable[..., Awaitable[str]]


@pytest.fixture(params=["core", "hooks"])
async def api(request: pytest.FixtureRequest, clock: Any) -> Any:
    async with running(clock=clock, disable_admission_plugins=()) as server:
        if request.param == "hooks":
            server.backend.admission.add(Looking())
        yield server


@pytest.fixture
def namespace(call: Any) -> Make:
    """Makes a namespace with its default account; returns its path."""

    async def make(name: str = "n", labels: dict[str, str] | None = None) -> str:
        await call.ok("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})
        await call.ok("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
        return f"/api/v1/namespaces/{name}"

    return make
