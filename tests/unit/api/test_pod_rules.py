"""The rules of pods beyond the everyday ones, in upstream's words and order."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from kfast._core import PodAdmission, PodRules, Tree
from kfast.api.catalog import by_gvk
from kfast.api.schema import load_schema

BASE: dict[str, Any] = {"containers": [{"name": "c", "image": "i"}]}
RESIZABLE = {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}}


def tree(spec: dict[str, Any], metadata: dict[str, Any] | None = None, **more: Any) -> Tree:
    body = {"metadata": {"name": "p", "namespace": "n", **(metadata or {})}, "spec": copy.deepcopy(spec), **more}
    made = load_schema().tree("v1/Pod", body)
    PodRules.defaults(made)
    return made


def shown(violations: list[tuple[str, str, str]]) -> list[str]:
    return [f"{path}: {message}" for path, _, message in violations]


def errors_of(spec: dict[str, Any], metadata: dict[str, Any] | None = None) -> list[str]:
    return shown(PodRules.validate_create(tree(spec, metadata)))


def pod(**fields: Any) -> dict[str, Any]:
    return {**BASE, **fields}


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "i", **fields}]}


def volume(**source: Any) -> dict[str, Any]:
    return pod(volumes=[{"name": "v", **source}])


ONE_CPU = {"cpu": "1"}
SPREAD = {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
WINDOWS = "cannot be set for a windows pod"
NODE_TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (volume(hostPath={"path": "/a/../b"}), ["hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"]),
        (
            volume(hostPath={"path": "/", "type": "Odd"}),
            [
                'hostPath.type: Unsupported value: "Odd": supported values: "", "BlockDevice", '
                '"CharDevice", "Directory", '
                '"DirectoryOrCreate", "File", "FileOrCreate", "Socket"'
            ],
        ),
        (volume(nfs={"server": "s", "path": "p"}), ['nfs.path: Invalid value: "p": must be an absolute path']),
        (volume(gcePersistentDisk={"pdName": ""}), ["persistentDisk.pdName: Required value"]),
        (
            volume(iscsi={"targetPortal": "t", "iqn": "x", "lun": 300}),
            [
                'iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa',
                "iscsi.lun: Invalid value: 300: must be between 0 and 255, inclusive",
            ],
        ),
        (volume(csi={"driver": "a_b"}), ["csi.driver: Invalid value: "]),
        (
            volume(emptyDir={}, secret={"secretName": "s"}),
            ["secret: Forbidden: may not specify more than 1 volume type"],
        ),
        (
            volume(downwardAPI={"items": [{"path": "p", "fieldRef": {"fieldPath": "spec.nodeName"}}]}),
            [
                'downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: '
                '"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"'
            ],
        ),
        (
            volume(projected={"sources": [{"serviceAccountToken": {"path": "../t", "expirationSeconds": 1}}]}),
            [
                "projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: "
                "may not specify a duration less than 10 minutes",
                "projected.path: Invalid value: \"../t\": must not contain '..'",
                "projected.sources[0].serviceAccountToken: Forbidden: must not be specified when "
                "serviceAccountName is not "
                "set",
            ],
        ),
        (
            volume(ephemeral={"volumeClaimTemplate": {"spec": {}}}),
            [
                "ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required",
                "ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value",
            ],
        ),
    ],
)
def test_volumes(spec: dict[str, Any], expected: list[str]):
    found = errors_of(spec)
    assert len(found) == len(expected)
    for text, start in zip(found, expected, strict=True):
        assert text.startswith(f"spec.volumes[0].{start}"), found


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            pod(topologySpreadConstraints=[{**SPREAD, "maxSkew": 0, "minDomains": 0}, SPREAD]),
            [
                "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
                "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: "
                'Duplicate value: "{z, DoNotSchedule}"',
                "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than zero",
            ],
        ),
        (
            pod(topologySpreadConstraints=[{**SPREAD, "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 1}]),
            [
                "spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: "
                "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
            ],
        ),
        (
            pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}),
            [f"{NODE_TERMS}: Required value: must have at least one node selector term"],
        ),
        (
            pod(tolerations=[{"key": "k", "operator": "Gt", "value": "1"}]),
            [
                'spec.tolerations[0].operator: Unsupported value: "Gt": supported values: "Equal", '
                '"Exists", "Lt", "Gt"'
            ],
        ),
        (
            pod(hostNetwork=True, securityContext={"sysctls": [{"name": "net.a", "value": "1"}, {"name": "A"}]}),
            [
                "spec.securityContext.sysctls[0].name: Invalid value: \"net.a\": may not be "
                "specified when 'hostNetwork' is "
                "true",
                'spec.securityContext.sysctls[1].name: Invalid value: "A": must have at most 253 '
                'characters and match '
                "regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
            ],
        ),
        (
            pod(hostPID=True, hostUsers=False, shareProcessNamespace=True),
            [
                "spec.securityContext.shareProcessNamespace: Invalid value: true: "
                "ShareProcessNamespace and HostPID cannot "
                "both be enabled",
                "spec.HostPID: Forbidden: when `hostUsers` is false",
            ],
        ),
        (
            pod(os={"name": "windows"}, hostIPC=True, securityContext={"runAsUser": 1}),
            [f"spec.hostIPC: Forbidden: {WINDOWS}", f"spec.securityContext.runAsUser: Forbidden: {WINDOWS}"],
        ),
        (pod(os={"name": "dos"}), ['spec.os: Unsupported value: "dos": supported values: "linux", "windows"']),
        (
            pod(dnsConfig={"nameservers": ["1.2.3", "01.2.3.4"], "searches": ["_a.b", "A"], "options": [{}]}),
            [
                'spec.dnsConfig.nameservers[0]: Invalid value: "1.2.3": must be a valid IP address, '
                "(e.g. 10.9.8.7 or 2001:db8::ffff)",
                'spec.dnsConfig.nameservers[1]: Invalid value: "01.2.3.4": must not have leading 0s',
                'spec.dnsConfig.searches[1]: Invalid value: "A": a lowercase RFC 1123 subdomain must '
                'consist of lower case '
                "alphanumeric characters, '_', '-' or '.', and must start and end with an "
                "alphanumeric character (e.g. "
                "'example.com', regex used for validation is "
                "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*"
                "[a-z0-9])?)*')",
                "spec.dnsConfig.options[0]: Required value: must not be empty",
            ],
        ),
        (
            pod(schedulingGates=[{"name": "g"}, {"name": "g"}], nodeName="n"),
            [
                'spec.schedulingGates[1]: Duplicate value: "g"',
                "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
            ],
        ),
        (
            pod(ephemeralContainers=[{"name": "e", "image": "i"}]),
            ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
        ),
        (
            {**container(resources={"claims": [{"name": "x"}]}), "resourceClaims": [{"name": "r"}]},
            [
                'spec.resourceClaims[0]: Invalid value: {"name":"r"}: must specify one of: `resourceClaimName`, '
                "`resourceClaimTemplateName`",
                'spec.containers[0].resources.claims[0]: Not found: "x": must be one of the names in '
                "pod.spec.resourceClaims: r",
            ],
        ),
        (
            container(resources={"limits": {"hugepages-2Mi": "3Mi"}}),
            [
                'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is '
                'not positive integer '
                "multiple of hugepages-2Mi",
                'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is '
                'not positive integer '
                "multiple of hugepages-2Mi",
                "spec.containers[0].resources: Forbidden: HugePages require cpu or memory",
            ],
        ),
        (
            container(resources={"requests": {"example.com/gpu": "1"}}),
            [
                "spec.containers[0].resources.limits: Required value: Limit must be set for non "
                "overcommitable resources"
            ],
        ),
        (
            {**container(resources={"requests": {"cpu": "2"}}), "resources": {"limits": ONE_CPU, "requests": ONE_CPU}},
            [
                'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to '
                'aggregate container '
                "requests of 2"
            ],
        ),
        (
            container(lifecycle={"preStop": {"sleep": {"seconds": 31}}}),
            [
                "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than "
                "terminationGracePeriodSeconds (30)"
            ],
        ),
        (
            container(restartPolicyRules=[{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]),
            ["spec.containers[0].restartPolicy: Required value: must specify restartPolicy when "
            "restart rules are used"],
        ),
        (
            pod(volumes=[{"name": "v"}], **container(volumeDevices=[{"name": "v", "devicePath": "/dev/../x"}])),
            [
                'spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of '
                "PersistentVolumeClaim or Ephemeral for block mode",
                'spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/dev/../x": can not '
                'contain backsteps '
                "('..')",
            ],
        ),
        (
            container(securityContext={"seccompProfile": {"type": "Localhost"}, "procMount": "Unmasked"}),
            [
                'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": '
                '`hostUsers` must be false to use '
                "`Unmasked`",
                "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: "
                "must be set when "
                "seccomp type is Localhost",
            ],
        ),
        (pod(hostAliases=[{"ip": "::ffff:1.2.3.4"}]), [
            'spec.hostAliases[0].ip: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address'
        ]),
        (
            pod(hostnameOverride="A", hostNetwork=True),
            [
                "spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true",
                "spec.hostnameOverride: ",
            ],
        ),
    ],
)  # fmt: skip
def test_specs(spec: dict[str, Any], expected: list[str]):
    found = errors_of(spec)
    assert len(found) == len(expected), found
    for text, start in zip(found, expected, strict=True):
        assert text == start or (start.endswith(": ") and text.startswith(start)), found


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        (
            {"kubernetes.io/config.mirror": "x"},
            'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": '
            "must set spec.nodeName if mirror pod annotation is set",
        ),
        (
            {"controller.kubernetes.io/pod-deletion-cost": "+1"},
            'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": '
            "must be a 32bit integer",
        ),
        (
            {"container.apparmor.security.beta.kubernetes.io/x": "unconfined"},
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/x]: Invalid value: "
            '"x": container not '
            "found",
        ),
    ],
)
def test_annotations(annotations: dict[str, str], expected: str):
    assert errors_of(BASE, {"annotations": annotations}) == [expected]


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return shown(PodRules.validate_update(tree(after), tree(before)))


def test_updates_keep_what_was_let_pass_before():
    odd = pod(hostNetwork=True, securityContext={"sysctls": [{"name": "net.a", "value": "1"}]})
    assert changed(odd, {**copy.deepcopy(odd), "activeDeadlineSeconds": 5}) == []
    assert changed(pod(hostNetwork=True), odd)[0].startswith("spec.securityContext.sysctls[0].name")


def test_gated_pods_may_narrow_where_they_go():
    gated = pod(schedulingGates=[{"name": "g"}], nodeSelector={"a": "b"})
    assert changed(gated, {**gated, "nodeSelector": {"a": "b", "c": "d"}}) == []
    assert "only additions to spec.nodeSelector" in changed(gated, {**gated, "nodeSelector": {"a": "c"}})[0]
    terms = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "Exists"}]}]}
    narrowed = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    assert changed(gated, {**gated, "affinity": narrowed}) == []
    (refused,) = changed({**gated, "affinity": narrowed}, gated)
    assert refused.startswith(f"{NODE_TERMS}: Invalid value: []: no additions/deletions to non-empty")


def status(spec: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return shown(PodRules.validate_status(tree(spec, status=after), tree(spec, status=before)))


def test_ended_containers_stay_ended():
    ended = {"containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 0}}}]}
    running = {"containerStatuses": [{"name": "c", "state": {"running": {}}}]}
    refused = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
    assert status(pod(restartPolicy="OnFailure"), ended, running) == [refused]
    assert status(pod(restartPolicy="Always"), ended, running) == []
    rules = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [0]}}]
    ruled = {**container(restartPolicy="Never", restartPolicyRules=rules), "restartPolicy": "Never"}
    assert status(ruled, ended, running) == []


def test_status_addresses():
    assert status(BASE, {}, {"podIP": "1.2.3.4", "podIPs": [{"ip": "1.2.3.4"}, {"ip": "1.2.3.5"}]}) == [
        'status.podIPs: Invalid value: [{"ip":"1.2.3.4"},{"ip":"1.2.3.5"}]: may specify no more than '
        "one IP for each IP "
        "family"
    ]
    assert status(BASE, {"qosClass": "BestEffort"}, {"qosClass": "Burstable"}) == [
        'status.qosClass: Invalid value: "Burstable": field is immutable'
    ]


def resized(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    old = tree(before)
    return shown(PodRules.validate_resize(PodRules.prepare_resize(tree(after), old), old))


def test_resizes():
    more = {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "2", "memory": "1Gi"}}
    assert resized(container(**RESIZABLE), container(resources=more)) == []
    assert resized(container(**RESIZABLE), container(resources={"limits": {"cpu": "1"}}))[:1] == [
        'spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing'
    ]
    assert resized(BASE, {"containers": [{"name": "d", "image": "i"}]}) == [
        "spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize"
    ]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (container(ports=[{"containerPort": 1}, {"containerPort": 1}]), [
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"
        ]),
        (volume(configMap={"name": "m", "items": [{"key": "a", "path": "p"}, {"key": "b", "path": "p/q"}]}), [
            'volume "v" (ConfigMap "m"): overlapping paths: "p/q" with "p"'
        ]),
        (pod(imagePullSecrets=[{"name": ""}]), ['spec.imagePullSecrets[0].name: invalid empty name ""']),
        (pod(dnsConfig={"nameservers": ["2001:DB8::1"]}), [
            'spec.dnsConfig.nameservers[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format '
            '("2001:db8::1")'
        ]),
    ],
)  # fmt: skip
def test_warnings(spec: dict[str, Any], expected: list[str]):
    assert PodRules.warnings(tree(spec)) == expected


def test_label_keys_become_requirements():
    made = tree(pod(topologySpreadConstraints=[{**SPREAD, "matchLabelKeys": ["app"]}]), {"labels": {"app": "x"}})
    PodRules.prepare_create(made)
    assert PodRules.validate_create(made) == []
    selector = made.get("spec", "topologySpreadConstraints", 0, "labelSelector")
    assert selector == {"matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]}


def test_pod_level_resources_follow_the_containers():
    spec = {**container(resources={"requests": {"cpu": "1"}}), "resources": {"limits": {"cpu": "3", "memory": "1Gi"}}}
    assert tree(spec).get("spec", "resources", "requests") == {"cpu": "1", "memory": "1Gi"}


WITHOUT_PLUGINS = PodAdmission(
    limits=[], accounts=None, policy=None, priority=False, toleration_seconds=None, quotas=False
)


def test_preparing_a_body_is_what_the_single_steps_do():
    schema = load_schema()
    body = {"metadata": {"generateName": "p-", "labels": {"a": "b"}}, "spec": {**BASE, "unknown": 1}}
    (prepared,) = WITHOUT_PLUGINS.prepare(
        schema,
        [json.dumps(body).encode()],
        "application/json",
        "Warn",
        "n",
        "2026-01-01T00:00:00Z",
        ["u"],
        ["abcde"],
        "me",
    )
    assert prepared is not None
    name, generated, data, warnings, violations, admitted = prepared
    assert admitted == (None, None, None)
    assert (name, generated, warnings, violations) == ("p-abcde", True, ['unknown field "spec.unknown"'], [])
    stored = json.loads(data)
    assert stored["metadata"]["uid"] == "u"
    assert stored["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    again = schema.tree("v1/Pod", stored)
    PodRules.defaults(again)
    assert again.to_dict() == stored
    (entry,) = stored["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"], entry["apiVersion"]) == ("me", "Update", "v1")
    assert entry["fieldsV1"]["f:metadata"] == {"f:generateName": {}, "f:labels": {".": {}, "f:a": {}}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"kind": "Node"}',
        b'{"metadata": {"namespace": "other"}}',
        b'{"metadata": {"resourceVersion": "1"}}',
    ],
)
def test_bodies_that_are_refused_as_a_whole_are_left_to_the_other_way(body: bytes):
    made = WITHOUT_PLUGINS.prepare(
        load_schema(), [body], "application/json", "Warn", "n", "2026-01-01T00:00:00Z", ["u"], ["abcde"], "me"
    )
    assert made == [None]


def test_an_update_of_a_pod_with_ephemeral_containers_is_no_create():
    kind = by_gvk("", "v1", "Pod")
    assert not kind.validates_on_update
