"""What goes with its owner, what stays, and what waits."""

from __future__ import annotations

import pytest
from exam import conformance

collector = conformance("sig-api-machinery", "Garbage collector")
LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


@pytest.fixture
def deployment(kube):
    """A deployment with its replica set; the collections of both."""
    deployments, sets = kube("Deployment", "apps/v1"), kube("ReplicaSet", "apps/v1")
    watch = sets.watch()
    deployments.create("web", spec={"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE})
    made = watch.until(lambda kind, _: kind == "ADDED")
    watch.close()
    return deployments, sets, made["metadata"]["name"]


@collector("should delete RS created by deployment when not orphaning")
def test_a_replica_set_goes_with_its_deployment(deployment):
    deployments, sets, name = deployment
    deployments.delete("web", propagationPolicy="Background")
    sets.wait_gone(name)


@collector("should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan")
def test_an_orphan_stays(deployment):
    deployments, sets, name = deployment
    deployments.delete("web", propagationPolicy="Orphan")
    deployments.wait_gone("web")
    assert not sets.get(name)["metadata"].get("ownerReferences")


def owner(body: dict, **more: bool) -> dict:
    metadata = body["metadata"]
    return {"apiVersion": body["apiVersion"], "kind": body["kind"], "name": metadata["name"], "uid": metadata["uid"],
            **more}  # fmt: skip


def owned_by(things, name: str, *owners: dict) -> dict:
    return things.patch(name, {"metadata": {"ownerReferences": list(owners)}})


@collector("should not be blocked by dependency circle")
def test_a_circle_of_owners_goes(kube):
    pods = kube("Pod")
    made = [pods.create(name, spec=TEMPLATE["spec"]) for name in "abc"]
    for number, name in enumerate("abc"):
        owned_by(pods, name, owner(made[number - 1], controller=True, blockOwnerDeletion=True))
    pods.delete("a", propagationPolicy="Foreground", gracePeriodSeconds=0)
    for name in "abc":
        pods.wait_gone(name)


@collector(
    "should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted "
    "[Serial]"
)
def test_a_second_owner_keeps_its_dependents(kube):
    sets, pods = kube("ReplicationController"), kube("Pod")
    spec = {"replicas": 0, "selector": LABELS, "template": TEMPLATE}
    gone, stays = (sets.create(name, spec=spec) for name in ("gone", "stays"))
    for name, owners in (("both", (gone, stays)), ("one", (gone,))):
        pods.create(name, spec=TEMPLATE["spec"])
        owned_by(pods, name, *(owner(body, blockOwnerDeletion=True) for body in owners))
    sets.delete("gone", propagationPolicy="Foreground")
    sets.wait_gone("gone")
    assert [reference["name"] for reference in pods.get("both")["metadata"]["ownerReferences"]] == ["stays"]
    pods.wait_gone("one")
    assert "deletionTimestamp" not in pods.get("both")["metadata"]


@pytest.mark.parametrize("policy", [
    pytest.param("Background", marks=collector("should delete pods created by rc when not orphaning")),
    pytest.param("Orphan", marks=collector("should orphan pods created by rc if delete options say so [Serial]")),
    pytest.param("Foreground", marks=collector(
        "should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial]")),
])  # fmt: skip
def test_pods_of_a_controller(kube, policy):
    sets, pods = kube("ReplicationController"), kube("Pod")
    made = sets.create("rc", spec={"replicas": 0, "selector": LABELS, "template": TEMPLATE})
    for name in "abc":
        pods.create(name, metadata={"finalizers": ["example.com/held"]}, spec=TEMPLATE["spec"])
        owned_by(pods, name, owner(made, controller=True, blockOwnerDeletion=True))
    sets.delete("rc", propagationPolicy=policy)
    if policy == "Foreground":
        for name in "abc":
            pods.wait(name, lambda pod: pod["metadata"].get("deletionTimestamp"))
            assert sets.get("rc")["metadata"]["finalizers"] == ["foregroundDeletion"]
            pods.patch(name, {"metadata": {"finalizers": None}})
    sets.wait_gone("rc")
    for name in "abc":
        if policy == "Orphan":
            pod = pods.wait(name, lambda pod: not pod["metadata"].get("ownerReferences"))
            assert "deletionTimestamp" not in pod["metadata"]
        elif policy == "Background":
            pods.wait(name, lambda pod: pod["metadata"].get("deletionTimestamp"))
        if policy == "Foreground":
            pods.wait_gone(name)
        else:
            pods.patch(name, {"metadata": {"finalizers": None}})
