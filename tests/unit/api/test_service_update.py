"""What an update of a Service keeps and drops, as upstream answers such updates."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kfast.api.core.service import KIND

PORT = {"name": "a", "port": 80, "protocol": "TCP", "targetPort": 80}
HELD = {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}
NODE_PORT = {"type": "NodePort", "ports": [{**PORT, "nodePort": 30080}], **HELD}
LOCAL = {"externalTrafficPolicy": "Local", "healthCheckNodePort": 30090}
TAKEN = [PORT, {**PORT, "name": "b", "nodePort": 30080}]
GONE = "<gone>"

CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (NODE_PORT, {"ports": [PORT], "clusterIP": GONE, "clusterIPs": GONE}, NODE_PORT),
    (
        NODE_PORT,
        {"ports": [PORT, {**PORT, "name": "b", "nodePort": 30080}]},
        {"ports": [PORT, {**PORT, "name": "b", "nodePort": 30080}]},
    ),
    (NODE_PORT, {"type": "ClusterIP"}, {"ports": [PORT], "externalTrafficPolicy": GONE}),
    (NODE_PORT, {"type": "ClusterIP", "ports": [{**PORT, "nodePort": 1}]}, {"ports": [{**PORT, "nodePort": 1}]}),
    (NODE_PORT, {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, {"ports": NODE_PORT["ports"]}),
    (
        NODE_PORT,
        {"type": "ExternalName", "externalName": "a.b"},
        {"ports": [PORT], "internalTrafficPolicy": GONE, **dict.fromkeys(HELD, GONE)},
    ),
    (
        {"type": "ClusterIP", **HELD, "clusterIP": "None", "clusterIPs": ["None"]},
        {"type": "ExternalName", "externalName": "a.b"},
        {"internalTrafficPolicy": GONE, **dict.fromkeys(HELD, GONE)},
    ),
    ({"type": "ClusterIP", **HELD}, {"clusterIP": "10.0.0.2"}, {"clusterIPs": ["10.0.0.2"]}),
    ({"type": "LoadBalancer", **HELD, **LOCAL}, {"healthCheckNodePort": GONE}, LOCAL),
    ({"type": "LoadBalancer", **HELD, **LOCAL}, {"externalTrafficPolicy": "Cluster"}, {"healthCheckNodePort": GONE}),
    (
        {"type": "LoadBalancer", "loadBalancerClass": "a/b", "allocateLoadBalancerNodePorts": True, **HELD},
        {"type": "ClusterIP"},
        {"loadBalancerClass": GONE, "allocateLoadBalancerNodePorts": GONE},
    ),
]


@pytest.mark.parametrize(("before", "change", "expected"), CASES)
def test_an_update(before: dict[str, Any], change: dict[str, Any], expected: dict[str, Any]) -> None:
    old = {"metadata": {"name": "s"}, "spec": copy.deepcopy(before)}
    KIND.defaults(old)
    new = copy.deepcopy(old)
    for field, value in copy.deepcopy(change).items():
        if value == GONE:
            new["spec"].pop(field, None)
        else:
            new["spec"][field] = value
    KIND.prepare_update(new, old)
    assert {field: new["spec"].get(field, GONE) for field in expected} == expected


@pytest.mark.parametrize(("kind", "kept"), [("LoadBalancer", True), ("NodePort", False), ("ClusterIP", False)])
def test_the_balancer_goes_with_the_type(kind: str, kept: bool) -> None:
    balancer = {"ingress": [{"ip": "9.9.9.9", "ipMode": "VIP"}]}
    old = {"metadata": {"name": "s"}, "spec": {"type": "LoadBalancer", **HELD}, "status": {"loadBalancer": balancer}}
    new = copy.deepcopy(old) | {"spec": {**old["spec"], "type": kind}}
    KIND.prepare_update(new, old)
    assert new["status"] == {"loadBalancer": balancer if kept else {}}
    assert old["status"] == {"loadBalancer": balancer}
