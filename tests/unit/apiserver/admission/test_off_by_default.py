"""Plugins that run only where they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from api_server import running

from kfast.apiserver.app import APIServer
from kfast.errors import KfastError

C = {"name": "c", "image": "i:1"}


@pytest.fixture
def caller(call: Any) -> Callable[[APIServer], Any]:
    """Callers of other servers."""
    return lambda api: type(call)(api)


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [C], **spec}}


async def test_always_pull_images(caller: Any) -> None:
    async with running(enable_admission_plugins=("AlwaysPullImages",)) as api:
        volume = {"name": "v", "image": {"reference": "r:1", "pullPolicy": "Never"}}
        made = await caller(api).ok("POST", "/api/v1/namespaces/default/pods", pod(volumes=[volume]))
        assert made["spec"]["containers"][0]["imagePullPolicy"] == "Always"
        assert made["spec"]["volumes"][0]["image"]["pullPolicy"] == "Always"


async def test_extended_resource_toleration(caller: Any) -> None:
    async with running(enable_admission_plugins=("ExtendedResourceToleration",)) as api:
        resources = {"limits": {"example.com/gpu": "1", "cpu": "1"}}
        body = pod(containers=[{**C, "resources": resources}])
        made = await caller(api).ok("POST", "/api/v1/namespaces/default/pods", body)
        wanted = {"key": "example.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
        assert made["spec"]["tolerations"][-1] == wanted


async def test_deny_service_external_ips(caller: Any) -> None:
    async with running(enable_admission_plugins=("DenyServiceExternalIPs",)) as api:
        spec = {"ports": [{"port": 80}], "externalIPs": ["1.2.3.4"]}
        body = {"metadata": {"name": "s"}, "spec": spec}
        answer = await caller(api)("POST", "/api/v1/namespaces/default/services", body)
        why = "Use of external IPs is denied by admission control"
        assert (answer.code, answer.body["message"]) == (403, f'services "s" is forbidden: {why}')


async def test_a_plugin_is_not_both_on_and_off() -> None:
    both = ("AlwaysPullImages",)
    with pytest.raises(KfastError, match="overlapped"):
        async with running(enable_admission_plugins=both, disable_admission_plugins=both):
            raise AssertionError("it started")
