"""Which pods the pod garbage collector takes."""

import json

from kfast.controllers.pod_gc import plan
from kfast.runtime import Object

NONE = frozenset()


def pod(name, phase="Running", node="n", created="2026-01-01T00:00:00Z", deleting=False):
    metadata = {"name": name, "namespace": "default", "creationTimestamp": created}
    if deleting:
        metadata["deletionTimestamp"] = created
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": node},
        "status": {"phase": phase},
    }
    return Object.parse(json.dumps(body).encode())


def names(pods):
    return [p.name for p in pods]


def test_the_oldest_finished_pods_beyond_the_threshold_go():
    pods = [
        pod(f"p{n}", phase, created=f"2026-01-0{n}T00:00:00Z") for n, phase in enumerate(["Failed", "Succeeded"] * 3, 1)
    ]
    assert names(plan([*pods[::-1], pod("runs")], NONE, NONE, 4).finished) == ["p1", "p2"]
    assert plan(pods, NONE, NONE, 6).finished == ()
    assert plan(pods, NONE, NONE, 0).finished == ()


def test_pods_of_gone_nodes_are_orphans():
    pods = [pod("stays"), pod("goes", node="gone"), pod("waits", node="")]
    assert names(plan(pods, frozenset({"gone"}), NONE, 100).orphaned) == ["goes"]


def test_unscheduled_pods_being_deleted_go():
    pods = [pod("new", node=""), pod("unwanted", node="", deleting=True), pod("ending", deleting=True)]
    assert names(plan(pods, NONE, NONE, 100).terminating) == ["unwanted"]


def test_pods_being_deleted_on_a_dead_node_go():
    pods = [pod("runs", node="dead"), pod("ending", node="dead", deleting=True), pod("elsewhere", deleting=True)]
    assert names(plan(pods, NONE, frozenset({"dead"}), 100).terminating) == ["ending"]


def test_finished_pods_are_collected_in_a_cluster(virtual):
    async def scenario(cluster):
        context = cluster.manager.context("pod-garbage-collector-controller")
        context.config = type(context.config)(terminated_pod_threshold=2)
        for name in "abcde":
            await cluster.add_pod(name)
        await cluster.settle()
        for found in await cluster.pods():
            await cluster.set_pod_status(found, {"phase": "Succeeded"})
        await cluster.settle(25)
        assert len(await cluster.pods()) == 2

    virtual(scenario)
