"""The APIServices of what is served here, with upstream's priorities."""

from __future__ import annotations

from kfast.api.kind import Body
from kfast.meta.gvk import GroupVersion

MANAGED = "kube-aggregator.kubernetes.io/automanaged"
CUSTOM_PRIORITY, CUSTOM_VERSION_PRIORITY = 1000, 100
GROUP_PRIORITIES = {
    "": 18000,
    "apiregistration.k8s.io": 18000,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "admissionregistration.k8s.io": 16700,
    "apiextensions.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "resource.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
}
_VERSION_PRIORITIES = {
    ("", "v1"): 1,
    ("autoscaling", "v2"): 30,
    ("flowcontrol.apiserver.k8s.io", "v1"): 21,
    ("resource.k8s.io", "v1"): 21,
}
_VERSION_PRIORITY = 15


def service_name(gv: GroupVersion) -> str:
    """`v1.apps`, `v1.`."""
    return f"{gv.version}.{gv.group}"


def api_service(gv: GroupVersion, *, custom: bool) -> Body:
    """The APIService of a group version that is built in, or that custom resources are served in."""
    priorities = (
        (CUSTOM_PRIORITY, CUSTOM_VERSION_PRIORITY)
        if custom
        else (
            GROUP_PRIORITIES.get(gv.group, CUSTOM_PRIORITY),
            _VERSION_PRIORITIES.get((gv.group, gv.version), _VERSION_PRIORITY),
        )
    )
    spec = {"version": gv.version, "groupPriorityMinimum": priorities[0], "versionPriority": priorities[1]}
    if gv.group:
        spec["group"] = gv.group
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": service_name(gv), "labels": {MANAGED: "true" if custom else "onstart"}},
        "spec": spec,
    }
