"""A node takes the pods that fit, whoever bound them to it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kfast.api.catalog import kind
from kfast.cluster import ControlPlane
from kfast.node.admission import Admission, pod_requests
from kfast.testing import run_cluster

POD, EVENT = kind("Pod"), kind("Event")


def container(cpu: str, **more: Any) -> dict[str, Any]:
    return {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}, **more}


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"containers": [container("1"), container("500m")]}, "1500m"),
        ({"containers": [container("1")], "initContainers": [container("3")]}, "3"),
        ({"containers": [container("1")], "initContainers": [container("1", restartPolicy="Always")]}, "2"),
        (
            {
                "containers": [container("1")],
                "initContainers": [container("1", restartPolicy="Always"), container("2")],
            },
            "3",
        ),
        ({"containers": [container("1")], "overhead": {"cpu": "250m"}}, "1250m"),
        ({"containers": [container("1")], "resources": {"requests": {"cpu": "4"}}}, "4"),
    ],
)
def test_what_a_pod_requests(spec: dict[str, Any], cpu: str) -> None:
    assert str(pod_requests(spec)["cpu"]) == cpu


def test_room_is_taken_and_given_back() -> None:
    admission = Admission(lambda _: {"cpu": "2", "pods": "2"})
    small, large = ({"spec": {"containers": [container(cpu)]}} for cpu in ("1", "1500m"))
    assert admission.admit("n", "a", small) is None
    rejection = admission.admit("n", "b", large)
    assert rejection is not None
    assert (rejection.reason, rejection.message) == (
        "OutOfcpu",
        "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
    )
    assert admission.admit("n", "c", small) is None
    refused = admission.admit("n", "d", {"spec": {"containers": []}})
    assert refused is not None
    assert refused.reason == "OutOfpods"
    admission.release("a")
    admission.release("unknown")
    assert admission.admit("n", "d", {"spec": {"containers": []}}) is None
    assert admission.admit("n", "e", large, running=True) is None


def test_a_pod_bound_by_hand_fails_on_a_full_node() -> None:
    async def scenario(plane: ControlPlane) -> None:
        body = {"metadata": {"name": "huge"}, "spec": {"nodeName": "node-0", "containers": [container("999")]}}
        await plane.client.create(POD, body, "default")
        await asyncio.sleep(2)
        status = (await plane.client.get(POD, "huge", "default")).get("status")
        assert (status["phase"], status["reason"]) == ("Failed", "OutOfcpu")
        assert status["message"].startswith(
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 999000"
        )
        (event,) = (await plane.client.list(EVENT, "default", field_selector="reason=OutOfcpu")).objects
        assert event.get("source") == {"component": "kubelet", "host": "node-0"}

    run_cluster(scenario)
