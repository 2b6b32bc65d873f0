"""PodSecurity: the standards by level and version, and what namespaces make of them."""

from __future__ import annotations

from typing import Any

import pytest

from kfast._core import PodStandard
from kfast.api.schema import load_schema

L = "pod-security.kubernetes.io/"
C = {"name": "c", "image": "i"}
GOOD = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
RESTRICTED = {
    "containers": [{**C, "securityContext": GOOD}],
    "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
}
MUST = "must not set"


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [C], **spec}}


def context(**fields: Any) -> dict[str, Any]:
    return {"containers": [{**C, "securityContext": fields}]}


def restricted(**fields: Any) -> dict[str, Any]:
    return {**RESTRICTED, "containers": [{**C, "securityContext": GOOD | fields}]}


@pytest.mark.parametrize(
    ("level", "version", "spec", "details"),
    [
        ("privileged", "latest", {"hostNetwork": True}, ""),
        ("baseline", "latest", {}, ""),
        ("restricted", "latest", RESTRICTED, ""),
        (
            "baseline",
            "latest",
            {"hostNetwork": True, "hostIPC": True},
            "host namespaces (hostNetwork=true, hostIPC=true)",
        ),
        ("baseline", "v1.0", {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "v")'),
        (
            "baseline",
            "latest",
            context(privileged=True),
            f'privileged (container "c" {MUST} securityContext.privileged=true)',
        ),
        (
            "baseline",
            "latest",
            context(capabilities={"add": ["KILL", "SYS_TIME", "BPF"]}),
            'non-default capabilities (container "c" must not include "BPF", "SYS_TIME" '
            "in securityContext.capabilities.add)",
        ),
        (
            "baseline",
            "latest",
            {
                "containers": [
                    {**C, "ports": [{"containerPort": 1, "hostPort": 80}, {"containerPort": 2, "hostPort": 8}]}
                ]
            },
            'hostPort (container "c" uses hostPorts 8, 80)',
        ),
        ("baseline", "v1.33", {"containers": [{**C, "livenessProbe": {"tcpSocket": {"host": "h", "port": 1}}}]}, ""),
        (
            "baseline",
            "v1.34",
            {"containers": [{**C, "livenessProbe": {"tcpSocket": {"host": "h", "port": 1}}}]},
            'probe or lifecycle host (container "c" uses probe or lifecycle host "h")',
        ),
        (
            "baseline",
            "latest",
            context(procMount="Unmasked"),
            f'procMount (container "c" {MUST} securityContext.procMount to "Unmasked")',
        ),
        ("baseline", "latest", {**context(procMount="Unmasked"), "hostUsers": False}, ""),
        (
            "baseline",
            "v1.34",
            {**context(procMount="Unmasked"), "hostUsers": False},
            f'procMount (container "c" {MUST} securityContext.procMount to "Unmasked")',
        ),
        (
            "baseline",
            "latest",
            {"securityContext": {"seLinuxOptions": {"type": "x", "user": "u", "role": "r"}}},
            'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; '
            "user may not be set; role may not be set)",
        ),
        (
            "baseline",
            "v1.30",
            context(seLinuxOptions={"type": "container_engine_t"}),
            'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
        ),
        ("baseline", "v1.31", context(seLinuxOptions={"type": "container_engine_t"}), ""),
        (
            "baseline",
            "v1.19",
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            f'seccompProfile (pod {MUST} securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            "baseline",
            "latest",
            {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}},
            f'forbidden AppArmor profile (pod {MUST} AppArmor profile type to "Unconfined")',
        ),
        (
            "baseline",
            "v1.28",
            {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]}},
            "forbidden sysctls (net.ipv4.tcp_rmem)",
        ),
        ("baseline", "v1.32", {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]}}, ""),
        (
            "baseline",
            "latest",
            context(windowsOptions={"hostProcess": True}),
            f'hostProcess (container "c" {MUST} securityContext.windowsOptions.hostProcess=true)',
        ),
        (
            "restricted",
            "v1.7",
            {},
            'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
        ),
        (
            "restricted",
            "latest",
            restricted(allowPrivilegeEscalation=True),
            'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
        ),
        (
            "restricted",
            "latest",
            restricted(capabilities={"add": ["KILL"]}),
            'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; '
            'container "c" must not include "KILL" in securityContext.capabilities.add)',
        ),
        ("restricted", "latest", restricted(runAsUser=0), f'runAsUser=0 (container "c" {MUST} runAsUser=0)'),
        (
            "restricted",
            "latest",
            restricted(runAsNonRoot=False),
            f'runAsNonRoot != true (container "c" {MUST} securityContext.runAsNonRoot=false)',
        ),
        (
            "restricted",
            "latest",
            {**RESTRICTED, "securityContext": {}},
            'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" '
            'or "Localhost")',
        ),
        (
            "restricted",
            "latest",
            {**RESTRICTED, "volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "nfs": {}}]},
            'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")',
        ),
        ("restricted", "latest", {**context(runAsNonRoot=True), "os": {"name": "windows"}}, ""),
    ],
)
def test_standards(level: str, version: str, spec: Any, details: str) -> None:
    tree = load_schema().tree("v1/Pod", pod(**spec))
    assert PodStandard(level, version).evaluate(tree)[1] == details


async def test_enforce_refuses_and_warn_warns(call: Any, namespace: Any) -> None:
    home = await namespace("n", {L + "enforce": "baseline", L + "warn": "restricted", L + "warn-version": "v1.7"})
    answer = await call("POST", f"{home}/pods", pod(hostNetwork=True))
    why = 'violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'
    assert (answer.code, answer.body["message"]) == (403, f'pods "p" is forbidden: {why}')
    answer = await call("POST", f"{home}/pods", pod())
    told = 'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)'
    assert (answer.code, answer.warnings) == (201, [f'would violate PodSecurity "restricted:v1.7": {told}'])
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [C]}}
    body = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    answer = await call("POST", "/apis/apps/v1/namespaces/n/deployments", body)
    assert (answer.code, answer.warnings) == (201, [f'would violate PodSecurity "restricted:v1.7": {told}'])


async def test_labels_of_namespaces_are_checked(call: Any) -> None:
    labels = {L + "enforce": "strict", L + "warn-version": "v1"}
    answer = await call("POST", "/api/v1/namespaces", {"metadata": {"name": "n", "labels": labels}})
    assert answer.code == 422
    assert [cause["field"] for cause in answer.body["details"]["causes"]] == [
        f"metadata.labels[{L}enforce]",
        f"metadata.labels[{L}warn-version]",
    ]
    assert 'Invalid value: "v1": must be "latest" or "v1.x"' in answer.body["message"]


async def test_raising_the_level_names_the_violators(call: Any, namespace: Any) -> None:
    home = await namespace()
    for name in ("b", "a", "c"):
        await call.ok("POST", f"{home}/pods", pod(hostPID=True) | {"metadata": {"name": name}})
    merge = {"Content-Type": "application/merge-patch+json"}
    for level, warnings in (
        (
            "baseline",
            [
                'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"',
                "a (and 2 other pods): host namespaces",
            ],
        ),
        ("privileged", []),
    ):
        answer = await call("PATCH", home, {"metadata": {"labels": {L + "enforce": level}}}, merge)
        assert (answer.code, answer.warnings) == (200, warnings)


async def test_only_what_matters_is_judged_again(call: Any, namespace: Any) -> None:
    home = await namespace()
    await call.ok("POST", f"{home}/pods", pod(hostNetwork=True))
    merge = {"Content-Type": "application/merge-patch+json"}
    await call.ok("PATCH", home, {"metadata": {"labels": {L + "enforce": "baseline"}}}, merge)
    await call.ok("PATCH", f"{home}/pods/p", {"metadata": {"labels": {"a": "b"}}}, merge)
    image = {"spec": {"containers": [{"name": "c", "image": "j"}]}}
    answer = await call("PATCH", f"{home}/pods/p", image, {"Content-Type": "application/strategic-merge-patch+json"})
    assert answer.code == 403
