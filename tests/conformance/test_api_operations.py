"""Every operation of the API on kinds that are only stored: found, created, read, watched, changed, removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from exam import conformance
from kubernetes.client import ApiException

VERBS = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
LABEL = {"conformance": "api-operations"}
POD_SPEC = {"containers": [{"name": "c", "image": "i"}]}


@dataclass
class Stored:
    """A kind: its objects (by a number, so that three may differ) and a status to write if it has one."""

    kind: str
    api_version: str
    fields: Callable[[int], dict[str, Any]] = lambda _: {}
    status: dict[str, Any] = field(default_factory=dict)
    name: Callable[[str, int], str] = lambda unique, number: f"{unique}-{number}"
    annotates: bool = True
    """Whether a write of the status takes annotations, too: the strategies of some kinds keep all metadata."""


def fixed(**fields: Any) -> Callable[[int], dict[str, Any]]:
    return lambda _: fields


def condition(kind: str, **more: Any) -> dict[str, Any]:
    stated = {"type": kind, "status": "True", "reason": "Asked", "message": "said so", **more}
    return {"conditions": [{**stated, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}


FLOW = {
    "matchingPrecedence": 9000,
    "priorityLevelConfiguration": {"name": "global-default"},
    "distinguisherMethod": {"type": "ByUser"},
    "rules": [
        {
            "subjects": [{"kind": "User", "user": {"name": "nobody-special"}}],
            "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/nowhere"]}],
        }
    ],
}
LEVEL = {
    "type": "Limited",
    "limited": {
        "nominalConcurrencyShares": 2,
        "limitResponse": {"type": "Queue", "queuing": {"queues": 2, "handSize": 1, "queueLengthLimit": 5}},
    },
}
INGRESS_STATUS = {"loadBalancer": {"ingress": [{"ip": "169.1.1.1", "ports": [{"port": 80, "protocol": "TCP"}]}]}}
REQUEST = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gadget"}}]}}
POLICY = {
    "matchConstraints": {
        "namespaceSelector": {"matchLabels": {"no": "such"}},
        "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
    },
}
VALIDATING = {**POLICY, "validations": [{"expression": "object.metadata.name != 'x'", "messageExpression": "'no'"}]}
MUTATING = {
    **POLICY,
    "reinvocationPolicy": "Never",
    "mutations": [
        {
            "patchType": "ApplyConfiguration",
            "applyConfiguration": {"expression": "Object{metadata: Object.metadata{labels: {'a': 'b'}}}"},
        }
    ],
}
flow, certificates = conformance("sig-api-machinery", "API priority and fairness"), "certificates.k8s.io/v1"
machinery = conformance("sig-api-machinery", "")
admission, network, node = "admissionregistration.k8s.io/v1", "networking.k8s.io/v1", conformance("sig-node", "")
networks, storage, dra = conformance("sig-network", ""), conformance("sig-storage", ""), "resource.k8s.io/v1"
PRIVILEGED = "[Privileged:ClusterAdmin]"
KINDS = [
    (flow("should support FlowSchema API operations"),
     Stored("FlowSchema", "flowcontrol.apiserver.k8s.io/v1", fixed(spec=FLOW), condition("Odd"), annotates=False)),
    (flow("should support PriorityLevelConfiguration API operations"),
     Stored("PriorityLevelConfiguration", "flowcontrol.apiserver.k8s.io/v1", fixed(spec=LEVEL), condition("Odd"),
            annotates=False)),
    (machinery(f"ValidatingAdmissionPolicy {PRIVILEGED} should support ValidatingAdmissionPolicy API operations"),
     Stored("ValidatingAdmissionPolicy", admission, fixed(spec=VALIDATING), condition("Odd"), annotates=False)),
    (machinery(f"ValidatingAdmissionPolicy {PRIVILEGED} "
               "should support ValidatingAdmissionPolicyBinding API operations"),
     Stored("ValidatingAdmissionPolicyBinding", admission,
            fixed(spec={"policyName": "none", "validationActions": ["Deny"]}))),
    (machinery(f"MutatingAdmissionPolicy {PRIVILEGED} should support MutatingAdmissionPolicy API operations"),
     Stored("MutatingAdmissionPolicy", admission, fixed(spec=MUTATING))),
    (machinery(f"MutatingAdmissionPolicy {PRIVILEGED} should support MutatingAdmissionPolicyBinding API operations"),
     Stored("MutatingAdmissionPolicyBinding", admission, fixed(spec={"policyName": "none"}))),
    (networks("EndpointSlice should support creating EndpointSlice API operations"),
     Stored("EndpointSlice", "discovery.k8s.io/v1",
            fixed(addressType="IPv4", endpoints=[{"addresses": ["10.9.8.7"]}]))),
    (networks("Endpoints should test the lifecycle of an Endpoint"),
     Stored("Endpoints", "v1", fixed(subsets=[{"addresses": [{"ip": "10.9.8.7"}], "ports": [{"port": 80}]}]))),
    (networks("Ingress API should support creating Ingress API operations"),
     Stored("Ingress", network, fixed(spec={"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}),
            INGRESS_STATUS)),
    (networks("IngressClass API should support creating IngressClass API operations"),
     Stored("IngressClass", network, fixed(spec={"controller": "example.com/controller"}))),
    (networks("ServiceCIDR and IPAddress API should support IPAddress API operations"),
     Stored("IPAddress", network,
            fixed(spec={"parentRef": {"resource": "services", "namespace": "default", "name": "kubernetes"}}),
            name=lambda _, number: f"192.168.199.{number}")),
    (node("RuntimeClass should support RuntimeClasses API operations"),
     Stored("RuntimeClass", "node.k8s.io/v1", fixed(handler="runner"))),
    (node("Lease lease API should be available"),
     Stored("Lease", "coordination.k8s.io/v1",
            fixed(spec={"holderIdentity": "me", "leaseDurationSeconds": 30, "leaseTransitions": 0}))),
    (node("PodTemplates should run the lifecycle of PodTemplates"),
     Stored("PodTemplate", "v1", fixed(template={"metadata": {"labels": {"a": "b"}}, "spec": POD_SPEC}))),
    (node("ConfigMap should run through a ConfigMap lifecycle"), Stored("ConfigMap", "v1", fixed(data={"a": "b"}))),
    (node("[DRA] CRUD Tests resource.k8s.io/v1 DeviceClass"),
     Stored("DeviceClass", dra,
            fixed(spec={"selectors": [{"cel": {"expression": "device.driver == 'a.example.com'"}}]}))),
    (node("[DRA] CRUD Tests resource.k8s.io/v1 ResourceClaim"),
     Stored("ResourceClaim", dra, fixed(spec=REQUEST))),
    (node("[DRA] CRUD Tests resource.k8s.io/v1 ResourceClaimTemplate"),
     Stored("ResourceClaimTemplate", dra, fixed(spec={"spec": REQUEST}))),
    (node("[DRA] CRUD Tests resource.k8s.io/v1 ResourceSlice"),
     Stored("ResourceSlice", dra,
            lambda number: {"spec": {"driver": "a.example.com", "nodeName": "none", "devices": [],
                                     "pool": {"name": f"p{number}", "generation": 1, "resourceSliceCount": 1}}})),
    (storage("CSIInlineVolumes should run through the lifecycle of a CSIDriver"),
     Stored("CSIDriver", "storage.k8s.io/v1", fixed(spec={"volumeLifecycleModes": ["Ephemeral"]}))),
    (storage("CSINodes CSI Conformance should run through the lifecycle of a csinode"),
     Stored("CSINode", "storage.k8s.io/v1",
            fixed(spec={"drivers": [{"name": "a.example.com", "nodeID": "n", "topologyKeys": ["zone"]}]}))),
    (storage("CSIStorageCapacity should support CSIStorageCapacities API operations"),
     Stored("CSIStorageCapacity", "storage.k8s.io/v1", fixed(storageClassName="fast", capacity="1Gi"))),
    (storage("StorageClasses CSI Conformance should run through the lifecycle of a StorageClass"),
     Stored("StorageClass", "storage.k8s.io/v1", fixed(provisioner="a.example.com", parameters={"type": "ssd"}))),
    (storage("VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment"),
     Stored("VolumeAttachment", "storage.k8s.io/v1",
            fixed(spec={"attacher": "a.example.com", "nodeName": "n", "source": {"persistentVolumeName": "pv"}}))),
    (storage("VolumeAttributesClass [FeatureGate:VolumeAttributesClass] "
             "should run through the lifecycle of a VolumeAttributesClass"),
     Stored("VolumeAttributesClass", "storage.k8s.io/v1",
            fixed(driverName="a.example.com", parameters={"iops": "100"}))),
    (conformance("sig-apps", "CronJob")("should support CronJob API operations"),
     Stored("CronJob", "batch/v1",
            fixed(spec={"schedule": "0 0 31 2 *", "jobTemplate": {"spec": {"template": {
                "spec": {**POD_SPEC, "restartPolicy": "OnFailure"}}}}}),
            {"lastScheduleTime": "2026-01-01T00:00:00Z"})),
]  # fmt: skip


def find_resource(kube: Any, kind: Stored) -> dict[str, Any]:
    """The resource as discovery describes it, met on the way from the list of groups."""
    group, _, version = kind.api_version.rpartition("/")
    if group:
        groups = kube.send("GET", "/apis").json["groups"]
        assert kind.api_version in [v["groupVersion"] for g in groups if g["name"] == group for v in g["versions"]]
        assert version in [v["version"] for v in kube.send("GET", f"/apis/{group}").json["versions"]]
    document = kube.send("GET", f"/apis/{kind.api_version}" if group else "/api/v1").json
    assert (document["kind"], document["groupVersion"]) == ("APIResourceList", kind.api_version)
    return next(r for r in document["resources"] if r["kind"] == kind.kind and "/" not in r["name"])


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=mark, id=kind.kind) for mark, kind in KINDS])
def test_every_operation(kube, kind):
    things = kube(kind.kind, kind.api_version)
    assert set(find_resource(kube, kind)["verbs"]) >= VERBS
    names = [kind.name(kube.namespace, number) for number in (1, 2, 3)]
    selector = f"conformance={kube.namespace}"
    metadata = {"labels": {"conformance": kube.namespace}}
    watch = things.watch(labelSelector=selector)
    made = [things.create(name, metadata=metadata, **kind.fields(n)) for n, name in enumerate(names)]
    first = names[0]
    assert things.get(first)["metadata"]["uid"] == made[0]["metadata"]["uid"]
    assert things.names(label_selector=selector) == names
    assert kube(kind.kind, kind.api_version, namespace="").names(label_selector=selector) == names

    patched = things.patch(first, {"metadata": {"annotations": {"patched": "true"}}})
    assert patched["metadata"]["annotations"]["patched"] == "true"
    changed = things.change(first, lambda body: body["metadata"]["annotations"].update(updated="true"))
    assert {"patched", "updated"} <= changed["metadata"]["annotations"].keys()
    if kind.status:
        check_status(things, first, kind)

    things.delete(first)
    things.wait_gone(first)
    with pytest.raises(ApiException) as missing:
        things.get(first)
    assert missing.value.status == 404
    assert things.names(label_selector=selector) == names[1:]
    things.delete_all(label_selector=selector)
    for name in names[1:]:
        things.wait_gone(name)
    seen: dict[str, list[str]] = {name: [] for name in names}
    while any(events[-1:] != ["DELETED"] for events in seen.values()):
        event, thing = watch.next()
        seen[thing["metadata"]["name"]].append(event)
    watch.close()
    assert all(events[0] == "ADDED" for events in seen.values())
    assert seen[first].count("MODIFIED") >= 2


def check_status(things: Any, name: str, kind: Stored) -> None:
    """The status is written through its own path only, by patch and by update, and changes nothing else."""
    before = things.get(name, "status")
    patch = {"metadata": {"annotations": {"status": "patched"}}, "status": kind.status}
    patched = things.patch(name, patch, "status")
    kept = things.get(name)["status"]  # a controller may have added to it meanwhile
    for key, value in kind.status.items():
        assert contains(patched["status"][key], value)
        assert contains(kept[key], value)
    replaced = things.change(name, lambda body: body["metadata"]["annotations"].update(status="updated"), "status")
    wanted = before["metadata"]["annotations"] | ({"status": "updated"} if kind.annotates else {})
    assert (replaced["metadata"]["annotations"], replaced["spec"]) == (wanted, before["spec"])


def contains(whole: Any, part: Any) -> bool:
    """Whether `part` is in `whole`, at every level."""
    if isinstance(part, dict):
        return all(contains(whole.get(key), value) for key, value in part.items())
    if isinstance(part, list):
        return all(any(contains(item, wanted) for item in whole) for wanted in part)
    return bool(whole == part)
