"""Plugins that run only where they are asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.clock import SystemClock
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.errors import KfastError
from kfast.store.embedded import EmbeddedStore

C = {"name": "c", "image": "i:1"}


@asynccontextmanager
async def server(plugin: str, without: tuple[str, ...] = LEAN_ON_CONTROLLERS) -> AsyncIterator[APIServer]:
    store = EmbeddedStore(None)
    api = APIServer(
        store,
        default_catalog(),
        SystemClock(),
        seed=1,
        disable_admission_plugins=without,
        enable_admission_plugins=(plugin,),
    )
    await api.start()
    yield api
    await api.stop()
    await store.close()


@pytest.fixture
def caller(call: Any) -> Callable[[APIServer], Any]:
    """Callers of other servers."""
    return lambda api: type(call)(api)


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [C], **spec}}


async def test_always_pull_images(caller: Any) -> None:
    async with server("AlwaysPullImages") as api:
        volume = {"name": "v", "image": {"reference": "r:1", "pullPolicy": "Never"}}
        made = await caller(api).ok("POST", "/api/v1/namespaces/default/pods", pod(volumes=[volume]))
        assert made["spec"]["containers"][0]["imagePullPolicy"] == "Always"
        assert made["spec"]["volumes"][0]["image"]["pullPolicy"] == "Always"


async def test_extended_resource_toleration(caller: Any) -> None:
    async with server("ExtendedResourceToleration") as api:
        resources = {"limits": {"example.com/gpu": "1", "cpu": "1"}}
        body = pod(containers=[{**C, "resources": resources}])
        made = await caller(api).ok("POST", "/api/v1/namespaces/default/pods", body)
        wanted = {"key": "example.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
        assert made["spec"]["tolerations"][-1] == wanted


async def test_deny_service_external_ips(caller: Any) -> None:
    async with server("DenyServiceExternalIPs") as api:
        spec = {"ports": [{"port": 80}], "externalIPs": ["1.2.3.4"]}
        body = {"metadata": {"name": "s"}, "spec": spec}
        answer = await caller(api)("POST", "/api/v1/namespaces/default/services", body)
        why = "Use of external IPs is denied by admission control"
        assert (answer.code, answer.body["message"]) == (403, f'services "s" is forbidden: {why}')


async def test_a_plugin_is_not_both_on_and_off() -> None:
    with pytest.raises(KfastError, match="overlapped"):
        async with server("AlwaysPullImages", ("AlwaysPullImages",)):
            raise AssertionError("it started")
