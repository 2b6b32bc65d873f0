"""Pods that topology spreading rejected are tried again when pods that count come, change or go."""

import json

import pytest

from kfast._core import Object, Scheduler


def handle(obj):
    return Object.parse(json.dumps(obj).encode())


def node(name):
    labels = {"zone": name}
    amounts = {"cpu": "8", "memory": "8Gi", "pods": "20"}
    return handle({"kind": "Node", "metadata": {"name": name, "labels": labels}, "status": {"allocatable": amounts}})


def pod(name, app, on="", **spec):
    metadata = {"name": name, "namespace": "d", "uid": name, "labels": {"app": app}}
    return handle(
        {"kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "c"}], "nodeName": on, **spec}}
    )


def spread():
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    # Only node a is left to it: with one pod more there than on b it has to wait.
    return pod("waiting", "web", topologySpreadConstraints=[constraint | {"nodeTaintsPolicy": "Ignore"}])


@pytest.fixture
def core():
    core = Scheduler()
    core.set_node(node("a"), 0)
    full = json.loads(json.dumps(node("b").to_dict()))
    full["spec"] = {"taints": [{"key": "k", "effect": "NoSchedule"}]}
    core.set_node(handle(full), 0)
    core.set_pod(pod("first", "web", "a"), 0)
    core.set_pod(spread(), 0)
    (decision,) = core.step(0, 10)
    assert decision.plugins
    assert decision.node is None
    return core


@pytest.mark.parametrize(
    "change",
    [
        lambda core: core.set_pod(pod("second", "web", "b"), 20),
        lambda core: core.set_pod(pod("first", "other", "a"), 20),
        lambda core: core.remove_pod("first", 20),
    ],
    ids=["a pod came", "a pod's labels changed", "a pod left"],
)
def test_what_changes_the_counts_wakes(core, change):
    change(core)
    (decision,) = core.step(20, 10)
    assert decision.node == "a"


def test_what_does_not_count_does_not_wake(core):
    core.set_pod(pod("other", "other", "b"), 20)
    assert core.step(20, 10) == []
