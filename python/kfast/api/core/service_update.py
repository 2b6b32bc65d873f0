"""What of a changed Service stays as it was allocated, is brought in line, and goes with its type.

Source: upstream's registry/core/service (patchAllocatedValues, normalizeClusterIPs, dropTypeDependentFields).
"""

from __future__ import annotations

from kfast.api.kind import Body

_POLICIES = ("Cluster", "Local")


def wants_node_ports(spec: Body) -> bool:
    """Whether ports without a node port get one."""
    return has_node_ports(spec) and (
        spec["type"] == "NodePort" or spec.get("allocateLoadBalancerNodePorts") is not False
    )


def has_node_ports(spec: Body) -> bool:
    """NodePort or LoadBalancer."""
    return spec.get("type") in ("NodePort", "LoadBalancer")


def needs_health_check(spec: Body) -> bool:
    """A LoadBalancer that keeps traffic on its node."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def externally_accessible(spec: Body) -> bool:
    """Whether an external traffic policy makes sense."""
    return has_node_ports(spec) or (spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs")))


def prepare_update(service: Body, old: Body) -> None:
    """All that follows, in upstream's order."""
    spec, before = service["spec"], old["spec"]
    _keep_allocated(spec, before)
    normalize_cluster_ips(spec, before)
    _drop_type_dependent(spec, before)
    drop_unused(spec)
    if spec["type"] != "LoadBalancer" and "loadBalancer" in (service.get("status") or {}):
        service["status"] = {**service["status"], "loadBalancer": {}}


def drop_unused(spec: Body) -> None:
    """What a type never has, if it was well stated."""
    if spec["type"] == "ExternalName" and spec.get("internalTrafficPolicy") in _POLICIES:
        spec.pop("internalTrafficPolicy", None)


def normalize_cluster_ips(spec: Body, before: Body | None) -> None:
    """Brings `clusterIP` and `clusterIPs` in line where the caller changed one of them; `before` is None on create."""
    single, listed = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if before is None:
        if single and not listed:
            spec["clusterIPs"] = [single]
        return
    if single != (before.get("clusterIP") or "") and listed == (before.get("clusterIPs") or []):
        if single:
            spec["clusterIPs"] = [single]
        else:
            spec.pop("clusterIPs", None)


def _keep_allocated(spec: Body, before: Body) -> None:
    if "ExternalName" not in (spec["type"], before["type"]):
        for field in ("clusterIP", "clusterIPs"):
            if not spec.get(field) and before.get(field):
                spec[field] = before[field]
    if wants_node_ports(spec) and wants_node_ports(before):
        _keep_node_ports(spec, before)
    health = before.get("healthCheckNodePort")
    if health and needs_health_check(spec) and needs_health_check(before):
        spec["healthCheckNodePort"] = spec.get("healthCheckNodePort") or health


def _keep_node_ports(spec: Body, before: Body) -> None:
    """By port name, unless another port of the new spec has the number."""
    known = {port.get("name", ""): port.get("nodePort") for port in before.get("ports") or ()}
    used = _node_ports(spec)
    for port in spec.get("ports") or ():
        number = known.get(port.get("name", ""))
        if not port.get("nodePort") and number and number not in used:
            port["nodePort"] = number


def _drop_type_dependent(spec: Body, before: Body) -> None:
    """What the new type has no use for, unless it was changed as well: then validation tells."""
    if spec["type"] == "ExternalName" != before["type"]:
        if all(spec.get(field) == before.get(field) for field in ("clusterIP", "clusterIPs")):
            _drop_unless_changed(spec, before, "clusterIP", "clusterIPs")
        _drop_unless_changed(spec, before, "ipFamilies", "ipFamilyPolicy")
    if has_node_ports(before) and not has_node_ports(spec) and _node_ports(spec) <= _node_ports(before):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    if needs_health_check(before) and not needs_health_check(spec):
        _drop_unless_changed(spec, before, "healthCheckNodePort")
    if before["type"] == "LoadBalancer" != spec["type"]:
        _drop_unless_changed(spec, before, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if externally_accessible(before) and not externally_accessible(spec):
        _drop_unless_changed(spec, before, "externalTrafficPolicy")


def _node_ports(spec: Body) -> set[int]:
    return {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}


def _drop_unless_changed(spec: Body, before: Body, *fields: str) -> None:
    for field in fields:
        if spec.get(field) == before.get(field):
            spec.pop(field, None)
