"""Namespaces: changed, finalized, emptied before they go."""

from __future__ import annotations

import pytest
from exam import conformance

serial = conformance("sig-api-machinery", "Namespaces [Serial]")


@pytest.fixture
def namespaces(kube):
    return kube("Namespace")


@serial("should patch a Namespace")
def test_patch(kube, namespaces):
    namespaces.patch(kube.namespace, {"metadata": {"labels": {"patched": "yes"}}})
    assert namespaces.get(kube.namespace)["metadata"]["labels"]["patched"] == "yes"


@serial("should apply an update to a Namespace")
def test_update(kube, namespaces):
    namespaces.change(kube.namespace, lambda body: body["metadata"]["labels"].update(updated="yes"))
    assert namespaces.get(kube.namespace)["metadata"]["labels"]["updated"] == "yes"


@serial("should apply changes to a namespace status")
def test_status(kube, namespaces):
    def condition(kind: str) -> dict:
        return {"type": kind, "status": "True", "reason": "Test", "message": kind, "lastTransitionTime": None}

    assert namespaces.get(kube.namespace, "status")["status"]["phase"] == "Active"
    patch = {"metadata": {"annotations": {"patched": "yes"}}, "status": {"conditions": [condition("Patched")]}}
    patched = namespaces.patch(kube.namespace, patch, "status")
    assert patched["metadata"]["annotations"]["patched"] == "yes"
    assert patched["status"]["conditions"] == [condition("Patched")]

    def add(body: dict) -> None:
        body["status"]["conditions"].append(condition("Updated"))

    updated = namespaces.change(kube.namespace, add, "status")
    assert [c["type"] for c in updated["status"]["conditions"]] == ["Patched", "Updated"]


@serial("should apply a finalizer to a Namespace")
def test_finalizers_are_set_through_finalize(kube, namespaces):
    before = namespaces.get(kube.namespace)["spec"]["finalizers"]

    def set_to(body: dict, finalizers: list[str]) -> None:
        body["spec"]["finalizers"] = finalizers

    more = [*before, "example.com/mine"]

    def finalize(finalizers: list[str]) -> list[str]:
        body = namespaces.get(kube.namespace)
        set_to(body, finalizers)
        return namespaces.replace(body, "finalize")["spec"]["finalizers"]

    assert finalize(more) == more
    assert namespaces.get(kube.namespace)["spec"]["finalizers"] == more
    assert finalize(before) == before


def made(kube, namespaces) -> str:
    name = namespaces.post({"metadata": {"generateName": "goes-"}})["metadata"]["name"]
    kube("ServiceAccount", namespace=name).wait("default", lambda _: True)
    return name


@serial("should ensure that all services are removed when a namespace is deleted")
def test_services_go_with_their_namespace(kube, namespaces):
    name = made(kube, namespaces)
    kube("Service", namespace=name).create("s", spec={"ports": [{"port": 80}]})
    namespaces.delete(name)
    namespaces.wait_gone(name)
    namespaces.create(name)
    assert kube("Service", namespace=name).names() == []
    namespaces.delete(name)


@serial("should ensure that all pods are removed when a namespace is deleted")
def test_pods_go_with_their_namespace(kube, namespaces):
    name = made(kube, namespaces)
    pods = kube("Pod", namespace=name)
    pods.create("p", spec={"containers": [{"name": "c", "image": "i"}]})
    pods.wait("p", lambda pod: pod["status"]["phase"] == "Running")
    namespaces.delete(name)
    namespaces.wait_gone(name)
    namespaces.create(name)
    assert pods.names() == []
    namespaces.delete(name)


@conformance("sig-api-machinery", "OrderedNamespaceDeletion")("namespace deletion should delete pod first")
def test_pods_go_before_anything_else(kube, namespaces):
    name = made(kube, namespaces)
    pods, maps = kube("Pod", namespace=name), kube("ConfigMap", namespace=name)
    held = {"finalizers": ["example.com/held"]}
    pods.create("p", metadata=held, spec={"containers": [{"name": "c", "image": "i"}]})
    maps.create("m", metadata=held)
    namespaces.delete(name)
    namespaces.wait(name, lambda body: any(
        c["type"] == "NamespaceContentRemaining" and c["status"] == "True" and "pods." in c["message"]
        for c in body["status"].get("conditions", [])
    ))  # fmt: skip
    pods.wait("p", lambda pod: pod["metadata"].get("deletionTimestamp"))
    assert "deletionTimestamp" not in maps.get("m")["metadata"]
    pods.patch("p", {"metadata": {"finalizers": None}})
    maps.wait("m", lambda body: body["metadata"].get("deletionTimestamp"))
    maps.patch("m", {"metadata": {"finalizers": None}})
    namespaces.wait_gone(name)
