"""What kubectl shows, per kind."""

from typing import Any

import pytest

from kfast.api.catalog import by_gvk
from kfast.api.columns import epoch, human_duration, selector_text, some_of

NOW = epoch("2026-01-02T00:00:00Z")
DAY_OLD = {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}


def cells(group: str, version: str, kind: str, obj: dict[str, Any]) -> dict[str, Any]:
    declared = by_gvk(group, version, kind)
    body = {"metadata": dict(DAY_OLD), **obj}
    body["metadata"] = {**DAY_OLD, **body["metadata"]}
    return {column.name: column.value(body, NOW) for column in declared.columns if not isinstance(column.value, str)}


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (185, "3m5s"),
        (600, "10m"),
        (10799, "179m"),
        (10800, "3h"),
        (3600 * 5 + 60, "5h1m"),
        (3600 * 47, "47h"),
        (3600 * 48, "2d"),
        (3600 * 50, "2d2h"),
        (3600 * 24 * 9, "9d"),
        (3600 * 24 * 800, "2y70d"),
        (3600 * 24 * 365 * 3, "3y"),
        (3600 * 24 * 365 * 9, "9y"),
    ],
)
def test_human_duration(seconds, shown):
    assert human_duration(seconds) == shown


def test_selectors_and_long_lists():
    expressions = [{"key": "b", "operator": "In", "values": ["2", "1"]}, {"key": "a", "operator": "DoesNotExist"}]
    selector = {"matchLabels": {"c": "3"}, "matchExpressions": expressions}
    assert selector_text(selector) == "!a,b in (1,2),c=3"
    assert some_of(["a", "b", "c", "d"], 3, "-") == "a,b,c + 1 more..."
    assert some_of([], 3, "-") == "-"


RUNNING = {"name": "a", "ready": True, "restartCount": 0, "state": {"running": {}}}


@pytest.mark.parametrize(
    ("pod", "ready", "status", "restarts"),
    [
        ({"status": {"phase": "Pending"}}, "0/1", "Pending", "0"),
        ({"status": {"phase": "Running", "containerStatuses": [RUNNING]}}, "1/1", "Running", "0"),
        (
            {
                "status": {
                    "phase": "Running",
                    "containerStatuses": [
                        {
                            "restartCount": 3,
                            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                            "lastState": {"terminated": {"finishedAt": "2026-01-01T23:59:00Z"}},
                        }
                    ],
                }
            },
            "0/1",
            "CrashLoopBackOff",
            "3 (60s ago)",
        ),
        (
            {"status": {"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 2}}}]}},
            "0/1",
            "ExitCode:2",
            "0",
        ),
        (
            {
                "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "i"}, {"name": "j"}]},
                "status": {"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"running": {}}}]},
            },
            "0/1",
            "Init:0/2",
            "0",
        ),
        (
            {
                "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "i", "restartPolicy": "Always"}]},
                "status": {
                    "phase": "Running",
                    "initContainerStatuses": [{"name": "i", "started": True, "ready": True, "restartCount": 2}],
                    "containerStatuses": [RUNNING],
                },
            },
            "2/2",
            "Running",
            "2",
        ),
        (
            {
                "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"},
                "status": {"phase": "Running", "containerStatuses": [RUNNING]},
            },
            "1/1",
            "Terminating",
            "0",
        ),
        (
            {
                "status": {
                    "phase": "Pending",
                    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
                }
            },
            "0/1",
            "SchedulingGated",
            "0",
        ),
        (
            {
                "status": {
                    "phase": "Running",
                    "containerStatuses": [RUNNING, {"state": {"terminated": {"reason": "Completed", "exitCode": 0}}}],
                }
            },
            "1/1",
            "NotReady",
            "0",
        ),
    ],
)
def test_pods(pod, ready, status, restarts):
    shown = cells("", "v1", "Pod", {"spec": {"containers": [{"name": "a"}]}, **pod})
    assert (shown["Ready"], shown["Status"], shown["Restarts"], shown["Age"]) == (ready, status, restarts, "24h")
    assert shown["Nominated Node"] == shown["Readiness Gates"] == shown["IP"] == "<none>"


@pytest.mark.parametrize(
    ("spec", "status", "shown"),
    [
        (
            {"type": "ClusterIP", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 80, "protocol": "TCP"}]},
            {},
            ("10.0.0.1", "<none>", "80/TCP"),
        ),
        ({"type": "ClusterIP", "clusterIPs": ["None"]}, {}, ("None", "<none>", "<none>")),
        (
            {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30001, "protocol": "TCP"}]},
            {},
            ("<none>", "<none>", "80:30001/TCP"),
        ),
        ({"type": "LoadBalancer"}, {}, ("<none>", "<pending>", "<none>")),
        (
            {"type": "LoadBalancer", "externalIPs": ["9.9.9.9"]},
            {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "a.b"}]}},
            ("<none>", "1.2.3.4,a.b,9.9.9.9", "<none>"),
        ),
        ({"type": "ExternalName", "externalName": "a.example"}, {}, ("<none>", "a.example", "<none>")),
    ],
)
def test_services(spec, status, shown):
    found = cells("", "v1", "Service", {"spec": spec, "status": status})
    assert (found["Cluster-IP"], found["External-IP"], found["Port(s)"]) == shown


def test_nodes():
    labels = {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": ""}
    node = {
        "metadata": {"labels": labels},
        "spec": {"unschedulable": True},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.7"}],
            "nodeInfo": {"kubeletVersion": "v1.36.2", "kernelVersion": "6.1", "architecture": "amd64"},
        },
    }
    shown = cells("", "v1", "Node", node)
    assert shown["Status"] == "Ready,SchedulingDisabled"
    assert shown["Roles"] == "control-plane,worker"
    assert (shown["Internal-IP"], shown["External-IP"]) == ("10.0.0.7", "<none>")
    assert (shown["Kernel-Version"], shown["OS-Image"]) == ("6.1 (amd64)", "<unknown>")
    assert cells("", "v1", "Node", {})["Status"] == "Unknown"


@pytest.mark.parametrize(
    ("job", "status", "completions", "duration"),
    [
        ({"spec": {"completions": 3}, "status": {"succeeded": 1}}, "Running", "1/3", ""),
        ({"spec": {"parallelism": 4}, "status": {}}, "Running", "0/1 of 4", ""),
        (
            {
                "spec": {"completions": 1},
                "status": {
                    "succeeded": 1,
                    "startTime": "2026-01-01T00:00:00Z",
                    "completionTime": "2026-01-01T00:00:05Z",
                    "conditions": [{"type": "Complete", "status": "True"}],
                },
            },
            "Complete",
            "1/1",
            "5s",
        ),
    ],
)
def test_jobs(job, status, completions, duration):
    shown = cells("batch", "v1", "Job", job)
    assert (shown["Status"], shown["Completions"], shown["Duration"]) == (status, completions, duration)


def test_events_of_both_groups_show_the_same():
    core = {
        "involvedObject": {"kind": "Pod", "name": "p"},
        "eventTime": "2026-01-01T23:59:30Z",
        "reportingComponent": "kubelet",
        "reportingInstance": "n1",
        "reason": "Started",
        "type": "Normal",
        "message": " done ",
    }
    shown = cells("", "v1", "Event", core)
    assert shown["Object"] == "pod/p"
    assert (shown["Last Seen"], shown["First Seen"], shown["Count"]) == ("30s", "30s", 1)
    assert (shown["Source"], shown["Message"]) == ("kubelet, n1", "done")
    other = by_gvk("events.k8s.io", "v1", "Event").from_storage({"metadata": {}, **core})
    assert cells("events.k8s.io", "v1", "Event", other) == shown


@pytest.mark.parametrize(
    ("kind", "obj", "column", "shown"),
    [
        (("apps", "v1", "Deployment"), {"spec": {"replicas": 3}, "status": {"readyReplicas": 2}}, "Ready", "2/3"),
        (("apps", "v1", "StatefulSet"), {"spec": {"replicas": 1}}, "Ready", "0/1"),
        (("batch", "v1", "CronJob"), {"spec": {"suspend": False}}, "Suspend", "False"),
        (("", "v1", "ConfigMap"), {"data": {"a": ""}, "binaryData": {"b": ""}}, "Data", 2),
        (("", "v1", "Endpoints"), {}, "Endpoints", "<none>"),
        (
            ("", "v1", "Endpoints"),
            {"subsets": [{"addresses": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}], "ports": [{"port": 80}]}]},
            "Endpoints",
            "10.0.0.1:80,[fd00::1]:80",
        ),
        (("discovery.k8s.io", "v1", "EndpointSlice"), {"ports": [{"port": 80}, {"name": ""}]}, "Ports", "80,"),
        (("networking.k8s.io", "v1", "Ingress"), {"spec": {"rules": [{}]}}, "Hosts", "*"),
        (("policy", "v1", "PodDisruptionBudget"), {"spec": {"minAvailable": "50%"}}, "Max Unavailable", "N/A"),
        (("", "v1", "PersistentVolume"), {"spec": {"accessModes": ["ReadWriteOnce"]}}, "Access Modes", "RWO"),
        (("", "v1", "PersistentVolumeClaim"), {"status": {"phase": "Bound"}}, "Status", "Bound"),
        (
            ("storage.k8s.io", "v1", "StorageClass"),
            {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}},
            "Name",
            "x (default)",
        ),
        (
            ("certificates.k8s.io", "v1", "CertificateSigningRequest"),
            {"status": {"conditions": [{"type": "Approved"}], "certificate": "x"}},
            "Condition",
            "Approved,Issued",
        ),
        (
            ("rbac.authorization.k8s.io", "v1", "RoleBinding"),
            {"subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "n"}]},
            "ServiceAccounts",
            "n/a",
        ),
        (
            ("apps", "v1", "ControllerRevision"),
            {
                "metadata": {
                    "ownerReferences": [{"controller": True, "apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d"}]
                }
            },
            "Controller",
            "daemonset.apps/d",
        ),
        (
            ("", "v1", "ResourceQuota"),
            {"status": {"hard": {"pods": "4", "limits.cpu": "2"}, "used": {"pods": "1"}}},
            "Request",
            "pods: 1/4",
        ),
        (
            ("resource.k8s.io", "v1", "ResourceClaim"),
            {"status": {"allocation": {}, "reservedFor": [{}]}},
            "State",
            "allocated,reserved",
        ),
    ],
)
def test_single_cells(kind, obj, column, shown):
    assert cells(*kind, obj)[column] == shown


@pytest.mark.parametrize(
    ("metrics", "current", "shown"),
    [
        ([], [], "<none>"),
        (
            [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}],
            [],
            "cpu: <unknown>/80%",
        ),
        (
            [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}],
            [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 12}}}],
            "cpu: 12%/80%",
        ),
        ([{"type": "Pods", "pods": {"target": {"averageValue": "5"}}}] * 3, [], "<unknown>/5, <unknown>/5 + 1 more..."),
    ],
)
def test_autoscaler_targets(metrics, current, shown):
    autoscaler = {"spec": {"metrics": metrics}, "status": {"currentMetrics": current}}
    assert cells("autoscaling", "v2", "HorizontalPodAutoscaler", autoscaler)["Targets"] == shown
