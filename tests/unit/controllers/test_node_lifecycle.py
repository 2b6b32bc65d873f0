"""Silent and sick nodes are noticed in time, and their pods leave when their tolerations say."""

import pytest

from kfast.api.coordination.lease import KIND as LEASES
from kfast.api.core.node import KIND as NODES
from kfast.api.core.pod import KIND as PODS
from kfast.clock import rfc3339, rfc3339_micro
from kfast.controllers.node_lifecycle.health import Zone, eviction_rate, silent_conditions, taints_of
from kfast.controllers.taint_eviction import plan, tolerates

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"


async def heartbeat(cluster, name):
    spec = {"holderIdentity": name, "renewTime": rfc3339_micro(cluster.clock.now())}
    if await cluster.exists(LEASES, name, "kube-node-lease"):
        await cluster.client.patch(LEASES, name, {"spec": spec}, "kube-node-lease")
        return
    metadata = {"name": name, "namespace": "kube-node-lease"}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
    await cluster.client.create(LEASES, lease)


async def beat(cluster, seconds, *names):
    """Lets time pass while these nodes renew their leases every ten seconds."""
    for _ in range(int(seconds / 10)):
        for name in names:
            await heartbeat(cluster, name)
        await cluster.settle(10)


async def ready(cluster, name):
    node = await cluster.client.get(NODES, name)
    return next(c["status"] for c in node.get("status", "conditions") if c["type"] == "Ready")


async def taints(cluster, name):
    node = await cluster.client.get(NODES, name)
    return [(t["key"], t["effect"]) for t in node.get("spec", "taints") or ()]


def test_a_node_that_renews_its_lease_stays_ready(virtual):
    async def scenario(cluster):
        await cluster.add_node("a")
        cluster.requests.clear()
        await beat(cluster, 600, "a")
        assert await ready(cluster, "a") == "True"
        assert await taints(cluster, "a") == []
        writes = [path for method, path in cluster.requests if method in ("PUT", "PATCH") and "/nodes/" in path]
        assert writes == []

    virtual(scenario)


def test_a_silent_node_is_unknown_tainted_and_emptied(virtual):
    async def scenario(cluster):
        for name in ("a", "b"):
            await cluster.add_node(name)
        short, long = (
            [
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
                for key in (NOT_READY, UNREACHABLE)
            ]
            for seconds in (0, 300)
        )
        await cluster.add_pod("short", node="a", tolerations=short)
        await cluster.add_pod("long", node="a", tolerations=long)
        await cluster.add_pod("forever", node="a", tolerations=[{"operator": "Exists"}])
        await cluster.settle()
        await beat(cluster, 30, "a", "b")
        await beat(cluster, 40, "b")
        assert await ready(cluster, "a") == "True"
        await beat(cluster, 20, "b")
        assert await ready(cluster, "a") == "Unknown"
        assert await taints(cluster, "a") == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
        assert ("NodeNotReady", "Node a status is now: NodeNotReady") in await cluster.events()
        pods = {p.name: p for p in await cluster.pods()}
        assert pods["short"].deleting
        assert [c["reason"] for c in pods["short"].get("status", "conditions") if c["type"] == "DisruptionTarget"] == [
            "DeletionByTaintManager"
        ]
        assert not pods["long"].deleting
        assert [c["status"] for c in pods["long"].get("status", "conditions") if c["type"] == "Ready"] == ["False"]
        await beat(cluster, 310, "b")
        pods = {p.name: p for p in await cluster.pods()}
        assert pods["long"].deleting
        assert not pods["forever"].deleting
        assert await ready(cluster, "b") == "True"

    virtual(scenario)


def test_a_node_that_comes_back_is_clean_and_keeps_its_pods(virtual):
    async def scenario(cluster):
        for name in ("a", "b"):
            await cluster.add_node(name)
        tolerated = [{"key": UNREACHABLE, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}]
        await cluster.add_pod("p", node="a", tolerations=tolerated)
        await beat(cluster, 70, "b")
        assert await ready(cluster, "a") == "Unknown"
        body = (await cluster.client.get(NODES, "a")).to_dict()
        stamp = rfc3339(cluster.clock.now())
        body["status"]["conditions"] = [{"type": "Ready", "status": "True", "lastHeartbeatTime": stamp}]
        await cluster.client.update_status(NODES, body)
        await beat(cluster, 600, "a", "b")
        assert await taints(cluster, "a") == []
        assert await ready(cluster, "a") == "True"
        assert not (await cluster.client.get(PODS, "p", "default")).deleting

    virtual(scenario)


def test_when_every_node_is_silent_nothing_is_evicted(virtual):
    async def scenario(cluster):
        for name in ("a", "b"):
            await cluster.add_node(name)
            await cluster.add_pod(f"on-{name}", node=name)
        # The first to be noticed may lose its taint's turn only when the other is known to be silent as well.
        await cluster.settle(3600)
        assert await ready(cluster, "a") == await ready(cluster, "b") == "Unknown"
        evicting = [name for name in "ab" if (UNREACHABLE, "NoExecute") in await taints(cluster, name)]
        assert len(evicting) <= 1

    virtual(scenario)


def test_a_cordoned_node_is_tainted(virtual):
    async def scenario(cluster):
        await cluster.add_node("a")
        await cluster.client.patch(NODES, "a", {"spec": {"unschedulable": True}})
        await cluster.settle()
        assert await taints(cluster, "a") == [("node.kubernetes.io/unschedulable", "NoSchedule")]
        await cluster.client.patch(NODES, "a", {"spec": {"unschedulable": None}})
        await cluster.settle()
        assert await taints(cluster, "a") == []

    virtual(scenario)


def test_pods_of_a_vanished_node_are_deleted(virtual):
    async def scenario(cluster):
        await cluster.add_node("a")
        await cluster.add_pod("p", node="a")
        await cluster.settle()
        await cluster.client.delete(NODES, "a")
        await cluster.settle(30)
        assert await cluster.exists(PODS, "p")
        await cluster.settle(60)
        assert not await cluster.exists(PODS, "p")

    virtual(scenario)


def conditions(**statuses):
    return [{"type": kind, "status": status} for kind, status in statuses.items()]


def test_a_node_never_heard_of_gets_all_conditions():
    made = silent_conditions([], "2026-01-01T00:00:00Z", 0)
    assert [c["type"] for c in made] == ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]
    assert {c["reason"] for c in made} == {"NodeStatusNeverUpdated"}
    assert silent_conditions(made, "2026-01-01T00:00:00Z", 100) == made


@pytest.mark.parametrize(
    ("given", "present", "evict", "expected"),
    [
        (conditions(Ready="True"), [], True, []),
        ([], [], True, []),
        (conditions(Ready="False"), [], False, [(NOT_READY, "NoSchedule")]),
        (conditions(Ready="False"), [], True, [(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]),
        (
            conditions(Ready="Unknown"),
            [(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")],
            False,
            [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")],
        ),
        (
            conditions(Ready="True", MemoryPressure="True"),
            [(NOT_READY, "NoExecute"), ("mine", "NoExecute"), (NOT_READY, "PreferNoSchedule")],
            True,
            [
                ("mine", "NoExecute"),
                (NOT_READY, "PreferNoSchedule"),
                ("node.kubernetes.io/memory-pressure", "NoSchedule"),
            ],
        ),
    ],
)
def test_taints_follow_conditions_and_leave_others_alone(given, present, evict, expected):
    bearing = [{"key": key, "effect": effect} for key, effect in present]
    assert [(t["key"], t["effect"]) for t in taints_of(given, False, bearing, evict, 0)] == expected


@pytest.mark.parametrize(
    ("zones", "rate"),
    [
        ({"z": Zone(10, 9)}, 0.1),
        ({"z": Zone(3, 0)}, 0.0),
        ({"z": Zone(3, 0), "y": Zone(1, 1)}, 0.1),
        ({"z": Zone(10, 4)}, 0.0),
        ({"z": Zone(100, 40)}, 0.01),
        ({"z": Zone(3, 1)}, 0.1),
    ],
)
def test_a_zone_mostly_down_is_not_emptied_at_full_speed(zones, rate):
    assert eviction_rate(zones, "z", 0.1) == rate


@pytest.mark.parametrize(
    ("toleration", "covers"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "k", "operator": "Exists"}, True),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "operator": "Equal", "value": "w"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "k", "operator": "Exists", "effect": "NoSchedule"}, False),
        ({"value": "v"}, False),
    ],
)
def test_tolerations(toleration, covers):
    assert tolerates(toleration, {"key": "k", "value": "v", "effect": "NoExecute"}) is covers


@pytest.mark.parametrize(
    ("seconds", "wait"), [([None], None), ([300], 200), ([300, 150], 50), ([300, None], 200), ([50], 0), ([-1], 0)]
)
def test_a_toleration_counts_from_its_taint(seconds, wait):
    taint = {"key": "k", "effect": "NoExecute", "timeAdded": rfc3339(1000)}
    tolerations = [
        {"key": "k", "operator": "Exists", **({"tolerationSeconds": s} if s is not None else {})} for s in seconds
    ]
    assert plan([taint], tolerations, 1100) == wait


def test_what_is_not_tolerated_goes_at_once():
    assert plan([{"key": "k", "effect": "NoExecute"}], [], 0) == 0
    assert plan([], [], 0) is None
