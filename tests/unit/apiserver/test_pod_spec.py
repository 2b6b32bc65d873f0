"""pods/ephemeralcontainers and pods/resize: one part of the spec changes, nothing else."""

from __future__ import annotations

from typing import Any

import pytest

PODS = "/api/v1/namespaces/default/pods"
MERGE = {"Content-Type": "application/merge-patch+json"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
DEBUGGER = {"name": "debugger", "image": "busybox", "stdin": True}


@pytest.fixture
async def pod(call: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "1"}}}]
    created = await call.ok("POST", PODS, {"metadata": {"name": "p"}, "spec": {"containers": containers}})
    return dict(created)


async def test_ephemeral_containers_are_added(call: Any, pod: dict[str, Any]) -> None:
    patch = {"spec": {"ephemeralContainers": [DEBUGGER], "nodeName": "ignored"}}
    changed = await call.ok("PATCH", f"{PODS}/p/ephemeralcontainers", patch, STRATEGIC)
    (container,) = changed["spec"]["ephemeralContainers"]
    assert (container["name"], container["terminationMessagePolicy"]) == ("debugger", "File")
    assert "nodeName" not in changed["spec"]
    assert changed["metadata"]["generation"] == pod["metadata"]["generation"] + 1
    second = {"spec": {"ephemeralContainers": [{**DEBUGGER, "name": "other"}]}}
    changed = await call.ok("PATCH", f"{PODS}/p/ephemeralcontainers", second, STRATEGIC)
    assert {c["name"] for c in changed["spec"]["ephemeralContainers"]} == {"debugger", "other"}


@pytest.mark.parametrize(("containers", "verb"), [([], "removed"), ([{**DEBUGGER, "image": "other"}], "changed")])
async def test_ephemeral_containers_are_never_changed(
    call: Any, pod: dict[str, Any], containers: list[Any], verb: str
) -> None:
    await call.ok("PATCH", f"{PODS}/p/ephemeralcontainers", {"spec": {"ephemeralContainers": [DEBUGGER]}}, MERGE)
    body = await call.ok("GET", f"{PODS}/p")
    body["spec"]["ephemeralContainers"] = containers
    answer = await call("PUT", f"{PODS}/p/ephemeralcontainers", body)
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    assert f'existing ephemeral containers "debugger" may not be {verb}' in answer.body["message"]


async def test_resize_changes_resources_only(call: Any, pod: dict[str, Any]) -> None:
    patch = {"spec": {"containers": [{"name": "c", "image": "other", "resources": {"requests": {"cpu": "2"}}}]}}
    changed = await call.ok("PATCH", f"{PODS}/p/resize", patch, STRATEGIC)
    (container,) = changed["spec"]["containers"]
    assert (container["image"], container["resources"]) == ("nginx", {"requests": {"cpu": "2"}})
    stale = {"metadata": {"resourceVersion": pod["metadata"]["resourceVersion"]}, **patch}
    assert (await call("PATCH", f"{PODS}/p/resize", stale, STRATEGIC)).code == 409
