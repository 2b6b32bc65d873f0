"""ReplicaSets and ReplicationControllers keep exactly their pods."""

import json

import pytest

from kfast.api.apps.replica_set import KIND as REPLICA_SETS
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.replication_controller import KIND as REPLICATION_CONTROLLERS
from kfast.clock import rfc3339
from kfast.controllers.replicaset import plan
from kfast.errors import StatusError
from kfast.runtime import Object

NOW = 1_000_000.0
PODS_PATH = "/api/v1/namespaces/default/pods"


def pod(name, *, node="n1", phase="Running", ready_for=3600.0, cost=None, restarts=0, age=7200.0):
    conditions = []
    if ready_for is not None:
        conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(NOW - ready_for)}]
    metadata = {"name": name, "namespace": "default", "uid": name, "creationTimestamp": rfc3339(NOW - age)}
    if cost is not None:
        metadata["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": str(cost)}
    status = {"phase": phase, "conditions": conditions, "containerStatuses": [{"restartCount": restarts}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": node}, "status": status}
    return Object.parse(json.dumps(body).encode())


def owner(replicas):
    body = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "x"}, "spec": {"replicas": replicas}}
    return Object.parse(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (pod("b", node="", ready_for=None), pod("a")),
        (pod("b", phase="Pending"), pod("a", phase="Unknown")),
        (pod("b", phase="Unknown"), pod("a")),
        (pod("b", ready_for=None), pod("a")),
        (pod("b", cost=-5), pod("a")),
        (pod("b", cost=1), pod("a", cost=2)),
        (pod("b", ready_for=10), pod("a", ready_for=3600)),
        (pod("b", restarts=4), pod("a", restarts=1)),
        (pod("b", age=10), pod("a", age=7200)),
        # Ready for about as long: within a power of two the uid decides.
        (pod("a", ready_for=3600), pod("b", ready_for=3590)),
    ],
    ids=[
        "unassigned",
        "pending",
        "unknown",
        "unready",
        "negative-cost",
        "cost",
        "ready-later",
        "restarted",
        "younger",
        "alike",
    ],
)
def test_the_cheapest_pod_goes_first(first, other):
    for pods in ([first, other], [other, first]):
        assert [p.name for p in plan(owner(1), pods, pods, NOW).delete] == [first.name]


def test_a_crowded_node_gives_up_pods_before_an_empty_one():
    alone, crowded, sibling = pod("a", node="n1"), pod("b", node="n2"), pod("c", node="n2")
    chosen = plan(owner(1), [alone, crowded], [alone, crowded, sibling], NOW).delete
    assert [p.name for p in chosen] == ["b"]


@pytest.mark.parametrize(
    ("have", "want", "create", "delete"), [(0, 3, 3, 0), (3, 3, 0, 0), (5, 3, 0, 2), (0, 900, 500, 0)]
)
def test_the_number_is_brought_to_the_wanted_one(have, want, create, delete):
    pods = [pod(f"p{i}") for i in range(have)]
    todo = plan(owner(want), pods, pods, NOW)
    assert (todo.create, len(todo.delete)) == (create, delete)


def replica_set(replicas, labels=None, **metadata):
    labels = labels or {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "v1"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "x", "namespace": "default", **metadata},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


async def status(cluster):
    return (await cluster.client.get(REPLICA_SETS, "x", "default")).get("status")


def test_lost_and_finished_pods_are_replaced(virtual):
    async def scenario(cluster):
        await cluster.client.create(REPLICA_SETS, replica_set(3))
        await cluster.settle()
        lost, finished, _ = await cluster.pods()
        await cluster.client.delete(PODS, lost.name, "default")
        await cluster.set_pod_status(finished, {"phase": "Failed"})
        await cluster.settle()
        alive = [p.name for p in await cluster.pods() if p.get("status", "phase") == "Running"]
        assert len(alive) == 3
        assert lost.name not in alive
        counts = await status(cluster)
        assert (counts["replicas"], counts["readyReplicas"], counts["availableReplicas"]) == (3, 3, 3)
        assert counts["fullyLabeledReplicas"] == 3

    virtual(scenario)


def test_pods_are_adopted_and_released_by_their_labels(virtual):
    async def scenario(cluster):
        await cluster.add_pod("mine", labels={"app": "x"})
        await cluster.add_pod("not-mine", labels={"app": "y"})
        created = await cluster.client.create(REPLICA_SETS, replica_set(2))
        await cluster.settle()
        owners = {p.name: p.get("metadata", "ownerReferences") for p in await cluster.pods()}
        assert owners["not-mine"] is None
        assert owners["mine"][0]["uid"] == created.uid
        assert owners["mine"][0]["controller"] is True
        assert len(owners) == 3
        await cluster.client.patch(PODS, "mine", {"metadata": {"labels": {"app": "z"}}}, "default")
        await cluster.settle()
        pods = {p.name: p for p in await cluster.pods()}
        assert not pods["mine"].get("metadata", "ownerReferences")
        assert len(pods) == 4

    virtual(scenario)


def test_what_cannot_be_created_is_reported_and_tried_again(virtual):
    async def scenario(cluster):
        cluster.refused["POST", PODS_PATH] = StatusError(403, "Forbidden", "exceeded quota")
        await cluster.client.create(REPLICA_SETS, replica_set(20))
        await cluster.settle(0.02)
        assert cluster.requests.count(("POST", PODS_PATH)) <= 3, "a slow start asks once, not twenty times"
        await cluster.settle()
        [condition] = (await status(cluster))["conditions"]
        assert condition | {"lastTransitionTime": ""} == {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate",
            "message": "exceeded quota",
            "lastTransitionTime": "",
        }
        assert ("FailedCreate", "Error creating: exceeded quota") in await cluster.events()
        del cluster.refused["POST", PODS_PATH]
        await cluster.settle(30)
        assert len(await cluster.pods()) == 20
        assert not (await status(cluster)).get("conditions")

    virtual(scenario)


def test_a_slow_start_stops_at_the_first_failing_batch(virtual):
    async def scenario(cluster):
        cluster.refused["POST", PODS_PATH] = StatusError(403, "Forbidden", "exceeded quota")
        cluster.allowed["POST", PODS_PATH] = 3
        await cluster.client.create(REPLICA_SETS, replica_set(20))
        await cluster.settle(0.004)
        # Batches of 1, 2 and 4; then one request for each of the events that the failures caused.
        assert 7 <= cluster.requests.count(("POST", PODS_PATH)) < 15

    virtual(scenario)


def test_pods_the_cache_does_not_show_yet_are_not_made_twice(virtual):
    async def scenario(cluster):
        informer, held = cluster.manager.informers.of(PODS), []
        apply, informer._apply = informer._apply, held.append
        await cluster.client.create(REPLICA_SETS, replica_set(3))
        for number in range(3):
            await cluster.client.patch(REPLICA_SETS, "x", {"metadata": {"labels": {"n": str(number)}}}, "default")
            await cluster.settle()
        assert len(await cluster.pods()) == 3
        for batch in held:
            apply(batch)
        informer._apply = apply
        await cluster.client.patch(REPLICA_SETS, "x", {"spec": {"replicas": 4}}, "default")
        await cluster.settle()
        assert len(await cluster.pods()) == 4

    virtual(scenario)


def test_a_set_being_deleted_makes_no_more_pods(virtual):
    async def scenario(cluster):
        await cluster.client.create(REPLICA_SETS, replica_set(2, finalizers=["example.com/hold"]))
        await cluster.settle()
        await cluster.client.delete(REPLICA_SETS, "x", "default")
        for pod in await cluster.pods():
            await cluster.client.delete(PODS, pod.name, "default")
        await cluster.settle()
        assert await cluster.pods() == []

    virtual(scenario)


def test_terminating_pods_are_counted_apart(virtual):
    async def scenario(cluster):
        await cluster.add_node("node")
        body = replica_set(1)
        body["spec"]["template"]["spec"]["nodeName"] = "node"
        await cluster.client.create(REPLICA_SETS, body)
        await cluster.settle()
        [pod] = await cluster.pods()
        await cluster.client.delete(PODS, pod.name, "default")
        await cluster.settle()
        counts = await status(cluster)
        assert (counts["replicas"], counts["terminatingReplicas"]) == (1, 1)

    virtual(scenario)


def test_a_replication_controller_does_the_same(virtual):
    async def scenario(cluster):
        body = replica_set(2)
        body |= {"apiVersion": "v1", "kind": "ReplicationController"}
        body["spec"]["selector"] = {"app": "x"}
        await cluster.client.create(REPLICATION_CONTROLLERS, body)
        await cluster.settle()
        assert len(await cluster.pods()) == 2
        controller = await cluster.client.get(REPLICATION_CONTROLLERS, "x", "default")
        assert controller.get("status", "availableReplicas") == 2

    virtual(scenario)
