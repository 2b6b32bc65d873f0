"""The core by itself: messages, determinism, and nodes that are never booked twice."""

import json
import random

import pytest

from kfast._core import Object, Scheduler


def handle(kind, name, spec, **rest):
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}"} if kind == "Pod" else {"name": name}
    body = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec, **rest}
    return Object.parse(json.dumps(body).encode())


def node(name, cpu="4", pods="110", **spec):
    return handle("Node", name, spec, status={"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": pods}})


def pod(name, cpu="1", ports=(), **spec):
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}, "ports": list(ports)}
    return handle("Pod", name, {"containers": [container], **spec})


def on_node(name):
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}
    required = {"nodeSelectorTerms": [term]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def scheduler(*nodes, seed=0):
    core = Scheduler(seed=seed)
    for each in nodes:
        core.set_node(each, 0)
    return core


def decide(core, wanted):
    core.set_pod(wanted, 0)
    [decision] = core.step(0, 1)
    return decision


TAINTED = {"taints": [{"key": "k", "effect": "NoSchedule"}]}


@pytest.mark.parametrize(
    ("wanted", "message", "plugins"),
    [
        (
            pod("p", cpu="3"),
            "0/3 nodes are available: 1 Insufficient cpu, 1 Too many pods, 1 node(s) had untolerated taint(s). "
            "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, "
            "2 Preemption is not helpful for scheduling.",
            ["NodeResourcesFit", "TaintToleration"],
        ),
        (
            pod("p", cpu="3", affinity=on_node("small")),
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. "
            "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            ["NodeAffinity", "NodeResourcesFit"],
        ),
        (
            pod("p", nodeSelector={"disk": "ssd"}, preemptionPolicy="Never"),
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), "
            "2 node(s) didn't match Pod's node affinity/selector. "
            "preemption: not eligible due to preemptionPolicy=Never.",
            ["NodeAffinity", "TaintToleration"],
        ),
    ],
)
def test_messages_are_upstreams(wanted, message, plugins):
    core = scheduler(node("small", cpu="1"), node("full", pods="0"), node("tainted", **TAINTED))
    decision = decide(core, wanted)
    assert (decision.node, decision.message, decision.plugins) == (None, message, plugins)


def test_resource_claims_and_declared_features_are_named_as_reasons():
    core = scheduler(node("n1"))
    decision = decide(core, pod("drawing", resourceClaims=[{"name": "gpu", "resourceClaimName": "g"}]))
    assert "pod has resource claims, and dynamic resources are not allocated" in decision.message
    wanted = pod("rooted", hostNetwork=True, hostUsers=False)
    assert "1 node(s) didn't match Pod's required features" in decide(core, wanted).message
    status = {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}
    status["declaredFeatures"] = ["UserNamespacesHostNetworkSupport"]
    core.set_node(handle("Node", "n1", {}, status=status), 100)
    assert [d.node for d in core.step(100, 10)] == ["n1"]


def test_a_pod_bound_to_one_node_by_name_goes_there():
    core = scheduler(*(node(f"n{number}") for number in range(20)))
    assert decide(core, pod("p", affinity=on_node("n13"))).node == "n13"


def test_host_ports_are_free_again_when_their_pod_is_gone():
    core = scheduler(node("n1"))
    port = [{"hostPort": 80}]
    assert decide(core, pod("first", ports=port)).node == "n1"
    second = decide(core, pod("second", ports=port))
    assert "1 node(s) didn't have free ports for the requested pod ports" in second.message
    core.remove_pod("uid-first", 100)
    assert [d.node for d in core.step(100, 10)] == ["n1"]


def test_ties_are_broken_by_the_seed_alone():
    def places(seed):
        core = scheduler(*(node(f"n{number}") for number in range(50)), seed=seed)
        for number in range(30):
            core.set_pod(pod(f"p{number}"), 0)
        return [d.node for d in core.step(0, 100)]

    assert places(1) == places(1)
    assert places(1) != places(2)
    assert len(set(places(1))) == 30


def test_a_node_that_comes_back_still_holds_its_pods():
    core = scheduler(node("n1", cpu="1"))
    core.set_pod(handle("Pod", "running", {**pod("x").get("spec"), "nodeName": "n1"}), 0)
    core.remove_node("n1")
    core.set_node(node("n1", cpu="1"), 0)
    assert decide(core, pod("p")).node is None


def test_no_node_is_ever_booked_twice():
    """Random arrivals, departures, failing bindings and vanishing nodes; what runs is counted apart."""
    chance = random.Random(7)
    core, now = Scheduler(seed=3), 0.0
    capacity, wanted, running = {}, {}, {}
    for step in range(3_000):
        now += 0.05
        action = chance.random()
        if action < 0.1:
            name = f"n{chance.randrange(8)}"
            held = sum(cpu for cpu, where in running.values() if where == name)
            capacity[name] = max(chance.randrange(2, 9), held)
            core.set_node(node(name, cpu=str(capacity[name])), now)
        elif action < 0.13 and capacity:
            name = chance.choice(sorted(capacity))
            del capacity[name]
            core.remove_node(name)
        elif action < 0.6:
            wanted[f"p{step}"] = chance.randrange(1, 4)
            core.set_pod(pod(f"p{step}", cpu=str(wanted[f"p{step}"]), priority=chance.randrange(3)), now)
        elif running:
            core.remove_pod(f"uid-{(gone := chance.choice(sorted(running)))}", now)
            del running[gone]
        for decision in core.step(now, 5):
            if decision.node is None:
                continue
            assert decision.node in capacity
            if chance.random() < 0.2:
                assert core.bind_failed(decision.uid, now)
                continue
            running[decision.name] = (wanted[decision.name], decision.node)
        for name, cpu in capacity.items():
            assert sum(held for held, where in running.values() if where == name) <= cpu
    assert len(running) > 10
