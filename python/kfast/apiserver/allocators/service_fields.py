"""Which of a Service's allocated fields its type has, keeps and loses."""

from __future__ import annotations

from kfast.api.kind import Body

NONE = "None"
"""The cluster IP of a headless Service."""


def needs_cluster_ip(spec: Body) -> bool:
    """Neither ExternalName nor headless."""
    if spec.get("type") == "ExternalName":
        return False
    return spec.get("clusterIP") != NONE and (spec.get("clusterIPs") or [""])[0] != NONE


def has_node_ports(spec: Body) -> bool:
    """NodePort or LoadBalancer."""
    return spec.get("type") in ("NodePort", "LoadBalancer")


def wants_node_ports(spec: Body) -> bool:
    """Whether ports without a node port get one."""
    if spec.get("type") == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return spec.get("type") == "NodePort"


def needs_health_check(spec: Body) -> bool:
    """A LoadBalancer that keeps traffic on its node."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def normalize_cluster_ips(spec: Body, before: Body | None) -> None:
    """Brings `clusterIP` and `clusterIPs` in line where the caller changed one of them."""
    single, listed = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if before is None:
        if single and not listed:
            spec["clusterIPs"] = [single]
        return
    same_single = single == (before.get("clusterIP") or "")
    same_list = listed == (before.get("clusterIPs") or [])
    if not same_single and same_list:
        if not single:
            spec.pop("clusterIPs", None)
        elif listed:
            spec["clusterIPs"] = [single, *listed[1:]]
        else:
            spec["clusterIPs"] = [single]
    elif same_single and not same_list and not listed:
        spec.pop("clusterIP", None)


def keep_allocated(spec: Body, before: Body) -> None:
    """A replacement that is silent about what was allocated keeps it."""
    if needs_cluster_ip(before) and needs_cluster_ip(spec):
        if not spec.get("clusterIP") and before.get("clusterIP"):
            spec["clusterIP"] = before["clusterIP"]
        if not spec.get("clusterIPs") and spec.get("clusterIP") == before.get("clusterIP"):
            spec["clusterIPs"] = list(before.get("clusterIPs") or [])
    if wants_node_ports(before) and wants_node_ports(spec):
        _keep_node_ports(spec, before)
    if needs_health_check(before) and needs_health_check(spec) and not spec.get("healthCheckNodePort"):
        port = before.get("healthCheckNodePort")
        if port:
            spec["healthCheckNodePort"] = port


def _keep_node_ports(spec: Body, before: Body) -> None:
    """By port name, unless another port of the new spec has the number."""
    old = {port.get("name", ""): port.get("nodePort") for port in before.get("ports") or ()}
    used = {port.get("nodePort") for port in spec.get("ports") or ()} & set(old.values())
    for port in spec.get("ports") or ():
        if not port.get("nodePort"):
            number = old.get(port.get("name", ""))
            if number and number not in used:
                port["nodePort"] = number


def drop_type_dependent(spec: Body, before: Body) -> None:
    """After a change of type, drops what the new type has not, if the caller left it as it was."""
    if needs_cluster_ip(before) and spec.get("type") == "ExternalName":
        if spec.get("clusterIP") == before.get("clusterIP"):
            spec.pop("clusterIP", None)
        if spec.get("clusterIPs") == before.get("clusterIPs"):
            spec.pop("clusterIPs", None)
        for key in ("ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
            if spec.get(key) == before.get(key):
                spec.pop(key, None)
    if has_node_ports(before) and not has_node_ports(spec):
        _drop_node_ports(spec, before)
    if before.get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
        for key in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.get(key) == before.get(key):
                spec.pop(key, None)


def _drop_node_ports(spec: Body, before: Body) -> None:
    old = {port.get("nodePort") for port in before.get("ports") or ()}
    new = {port.get("nodePort") for port in spec.get("ports") or ()}
    if new - old:
        return  # the caller sets others: validation tells
    for port in spec.get("ports") or ():
        port.pop("nodePort", None)
