"""Pods as objects of the API: what is refused, what is filled in; nodes and volumes as far as they are objects."""

from __future__ import annotations

import pytest
from exam import conformance
from kube import STRATEGIC
from kubernetes.client import ApiException

node, storage = conformance("sig-node"), conformance("sig-storage")
CONTAINER = {"name": "c", "image": "i"}
SIZE = {"cpu": "100m", "memory": "100Mi"}


@pytest.fixture
def pods(kube):
    return kube("Pod")


@node(
    "Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory "
    "and cpu"
)
def test_equal_requests_and_limits_are_guaranteed(pods):
    pods.create("p", spec={"containers": [{**CONTAINER, "resources": {"requests": SIZE, "limits": SIZE}}]})
    assert pods.get("p")["status"]["qosClass"] == "Guaranteed"


@node("Sysctls [LinuxOnly] [NodeConformance] should reject invalid sysctls")
def test_names_of_sysctls(pods):
    named = {"foo-": "bar", "kernel.shmmax": "100000000", "safe-and-unsafe": "100000000", "bar..": "42"}
    sysctls = [{"name": name, "value": value} for name, value in named.items()]
    with pytest.raises(ApiException) as refused:
        pods.create("p", spec={"containers": [CONTAINER], "securityContext": {"sysctls": sysctls}})
    text = refused.value.body
    assert [name for name in named if f'Invalid value: \\"{name}\\"' in text] == ["foo-", "bar.."]


@node("RuntimeClass should reject a Pod requesting a non-existent RuntimeClass [NodeConformance]")
def test_a_runtime_class_that_never_was(pods):
    with pytest.raises(ApiException) as refused:
        pods.create("p", spec={"containers": [CONTAINER], "runtimeClassName": f"none-{pods.namespace}"})
    assert refused.value.status == 403


@node("RuntimeClass should reject a Pod requesting a deleted RuntimeClass [NodeConformance]")
def test_a_runtime_class_that_is_no_more(kube, pods):
    classes = kube("RuntimeClass", "node.k8s.io/v1")
    name = f"once-{kube.namespace}"
    classes.create(name, handler="runner")
    spec = {"containers": [CONTAINER], "runtimeClassName": name}
    assert pods.create("with", spec=spec)["spec"]["runtimeClassName"] == name
    classes.delete(name)
    classes.wait_gone(name)
    with pytest.raises(ApiException) as refused:
        pods.create("without", spec=spec)
    assert refused.value.status == 403


@storage("CSIInlineVolumes should support CSIVolumeSource in Pod API")
def test_inline_volumes(pods):
    csi = {"driver": "inline.example.com"}
    volumes = [{"name": "a", "csi": csi}, {"name": "b", "csi": {**csi, "fsType": "ext4", "readOnly": True}}]
    mounts = [{"name": name, "mountPath": f"/mnt/{name}"} for name in "ab"]
    made = pods.create("p", spec={"containers": [{**CONTAINER, "volumeMounts": mounts}], "volumes": volumes})
    assert [volume["csi"] for volume in made["spec"]["volumes"][:2]] == [volume["csi"] for volume in volumes]
    with pytest.raises(ApiException) as twice:
        pods.create("p", spec={"containers": [CONTAINER]})
    assert twice.value.status == 409
    assert pods.get("p")["metadata"]["uid"] == made["metadata"]["uid"]
    assert pods.names() == ["p"]
    patched = pods.patch("p", {"metadata": {"annotations": {"patched": "true"}}})
    assert patched["metadata"]["annotations"]["patched"] == "true"
    pods.delete("p")
    pods.wait_gone("p")


@storage("VolumeAttachment Conformance should apply changes to a volumeattachment status")
def test_the_status_of_an_attachment(kube):
    things = kube("VolumeAttachment", "storage.k8s.io/v1")
    name = f"va-{kube.namespace}"
    spec = {"attacher": "a.example.com", "nodeName": "n", "source": {"persistentVolumeName": "pv"}}
    things.create(name, spec=spec)
    assert things.patch(name, {"status": {"attached": True}}, "status")["status"]["attached"]
    assert things.get(name, "status")["status"]["attached"]
    things.change(name, lambda body: body["status"].update(attached=False), "status")
    assert not things.get(name, "status")["status"]["attached"]
    things.delete(name)
    things.wait_gone(name)


@node("Node Lifecycle should run through the lifecycle of a node")
def test_life_of_a_node(kube):
    nodes = kube("Node")
    name = f"node-{kube.namespace}"
    ready = {"type": "Ready", "status": "True", "reason": "Test", "message": "set by a test"}
    made = nodes.create(name, spec={"unschedulable": True}, status={"phase": "Running", "conditions": [ready]})
    patched = nodes.patch(name, {"metadata": {"labels": {name: "patched"}}}, content_type=STRATEGIC)
    assert int(patched["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    assert nodes.names(label_selector=f"{name}=patched") == [name]
    nodes.change(name, lambda body: body["metadata"]["labels"].update({name: "updated"}))
    assert nodes.names(label_selector=f"{name}=updated") == [name]
    nodes.delete(name)
    nodes.wait_gone(name)
