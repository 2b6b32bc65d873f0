"""Scheduling decisions a second, the core alone: pytest bench/micro/test_scheduler.py (release build)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kfast._core import Object, Scheduler

NODES, PODS = 5_000, 10_000


def node(number: int) -> Object:
    """scheduler_perf's node-default: 4 CPU, 32Gi, 110 pods."""
    name = f"node-{number}"
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{number % 3}"}
    allocatable = {"cpu": "4", "memory": "32Gi", "pods": "110"}
    metadata = {"name": name, "labels": labels}
    body = {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": {"allocatable": allocatable}}
    return Object.parse(json.dumps(body).encode())


def pod(number: int, cpu: str) -> Object:
    """scheduler_perf's pod-default."""
    requests = {"cpu": cpu, "memory": "500Mi"}
    container = {"name": "pause", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": requests}}
    metadata = {"name": f"pod-{number}", "namespace": "default", "uid": f"uid-{number}"}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
    return Object.parse(json.dumps(body).encode())


@pytest.mark.parametrize(
    "classes",
    [pytest.param(1, id="basic"), pytest.param(20, id="twenty classes"), pytest.param(1_000, id="own class each")],
)
def test_decisions(benchmark: Any, classes: int) -> None:
    pods = PODS if classes < 1_000 else 1_000

    def setup() -> tuple[tuple[Scheduler], dict[str, Any]]:
        scheduler = Scheduler()
        for number in range(NODES):
            scheduler.set_node(node(number), 0)
        for number in range(pods):
            scheduler.set_pod(pod(number, f"{100 + number % classes}m"), 0)
        return (scheduler,), {}

    decisions = benchmark.pedantic(lambda scheduler: scheduler.step(0, pods), setup=setup, rounds=3)
    assert len(decisions) == pods
    assert all(d.node for d in decisions)
    if benchmark.stats is not None:
        benchmark.extra_info["decisions_per_second"] = round(pods / benchmark.stats["mean"])
