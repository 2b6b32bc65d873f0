"""What strategies and conversions leave of an object, as upstream's answers show it."""

from __future__ import annotations

from typing import Any

import pytest

MERGE = {"Content-Type": "application/merge-patch+json"}
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
SLICE = {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]}
DEVICES = {
    "spec": {
        "driver": "x.example.com",
        "nodeName": "n",
        "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "d", "attributes": {"a": {"string": "s"}}}],
    }
}
VOLUME = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"]}
POD = {"metadata": {"labels": {"x": "y"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
DAEMONS = {"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": POD}}
TARGET = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
METRIC = {"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}}}
SCALED = {"spec": {"scaleTargetRef": TARGET, "maxReplicas": 3, "metrics": [METRIC]}}
NAMESPACED = "namespaces/default"


@pytest.mark.parametrize(
    ("path", "body", "patch", "kept"),
    [
        (
            f"/apis/discovery.k8s.io/v1/{NAMESPACED}/endpointslices",
            SLICE,
            {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {}, "deprecatedTopology": {"k": "v"}}]},
            "endpoints",
        ),
        (
            "/apis/resource.k8s.io/v1/resourceslices",
            DEVICES,
            {"spec": {"devices": [{"name": "d", "attributes": {"a": {"string": "s", "ints": [1]}}}]}},
            "spec",
        ),
    ],
)
async def test_changes_that_are_dropped_count(call: Any, path: str, body: Any, patch: Any, kept: str) -> None:
    made = await call.ok("POST", path, {"metadata": {"name": "a"}, **body})
    changed = await call.ok("PATCH", f"{path}/a", patch, MERGE)
    assert (changed["metadata"]["generation"], changed[kept]) == (2, made[kept])


async def test_the_generation_of_a_driver_counts_changes(call: Any) -> None:
    path = "/apis/storage.k8s.io/v1/csidrivers"
    made = await call.ok("POST", path, {"metadata": {"name": "a"}, "spec": {}})
    assert "generation" not in made["metadata"]
    changed = await call.ok("PATCH", f"{path}/a", {"spec": {"podInfoOnMount": True}}, MERGE)
    assert changed["metadata"]["generation"] == 1


async def test_absent_fields_that_are_shown(call: Any) -> None:
    source = {"azureFile": {"secretName": "s", "shareName": "h"}}
    body = {"metadata": {"name": "a"}, "spec": {**VOLUME, **source}}
    made = await call.ok("POST", "/api/v1/persistentvolumes", body)
    assert made["spec"]["azureFile"]["secretNamespace"] is None
    behind = {"resource": {"kind": "K", "name": "n"}}
    ingress = {"metadata": {"name": "a"}, "spec": {"defaultBackend": behind}}
    made = await call.ok("POST", f"/apis/networking.k8s.io/v1/{NAMESPACED}/ingresses", ingress)
    assert made["spec"]["defaultBackend"]["resource"]["apiGroup"] is None


async def test_labels_of_an_affinity_may_become_final(call: Any) -> None:
    path = "/api/v1/persistentvolumes"

    def affine(key: str) -> dict[str, Any]:
        terms = [{"matchExpressions": [{"key": key, "operator": "In", "values": ["z"]}]}]
        affinity = {"required": {"nodeSelectorTerms": terms}}
        return {"spec": {**VOLUME, "hostPath": {"path": "/x"}, "nodeAffinity": affinity}}

    await call.ok("POST", path, {"metadata": {"name": "a"}, **affine("failure-domain.beta.kubernetes.io/zone")})
    other = await call("PATCH", f"{path}/a", affine("topology.kubernetes.io/region"), MERGE)
    assert other.body["details"]["causes"][0]["message"].endswith("except for updating from beta label to GA")
    await call.ok("PATCH", f"{path}/a", affine("topology.kubernetes.io/zone"), MERGE)


async def test_a_claim_that_named_a_group_may_name_any(call: Any) -> None:
    path = f"/api/v1/{NAMESPACED}/persistentvolumeclaims"
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "dataSourceRef": {"apiGroup": "x.example.com", "kind": "K", "name": "n", "namespace": ""},
    }
    made = await call.ok("POST", path, {"metadata": {"name": "a"}, "spec": spec})
    assert made["spec"]["dataSource"] == {"apiGroup": "x.example.com", "kind": "K", "name": "n"}
    group = {"apiGroup": "Bad Value!"}
    refused = await call("PATCH", f"{path}/a", {"spec": {"dataSource": group, "dataSourceRef": group}}, MERGE)
    assert [cause["field"] for cause in refused.body["details"]["causes"]] == ["spec"]


@pytest.mark.parametrize(
    ("path", "body", "written"),
    [
        (f"/apis/apps/v1/{NAMESPACED}/daemonsets", DAEMONS, "/apis/apps/v1"),
        (f"/apis/autoscaling/v1/{NAMESPACED}/horizontalpodautoscalers", SCALED, "/apis/autoscaling/v2"),
    ],
)
async def test_fields_in_annotations_are_not_in_tables(call: Any, path: str, body: Any, written: str) -> None:
    prefix = path[: path.index("/namespaces")]
    await call.ok("POST", path.replace(prefix, written), {"metadata": {"name": "a"}, **body})
    assert (await call.ok("GET", f"{path}/a"))["metadata"]["annotations"]
    (row,) = (await call.ok("GET", f"{path}/a", headers=TABLE))["rows"]
    assert "annotations" not in row["object"]["metadata"]


async def test_reviews_say_whose_their_fields_are(call: Any) -> None:
    path = f"/apis/authorization.k8s.io/v1/{NAMESPACED}/localsubjectaccessreviews"
    spec = {"user": "u", "resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "default"}}
    made = await call.ok("POST", f"{path}?fieldManager=me", {"spec": spec})
    (entry,) = made["metadata"]["managedFields"]
    assert (made["metadata"]["namespace"], entry["manager"], entry["operation"]) == ("default", "me", "Update")
    assert set(entry["fieldsV1"]["f:spec"]) == {"f:user", "f:resourceAttributes"}
    elsewhere = await call("POST", path, {"metadata": {"namespace": "other"}, "spec": spec})
    assert elsewhere.code == 400
    review = {"metadata": {"name": "a", "labels": {"a": "b"}}}
    told = await call.ok("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert list(told["metadata"]) == ["creationTimestamp"]


async def test_a_gated_pod_says_since_when(call: Any) -> None:
    spec = {**POD["spec"], "schedulingGates": [{"name": "g"}]}
    made = await call.ok("POST", f"/api/v1/{NAMESPACED}/pods", {"metadata": {"name": "a"}, "spec": spec})
    (condition,) = made["status"]["conditions"]
    assert condition["lastProbeTime"] is None
    assert condition["lastTransitionTime"] == made["metadata"]["creationTimestamp"]


async def test_only_what_upstream_checks_of_names(call: Any) -> None:
    policies = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    await call.ok("POST", policies, {"metadata": {"name": "a", "finalizers": ["bad"]}})
    service = {"group": "x.example.com", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 15}
    body = {"metadata": {"name": "a/b", "generateName": "x-"}, "spec": service}
    refused = await call("POST", "/apis/apiregistration.k8s.io/v1/apiservices", body)
    assert [(cause["field"], cause["message"][:30]) for cause in refused.body["details"]["causes"]] == [
        ("metadata.name", 'Invalid value: "a/b": may not '),
        ("metadata.generateName", 'Invalid value: "x-": must be `'),
    ]
