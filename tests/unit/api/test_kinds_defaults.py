"""Defaults and strategies, as upstream v1.36 fills them in."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfast.api.catalog import by_gvk
from kfast.api.core.pod import grace_seconds
from kfast.meta.gvk import GroupVersion

MANIFESTS = Path(__file__).parents[4] / "shared/data/manifests"
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}


def defaulted(group: str, version: str, kind: str, **body: Any) -> dict[str, Any]:
    obj = {"metadata": {"name": "x", "uid": "u"}, **copy.deepcopy(body)}
    by_gvk(group, version, kind).defaults(obj)
    return obj


def created(group: str, version: str, kind: str, **body: Any) -> dict[str, Any]:
    obj = defaulted(group, version, kind, **body)
    by_gvk(group, version, kind).prepare_create(obj)
    return obj


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.2", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("localhost:5000/nginx:2", "IfNotPresent"),
        ("nginx@sha256:" + "0" * 64, "IfNotPresent"),
    ],
)
def test_pull_policy(image, policy):
    pod = defaulted("", "v1", "Pod", spec={"containers": [{"name": "c", "image": image}]})
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_pod():
    container = {
        "name": "c",
        "image": "nginx",
        "ports": [{"containerPort": 80}],
        "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
        "livenessProbe": {"httpGet": {"port": 80}},
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    }
    volumes = [
        {"name": "e"},
        {"name": "s", "secret": {"secretName": "x"}},
        {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
        {"name": "h", "hostPath": {"path": "/"}},
    ]
    spec = {"containers": [container], "volumes": volumes, "serviceAccountName": "sa"}
    assert defaulted("", "v1", "Pod", spec=spec)["spec"] == {
        "containers": [
            {
                "name": "c",
                "image": "nginx",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "resources": {
                    "limits": {"cpu": "1", "memory": "1Gi"},
                    "requests": {"cpu": "1", "memory": "1Gi"},
                },
                "livenessProbe": {
                    "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
                    "timeoutSeconds": 1,
                    "periodSeconds": 10,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                },
                "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name", "apiVersion": "v1"}}}],
                "imagePullPolicy": "Always",
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "volumes": [
            {"name": "e", "emptyDir": {}},
            {"name": "s", "secret": {"secretName": "x", "defaultMode": 420}},
            {
                "name": "p",
                "projected": {
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                    "defaultMode": 420,
                },
            },
            {"name": "h", "hostPath": {"path": "/", "type": ""}},
        ],
        "serviceAccountName": "sa",
        "serviceAccount": "sa",
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "enableServiceLinks": True,
    }


def test_templates_do_not_get_what_only_pods_get():
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1"}}
    spec = defaulted("apps", "v1", "Deployment", spec={"template": template})["spec"]["template"]["spec"]
    assert "enableServiceLinks" not in spec
    assert spec["containers"][0]["resources"] == {"limits": {"cpu": "1"}}


def test_host_ports_follow_the_host_network():
    spec = {"hostNetwork": True, "containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}
    assert defaulted("", "v1", "Pod", spec=spec)["spec"]["containers"][0]["ports"][0]["hostPort"] == 80


def _container(**resources: Any) -> dict[str, Any]:
    return {"name": "c", "image": "i", "resources": resources}


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([_container()], "BestEffort"),
        ([_container(requests={"cpu": "0"})], "BestEffort"),
        ([_container(requests={"cpu": "1"})], "Burstable"),
        ([_container(limits={"cpu": "1", "memory": "1"}, requests={"cpu": "1000m", "memory": "1"})], "Guaranteed"),
        ([_container(limits={"cpu": "1"}, requests={"cpu": "1"})], "Burstable"),
        (
            [_container(limits={"cpu": "1", "memory": "1"}, requests={"cpu": "1", "memory": "1"}), _container()],
            "Burstable",
        ),
    ],
)
def test_qos(containers, expected):
    assert created("", "v1", "Pod", spec={"containers": containers})["status"]["qosClass"] == expected


def test_pod_is_created_pending_and_gated_pods_say_so():
    pod = created("", "v1", "Pod", spec={"containers": [_container()]}, status={"phase": "Running"})
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    gated = created("", "v1", "Pod", spec={"containers": [_container()], "schedulingGates": [{"name": "g"}]})
    assert gated["status"]["conditions"][0]["reason"] == "SchedulingGated"


@pytest.mark.parametrize(
    ("spec", "phase", "requested", "seconds"),
    [
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, "Running", None, 30),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, "Running", 5, 5),
        ({"nodeName": "n"}, "Running", -1, 1),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, "Succeeded", None, 0),
        ({"terminationGracePeriodSeconds": 30}, "Pending", None, 0),
    ],
)
def test_grace_period(spec, phase, requested, seconds):
    assert grace_seconds({"spec": spec, "status": {"phase": phase}}, requested) == seconds


def test_deployment():
    spec = defaulted("apps", "v1", "Deployment", spec={"template": TEMPLATE})["spec"]
    rolling = {"maxUnavailable": "25%", "maxSurge": "25%"}
    assert {key: spec[key] for key in spec if key != "template"} == {
        "replicas": 1,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"ports": [{"port": 80}]},
            {
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
                "sessionAffinity": "None",
                "type": "ClusterIP",
                "internalTrafficPolicy": "Cluster",
            },
        ),
        (
            {"type": "LoadBalancer", "sessionAffinity": "ClientIP"},
            {
                "type": "LoadBalancer",
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
                "externalTrafficPolicy": "Cluster",
                "internalTrafficPolicy": "Cluster",
                "allocateLoadBalancerNodePorts": True,
            },
        ),
        (
            {"type": "ExternalName", "externalName": "a.b"},
            {"type": "ExternalName", "externalName": "a.b", "sessionAffinity": "None"},
        ),
    ],
)
def test_service(spec, expected):
    assert defaulted("", "v1", "Service", spec=spec)["spec"] == expected


def test_service_update_keeps_what_was_allocated_and_drops_what_has_no_use():
    kind = by_gvk("", "v1", "Service")
    port = {"name": "a", "port": 80, "protocol": "TCP", "targetPort": 80}
    old = defaulted("", "v1", "Service", spec={"type": "NodePort", "ports": [{**port, "nodePort": 30080}]})
    old["spec"].update(clusterIP="10.0.0.1", clusterIPs=["10.0.0.1"], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    new = defaulted("", "v1", "Service", spec={"type": "NodePort", "ports": [port]})
    kind.prepare_update(new, old)
    assert new["spec"]["clusterIPs"] == ["10.0.0.1"]
    assert new["spec"]["ports"][0]["nodePort"] == 30080
    name = copy.deepcopy(old)
    name["spec"].update(type="ExternalName", externalName="a.b")
    kind.prepare_update(name, old)
    dropped = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "externalTrafficPolicy")
    assert not set(dropped) & set(name["spec"])
    assert "nodePort" not in name["spec"]["ports"][0]


def test_job_gets_its_selector_and_labels_from_its_uid():
    job = created("batch", "v1", "Job", spec={"template": TEMPLATE})
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}
    assert job["spec"]["template"]["metadata"]["labels"] == {
        "a": "b",
        "job-name": "x",
        "batch.kubernetes.io/job-name": "x",
        "controller-uid": "u",
        "batch.kubernetes.io/controller-uid": "u",
    }
    assert job["metadata"]["labels"] == job["spec"]["template"]["metadata"]["labels"]
    assert {key: value for key, value in job["spec"].items() if key not in ("selector", "template")} == {
        "completions": 1,
        "parallelism": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "manualSelector": False,
    }


def test_namespace_and_secret():
    namespace = created("", "v1", "Namespace")
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    assert (namespace["spec"], namespace["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})
    secret = defaulted("", "v1", "Secret", data={"a": "YQ=="}, stringData={"b": "c"})
    assert (secret["type"], secret["data"]) == ("Opaque", {"a": "YQ==", "b": "Yw=="})
    assert "stringData" not in secret


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (("networking.k8s.io", "v1", "NetworkPolicy"), {"egress": [{}]}, {"policyTypes": ["Ingress", "Egress"]}),
        (("autoscaling", "v2", "HorizontalPodAutoscaler"), {"maxReplicas": 3}, {"minReplicas": 1}),
        (("", "v1", "PersistentVolumeClaim"), {}, {"volumeMode": "Filesystem", "resources": {}}),
        (("", "v1", "PersistentVolume"), {}, {"persistentVolumeReclaimPolicy": "Retain"}),
        (("batch", "v1", "CronJob"), {}, {"concurrencyPolicy": "Allow", "failedJobsHistoryLimit": 1}),
        (("apps", "v1", "StatefulSet"), {}, {"podManagementPolicy": "OrderedReady", "replicas": 1}),
    ],
)
def test_specs(kind, spec, expected):
    found = defaulted(*kind, spec=spec)["spec"]
    assert {key: found[key] for key in expected} == expected


def test_daemon_set_counts_its_template_generations():
    kind = by_gvk("apps", "v1", "DaemonSet")
    old = created("apps", "v1", "DaemonSet", spec={"template": TEMPLATE})
    key = "deprecated.daemonset.template.generation"
    assert old["metadata"]["annotations"][key] == "1"
    new = copy.deepcopy(old)
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"
    kind.prepare_update(new, old)
    assert new["metadata"]["annotations"][key] == "2"


def test_autoscaler_converts_both_ways_without_loss():
    v1, v2 = (by_gvk("autoscaling", version, "HorizontalPodAutoscaler") for version in ("v1", "v2"))
    metrics = [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}},
        {
            "type": "Pods",
            "pods": {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "5"}},
        },
    ]
    stored = defaulted("autoscaling", "v2", "HorizontalPodAutoscaler", spec={"metrics": metrics, "behavior": {}})
    stored["status"] = {"desiredReplicas": 2, "currentReplicas": 1, "currentMetrics": None}
    old = v1.from_storage(stored)
    assert old["apiVersion"] == "autoscaling/v1"
    assert old["spec"]["targetCPUUtilizationPercentage"] == 60
    assert "metrics" not in old["spec"]
    back = v1.to_storage(old)
    assert back["metadata"] == stored["metadata"]
    assert back["spec"]["behavior"] == stored["spec"]["behavior"]
    assert sorted(map(str, back["spec"]["metrics"])) == sorted(map(str, metrics))
    assert v2.storage == ""


def test_events_convert_both_ways_without_loss():
    kind = by_gvk("events.k8s.io", "v1", "Event")
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod"},
        "note": "n",
        "reportingController": "c",
        "deprecatedCount": 2,
    }
    core = kind.to_storage(event)
    assert core["apiVersion"] == "v1"
    assert (core["involvedObject"], core["message"], core["count"]) == ({"kind": "Pod"}, "n", 2)
    assert kind.from_storage(core) == event


def manifests() -> list[Path]:
    return sorted(MANIFESTS.rglob("*.yaml"))


@pytest.mark.parametrize("path", manifests() or [None], ids=lambda path: path.name if path else "absent")
def test_published_manifests_are_valid(path):
    if path is None:
        pytest.skip("shared test data ../shared/data/manifests is absent")
    checked = 0
    for obj in yaml.safe_load_all(path.read_text()):
        kind = obj and by_gvk(*GroupVersion.parse(obj.get("apiVersion", "")), obj.get("kind", ""))
        if kind:
            obj["metadata"]["uid"] = "u"
            kind.defaults(obj)
            kind.prepare_create(obj)
            if obj["kind"] == "Service" and "clusterIP" in obj["spec"]:
                obj["spec"]["clusterIPs"] = [obj["spec"]["clusterIP"]]  # by the allocator
            assert kind.validate(obj) == []
            checked += 1
    assert checked or not kind
