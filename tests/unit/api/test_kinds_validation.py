"""Validation rules and upstream's messages."""

import copy
import re
from typing import Any

import pytest

from kfast.api.batch.cron_schedule import parse_schedule
from kfast.api.catalog import by_gvk

META = {"name": "x", "uid": "u"}


NFS = {"server": "s", "path": "/"}
TARGET = {"kind": "A", "name": "b"}


def pod_spec(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "i"}], **copy.deepcopy(fields)}


def container(**fields: Any) -> dict[str, Any]:
    return pod_spec(containers=[{"name": "c", "image": "i", **fields}])


def template(**fields: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"a": "b"}}, "spec": pod_spec(**fields)}


def workload(**fields: Any) -> dict[str, Any]:
    return {"selector": {"matchLabels": {"a": "b"}}, "template": template(), **fields}


def errors_of(group: str, version: str, name: str, **body: Any) -> list[str]:
    kind = by_gvk(group, version, name)
    obj = {"metadata": copy.deepcopy(META), **copy.deepcopy(body)}
    kind.defaults(obj)
    kind.prepare_create(obj)
    return [f"{error.path}: {error.message}" for error in kind.validate(obj)]


def changes(group: str, version: str, name: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    kind = by_gvk(group, version, name)
    old, new = ({"metadata": copy.deepcopy(META), **copy.deepcopy(body)} for body in (before, after))
    for obj in (old, new):
        kind.defaults(obj)
    return [f"{error.path}: {error.message}" for error in kind.validate_update(new, old)]


PORT = {"containerPort": 80, "name": "http"}
OVER = "must be less than or equal to cpu limit of 1"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (pod_spec(), []),
        ({"containers": []}, ["spec.containers: Required value"]),
        ({"containers": [{"name": "c"}]}, ["spec.containers[0].image: Required value"]),
        (
            pod_spec(containers=[{"name": "c", "image": "i"}] * 2),
            ['spec.containers[1].name: Duplicate value: "c"'],
        ),
        (
            container(volumeMounts=[{"name": "v", "mountPath": "/v"}]),
            ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
        ),
        (
            container(ports=[{"containerPort": 70000}]),
            ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
        ),
        (container(ports=[PORT, PORT]), ['spec.containers[0].ports[1].name: Duplicate value: "http"']),
        (
            container(imagePullPolicy="Sometimes"),
            [
                'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": '
                'supported values: "Always", "IfNotPresent", "Never"'
            ],
        ),
        (
            container(resources={"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}),
            [f'spec.containers[0].resources.requests: Invalid value: "2": {OVER}'],
        ),
        (
            container(env=[{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
            ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
        ),
        (
            container(livenessProbe={}),
            ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
        ),
        (
            pod_spec(initContainers=[{"name": "c", "image": "i", "readinessProbe": {"exec": {"command": ["a"]}}}]),
            [
                'spec.initContainers[0].name: Duplicate value: "c"',
                "spec.initContainers[0].readinessProbe: Forbidden: "
                "may not be set for init containers without restartPolicy=Always",
            ],
        ),
        (
            pod_spec(restartPolicy="Maybe"),
            ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"'],
        ),
        (
            pod_spec(tolerations=[{"key": "a", "operator": "Exists", "value": "b"}]),
            ["spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'"],
        ),
        (
            pod_spec(volumes=[{"name": "v", "secret": {}}]),
            ["spec.volumes[0].secret.secretName: Required value"],
        ),
        (
            pod_spec(activeDeadlineSeconds=0),
            ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
        ),
        (
            pod_spec(dnsPolicy="None"),
            ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
        ),
    ],
)
def test_pods(spec, expected):
    assert errors_of("", "v1", "Pod", spec=spec) == expected


UPDATABLE = "pod updates may not change fields other than `spec.containers[*].image`"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"containers": [{"name": "c", "image": "other", "imagePullPolicy": "Always"}]}, []),
        ({"tolerations": [{"key": "a", "operator": "Exists"}]}, []),
        ({"nodeName": "n"}, [f"spec: Forbidden: {UPDATABLE}"]),
        (
            {"containers": [{"name": "c", "image": "i"}, {"name": "d", "image": "i"}]},
            ["spec.containers: Forbidden: pod updates may not add or remove containers"],
        ),
        (
            {"schedulingGates": [{"name": "g"}]},
            ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"],
        ),
    ],
)
def test_pod_updates(change, expected):
    found = changes("", "v1", "Pod", {"spec": pod_spec()}, {"spec": pod_spec(**change)})
    assert len(found) == len(expected)
    assert all(text.startswith(start) for text, start in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("Deployment", workload(), []),
        ("Deployment", workload(replicas=-1), ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        (
            "Deployment",
            workload(selector={"matchLabels": {"a": "c"}}),
            ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'],
        ),
        (
            "Deployment",
            workload(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
            ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
        ),
        (
            "Deployment",
            workload(minReadySeconds=600),
            ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
        ),
        (
            "ReplicaSet",
            workload(template=template(restartPolicy="Never")),
            ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
        ),
        (
            "DaemonSet",
            workload(updateStrategy={"rollingUpdate": {"maxUnavailable": 0}}),
            ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
        ),
        (
            "StatefulSet",
            workload(podManagementPolicy="Random"),
            ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
        ),
    ],
)
def test_workloads(kind, spec, expected):
    assert errors_of("apps", "v1", kind, spec=spec) == expected


def test_selectors_are_immutable():
    other = workload(selector={"matchLabels": {"z": "z"}})
    for kind in ("Deployment", "ReplicaSet", "DaemonSet"):
        found = changes("apps", "v1", kind, {"spec": workload()}, {"spec": other})
        found = [text for text in found if text.endswith("field is immutable")]
        assert found == ['spec.selector: Invalid value: {"matchLabels":{"z":"z"}}: field is immutable']
    assert changes("apps", "v1", "StatefulSet", {"spec": workload()}, {"spec": other})[-1:] == [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
        "are forbidden"
    ]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"template": template(restartPolicy="Never")}, []),
        (
            {"template": template()},
            ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
        ),
        (
            {"template": template(restartPolicy="Never"), "completionMode": "Indexed", "parallelism": 1},
            ["spec.completions: Required value: when completion mode is Indexed"],
        ),
    ],
)
def test_jobs(spec, expected):
    assert errors_of("batch", "v1", "Job", spec=spec) == expected


def test_job_templates_are_immutable_once_started():
    before = {"spec": {"template": template(restartPolicy="Never"), "suspend": True}}
    moved = {"spec": {**before["spec"], "template": template(restartPolicy="Never", nodeSelector={"a": "b"})}}
    running = {"spec": {**before["spec"], "suspend": False}}
    for old, immutable in ((before, False), (running, True)):
        found = changes("batch", "v1", "Job", old, moved)
        assert [text.split(":")[0] for text in found if text.startswith("spec.template:")] == [
            "spec.template"
        ] * immutable


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("@never", "unrecognized descriptor: @never"),
        ("0 0 * x *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
    ],
)
def test_bad_schedules(schedule, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_schedule(schedule)
    spec = {"schedule": schedule, "jobTemplate": {"spec": {"template": template(restartPolicy="Never")}}}
    expected = f'spec.schedule: Invalid value: "{schedule}": {message}'
    assert errors_of("batch", "v1", "CronJob", spec=spec) == [expected]


def test_schedules():
    minutes, hours, days, months, weekdays = parse_schedule("*/15 9-17 1,15 JAN-mar MON-fri")
    assert minutes == {0, 15, 30, 45}
    assert hours == set(range(9, 18))
    assert (days, months, weekdays) == ({1, 15}, {1, 2, 3}, {1, 2, 3, 4, 5})
    assert parse_schedule("@hourly") == ()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"ports": [{"port": 80}]}, []),
        ({"clusterIP": "None", "clusterIPs": ["None"]}, []),
        ({}, ["spec.ports: Required value"]),
        ({"ports": [{"port": 0}]}, ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
        (
            {"ports": [{"port": 80}, {"port": 81, "name": "a"}]},
            ["spec.ports[0].name: Required value"],
        ),
        (
            {"ports": [{"port": 80, "nodePort": 30000}]},
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        ({"type": "ExternalName"}, ["spec.externalName: Required value"]),
        (
            {"type": "Other", "ports": [{"port": 80}]},
            [
                'spec.type: Unsupported value: "Other": '
                'supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'
            ],
        ),
    ],
)
def test_services(spec, expected):
    assert [text for text in errors_of("", "v1", "Service", spec=spec) if "targetPort" not in text] == expected


def test_cluster_ips_stay():
    spec = {"ports": [{"port": 80}], "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}
    moved = {**spec, "clusterIP": "10.0.0.2", "clusterIPs": ["10.0.0.2"]}
    assert changes("", "v1", "Service", {"spec": spec}, {"spec": moved}) == [
        'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'
    ]


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_immutable_data(kind):
    before = {"immutable": True, "data": {"a": "YQ=="}}
    message = "field is immutable when `immutable` is set"
    assert changes("", "v1", kind, before, before) == []
    assert changes("", "v1", kind, before, {"data": {}}) == [
        f"immutable: Forbidden: {message}",
        f"data: Forbidden: {message}",
    ]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (("", "v1", "ConfigMap"), {"data": {"..": "x"}}, ["data[..]: Invalid value: \"..\": must not be '..'"]),
        (
            ("", "v1", "Secret"),
            {"type": "kubernetes.io/tls", "data": {"tls.crt": ""}},
            ["data[tls.key]: Required value"],
        ),
        (
            ("", "v1", "PersistentVolumeClaim"),
            {"spec": {"accessModes": ["ReadWriteOnce"]}},
            ["spec.resources[storage]: Required value"],
        ),
        (
            ("policy", "v1", "PodDisruptionBudget"),
            {"spec": {"minAvailable": 1, "maxUnavailable": 1}},
            [
                'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,'
                '"UnhealthyPodEvictionPolicy":null}: '
                "minAvailable and maxUnavailable cannot be both set"
            ],
        ),
        (
            ("autoscaling", "v2", "HorizontalPodAutoscaler"),
            {"spec": {"minReplicas": 5, "maxReplicas": 3, "scaleTargetRef": {**TARGET, "apiVersion": "a/v1"}}},
            ["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"],
        ),
        (
            ("networking.k8s.io", "v1", "Ingress"),
            {"spec": {"rules": [{"http": {"paths": [{"path": "a", "pathType": "Prefix"}]}}]}},
            [
                'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path',
                'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required',
            ],
        ),
        (
            ("rbac.authorization.k8s.io", "v1", "ClusterRole"),
            {"rules": [{"apiGroups": [""], "resources": ["pods"]}]},
            ["rules[0].verbs: Required value: verbs must contain at least one value"],
        ),
        (
            ("", "v1", "Event"),
            {"involvedObject": {"kind": "Pod", "namespace": "n"}},
            ['involvedObject.namespace: Invalid value: "n": does not match event.namespace'],
        ),
        (
            ("events.k8s.io", "v1", "Event"),
            {"type": "Odd", "regarding": {}, "eventTime": "t", "reportingController": "a/b", "reason": "r"},
            [
                'involvedObject.namespace: Invalid value: "": does not match event.namespace',
                "reportingInstance: Required value",
                "action: Required value",
                'type: Invalid value: "": has invalid value: Odd',
            ],
        ),
        (
            ("", "v1", "PersistentVolume"),
            {"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "0"}, "nfs": NFS}},
            ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
        ),
        (
            ("coordination.k8s.io", "v1", "Lease"),
            {"spec": {"leaseDurationSeconds": 0}},
            ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"],
        ),
        (
            ("", "v1", "Node"),
            {"spec": {"taints": [{"key": "a", "effect": "Never"}]}},
            [
                'metadata.taints[0].effect: Unsupported value: "Never": '
                'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
            ],
        ),
    ],
)
def test_other_kinds(kind, body, expected):
    assert errors_of(*kind, **body) == expected


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        (
            ("rbac.authorization.k8s.io", "v1", "RoleBinding"),
            {"roleRef": {"kind": "Role", "name": "a", "apiGroup": "rbac.authorization.k8s.io"}},
            {"roleRef": {"kind": "Role", "name": "b", "apiGroup": "rbac.authorization.k8s.io"}},
            "roleRef: Invalid value",
        ),
        (
            ("storage.k8s.io", "v1", "StorageClass"),
            {"provisioner": "a"},
            {"provisioner": "b"},
            'provisioner: Invalid value: "b": field is immutable',
        ),
        (
            ("scheduling.k8s.io", "v1", "PriorityClass"),
            {"value": 1},
            {"value": 2},
            "value: Forbidden: may not be changed in an update.",
        ),
        (
            ("", "v1", "PersistentVolumeClaim"),
            {"spec": {"accessModes": ["ReadWriteOnce"]}},
            {"spec": {"accessModes": ["ReadWriteMany"]}},
            "spec: Forbidden: spec is immutable after creation except resources.requests",
        ),
        (
            ("", "v1", "Node"),
            {"spec": {"podCIDRs": ["10.0.0.0/24"]}},
            {"spec": {"podCIDRs": ["10.0.1.0/24"]}},
            "spec.podCIDRs: Forbidden: node updates may not change podCIDR",
        ),
    ],
)
def test_other_updates(kind, before, after, expected):
    assert any(found.startswith(expected) for found in changes(*kind, before, after))


@pytest.mark.parametrize(
    ("metadata", "spec", "expected"),
    [
        ({"name": "x"}, pod_spec(), []),
        (
            {"name": "a.b"},
            pod_spec(),
            [
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; "
                "a DNS label is recommended: [must not contain dots]"
            ],
        ),
        (
            {"name": "x"},
            container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
        ),
        ({"name": "x"}, container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "$(A):2"}]), []),
        (
            {"name": "x"},
            pod_spec(nodeSelector={"beta.kubernetes.io/os": "linux"}),
            ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
        ),
        (
            {"name": "x"},
            container(resources={"limits": {"memory": "100m"}, "requests": {"memory": "0"}}),
            [
                'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, '
                "must be an integer"
            ],
        ),
    ],
)
def test_pod_warnings(metadata, spec, expected):
    kind = by_gvk("", "v1", "Pod")
    pod = {"metadata": metadata, "spec": spec}
    kind.defaults(pod)
    assert kind.warnings(pod) == expected
