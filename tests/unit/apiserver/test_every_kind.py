"""Every kind of the catalog answers every verb sensibly, whatever the body lacks."""

from __future__ import annotations

from typing import Any

import pytest

from kfast.api.catalog import KINDS
from kfast.api.kind import Kind

IDS = [f"{k.api_version}/{k.kind}" for k in KINDS]
STORED = [k for k in KINDS if {"create", "list"} <= set(k.verbs)]
EMPTY: list[dict[str, Any]] = [
    {},
    {"metadata": None},
    {"spec": None, "status": None},
    {"spec": {}, "status": {}},
    {"spec": {"template": None, "selector": None}},
    {"spec": {"template": {"spec": None}}},
    {"metadata": {"labels": None, "annotations": None, "finalizers": None, "ownerReferences": None}},
]

SELECTOR = {"matchLabels": {"x": "y"}}
TEMPLATE = {"metadata": {"labels": {"x": "y"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
JOB = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}  # type: ignore[dict-item]
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"}
RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
MINIMAL: dict[str, dict[str, Any]] = {
    "Pod": {"spec": TEMPLATE["spec"]},
    "PodTemplate": {"template": TEMPLATE},
    "ReplicationController": {"spec": {"selector": {"x": "y"}, "template": TEMPLATE}},
    "Deployment": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "ReplicaSet": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "DaemonSet": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "StatefulSet": {"spec": {"selector": SELECTOR, "template": TEMPLATE, "serviceName": "s"}},
    "Job": {"spec": {"template": JOB}},
    "CronJob": {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": JOB}}}},
    "Service": {"spec": {"ports": [{"port": 80}]}},
    "PersistentVolume": {
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}
    },
    "PersistentVolumeClaim": {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    },
    "ControllerRevision": {"data": {"a": 1}, "revision": 1},
    "HorizontalPodAutoscaler": {
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}}
    },
    "EndpointSlice": {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]},
    "FlowSchema": {"spec": {"priorityLevelConfiguration": {"name": "p"}}},
    "Ingress": {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}},
    "IngressClass": {"spec": {"controller": "x.example/y"}},
    "RuntimeClass": {"handler": "runc"},
    "RoleBinding": {"roleRef": ROLE},
    "ClusterRoleBinding": {"roleRef": ROLE},
    "CSIStorageCapacity": {"storageClassName": "s"},
    "StorageClass": {"provisioner": "x.example"},
    "VolumeAttachment": {"spec": {"attacher": "x.example", "nodeName": "n", "source": {"persistentVolumeName": "v"}}},
    "ValidatingAdmissionPolicy": {
        "spec": {"matchConstraints": {"resourceRules": [RULE]}, "validations": [{"expression": "true"}]}
    },
    "ValidatingAdmissionPolicyBinding": {"spec": {"policyName": "p", "validationActions": ["Deny"]}},
    "MutatingAdmissionPolicy": {
        "spec": {
            "matchConstraints": {"resourceRules": [RULE]},
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}],
            "reinvocationPolicy": "Never",
        }
    },
    "MutatingAdmissionPolicyBinding": {"spec": {"policyName": "p"}},
    "VolumeAttributesClass": {"driverName": "x.example", "parameters": {"a": "b"}},
}

PARTICULAR = {
    "APIService",
    "CertificateSigningRequest",
    "CustomResourceDefinition",
    "IPAddress",
    "PriorityLevelConfiguration",
    "ResourceSlice",
    "ServiceCIDR",
}
"""Kinds whose smallest valid object is tested with the kind."""
LIVING = [k for k in STORED if k.kind not in PARTICULAR and k.group != "events.k8s.io"]


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
async def test_bodies_that_lack_everything_are_no_faults(call: Any, kind: Kind) -> None:
    if "create" not in kind.verbs:
        pytest.skip("the kind is not created by clients")
    path = kind.path("default" if kind.namespaced else "")
    for number, body in enumerate(EMPTY):
        metadata = {"name": f"n{number}", **(body.get("metadata") or {})}
        for sent in (body, {**body, "metadata": metadata}):
            answer = await call("POST", path, sent)
            assert answer.code in (201, 400, 403, 404, 405, 409, 422), (sent, answer.body)


@pytest.mark.parametrize("kind", STORED, ids=[f"{k.api_version}/{k.kind}" for k in STORED])
async def test_reads_in_every_form(call: Any, kind: Kind) -> None:
    path = kind.path("default" if kind.namespaced else "")
    listed = await call.ok("GET", path)
    assert (listed["kind"], listed["apiVersion"]) == (f"{kind.kind}List", kind.api_version)
    table = await call.ok("GET", path, headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"})
    assert table["columnDefinitions"][0]["name"]
    protobuf = await call("GET", path, headers={"Accept": "application/vnd.kubernetes.protobuf"})
    assert protobuf.raw[:4] == b"k8s\x00"
    missing = await call("GET", f"{path}/missing")
    assert (missing.code, missing.body["message"]) == (404, f'{kind.resource} "missing" not found')
    sink = await call.watch(f"{path}?watch=true&resourceVersion={listed['metadata']['resourceVersion']}")
    assert (sink.events, sink.closed) == ([], 0)


@pytest.mark.parametrize("kind", LIVING, ids=[f"{k.api_version}/{k.kind}" for k in LIVING])
async def test_a_life_of_every_kind(call: Any, kind: Kind) -> None:
    path = kind.path("default" if kind.namespaced else "")
    body = {"metadata": {"name": "a", "labels": {"x": "y"}}, **MINIMAL.get(kind.kind, {})}
    created = await call.ok("POST", path, body)
    assert await call.ok("GET", f"{path}/a") == created
    assert await call.ok("PUT", f"{path}/a", created) == created
    merge = {"Content-Type": "application/merge-patch+json"}
    patched = await call.ok("PATCH", f"{path}/a", {"metadata": {"labels": {"z": "1"}}}, merge)
    assert patched["metadata"]["labels"].items() >= {"x": "y", "z": "1"}.items()
    labels_count = kind.kind == "EndpointSlice"
    assert patched["metadata"].get("generation") == (2 if labels_count else created["metadata"].get("generation"))
    if kind.has_status:
        patched = await call.ok("PUT", f"{path}/a/status", patched)
        assert await call.ok("PUT", f"{path}/a/status", patched) == patched
    sink = await call.watch(f"{path}?watch=true&labelSelector=z%3D1")
    assert [e["object"] for e in sink.events] == [patched]
    await call.ok("DELETE", f"{path}/a", {"gracePeriodSeconds": 0})
    left = await call("GET", f"{path}/a")
    assert left.code == 404 or left.body["metadata"]["deletionTimestamp"]


@pytest.mark.parametrize("kind", LIVING, ids=[f"{k.api_version}/{k.kind}" for k in LIVING])
async def test_an_update_creates_only_what_says_so(call: Any, kind: Kind) -> None:
    path = kind.path("default" if kind.namespaced else "", "absent")
    answer = await call("PUT", path, {"metadata": {"name": "absent"}, **MINIMAL.get(kind.kind, {})})
    assert answer.code == (201 if kind.create_on_update else 404), answer.body
    assert (await call("GET", path)).code == (200 if kind.create_on_update else 404)
    everywhere = await call("DELETE", kind.path())
    assert everywhere.code == (405 if kind.namespaced or "deletecollection" not in kind.verbs else 200)
