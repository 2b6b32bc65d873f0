"""Service."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, UNKNOWN, addresses, labels, text
from kfast.api.core.service_validation import service_warnings, validate_service, validate_service_update
from kfast.api.kind import PROXY_VERBS, Body, Cell, Column, Kind, SelectableField, Subresource
from kfast.api.load_balancer_status import validate_service_balancer

_DEFAULT_AFFINITY_SECONDS = 10800
_PROXIED = ("ClusterIP", "NodePort", "LoadBalancer")


def _needs_node_port(spec: Body) -> bool:
    return spec.get("type") == "NodePort" or (
        spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )


def _needs_health_check_port(spec: Body) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _externally_accessible(spec: Body) -> bool:
    kind = spec.get("type")
    return kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def _default_affinity(spec: Body) -> None:
    affinity = spec.get("sessionAffinity") or "None"
    spec["sessionAffinity"] = affinity
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP":
        config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        if config.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": _DEFAULT_AFFINITY_SECONDS}}


def _defaults(service: Body) -> None:
    spec = service.setdefault("spec", {})
    _default_affinity(spec)
    kind = spec["type"] = spec.get("type") or "ClusterIP"
    for port in spec.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port")
    if _externally_accessible(spec) and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if kind in _PROXIED and spec.get("internalTrafficPolicy") is None:
        spec["internalTrafficPolicy"] = "Cluster"
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        _default_modes(service)


def _default_modes(service: Body) -> None:
    if (service.get("spec") or {}).get("type") != "LoadBalancer":
        return
    balancer = (service.get("status") or {}).get("loadBalancer") or {}
    for entry in balancer.get("ingress") or ():
        if entry.get("ip"):
            entry.setdefault("ipMode", "VIP")


def _prepare_create(service: Body) -> None:
    service["status"] = {"loadBalancer": {}}


def _keep_allocations(spec: Body, old: Body) -> None:
    """What the server allocated stays if the new spec is silent (upstream: patchAllocatedValues)."""
    if spec["type"] in _PROXIED and old["type"] in _PROXIED:
        for field in ("clusterIP", "clusterIPs"):
            if not spec.get(field) and old.get(field):
                spec[field] = old[field]
    if _needs_node_port(spec) and _needs_node_port(old):
        ports = [port.get("nodePort") for port in spec.get("ports") or ()]
        known = {port.get("name", ""): port.get("nodePort") for port in old.get("ports") or ()}
        for port in spec.get("ports") or ():
            previous = known.get(port.get("name", ""))
            if not port.get("nodePort") and previous and previous not in ports:
                port["nodePort"] = previous
    health = old.get("healthCheckNodePort")
    if health and _needs_health_check_port(spec) and _needs_health_check_port(old):
        spec["healthCheckNodePort"] = spec.get("healthCheckNodePort") or health


def _drop_unless_changed(spec: Body, old: Body, *fields: str) -> None:
    for field in fields:
        if spec.get(field) == old.get(field):
            spec.pop(field, None)


def _drop_type_dependent(spec: Body, old: Body) -> None:
    """Fields the new type has no use for vanish unless changed as well (upstream: dropTypeDependentFields)."""
    if old["type"] in _PROXIED and spec["type"] not in _PROXIED:
        if spec.get("clusterIP") in ("", None, old.get("clusterIP")):
            spec.pop("clusterIP", None)
            spec.pop("clusterIPs", None)
        _drop_unless_changed(spec, old, "ipFamilies", "ipFamilyPolicy")
    if _needs_node_port(old) and not _needs_node_port(spec):
        before = [port.get("nodePort") for port in old.get("ports") or ()]
        if {port.get("nodePort") for port in spec.get("ports") or ()} <= {*before, None}:
            for port in spec.get("ports") or ():
                port.pop("nodePort", None)
    if _needs_health_check_port(old) and not _needs_health_check_port(spec):
        _drop_unless_changed(spec, old, "healthCheckNodePort")
    if old["type"] == "LoadBalancer" != spec["type"]:
        _drop_unless_changed(spec, old, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if _externally_accessible(old) and not _externally_accessible(spec):
        _drop_unless_changed(spec, old, "externalTrafficPolicy")


def _prepare_update(service: Body, old: Body) -> None:
    spec = service["spec"]
    _keep_allocations(spec, old["spec"])
    _drop_type_dependent(spec, old["spec"])


def _cluster_ip(service: Body, _: float) -> Cell:
    addresses_ = (service.get("spec") or {}).get("clusterIPs")
    return addresses_[0] if addresses_ else NONE


def _external_ip(service: Body, _: float) -> Cell:
    spec = service.get("spec") or {}
    external = ",".join(spec.get("externalIPs") or ())
    kind = spec.get("type")
    if kind in ("ClusterIP", "NodePort"):
        return external or NONE
    if kind == "LoadBalancer":
        balancer = (service.get("status") or {}).get("loadBalancer") or {}
        found = addresses(balancer.get("ingress"))
        return ",".join(part for part in (found, external) if part) or "<pending>"
    return (spec.get("externalName") or "") if kind == "ExternalName" else UNKNOWN


def _port(port: Body) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port', 0)}{node_port}/{port.get('protocol', '')}"


def _ports(service: Body, _: float) -> Cell:
    return ",".join(map(_port, (service.get("spec") or {}).get("ports") or ())) or NONE


KIND = Kind(
    group="",
    version="v1",
    kind="Service",
    plural="services",
    short_names=("svc",),
    categories=("all",),
    subresources=(
        Subresource("status", defaults=_default_modes, validate=validate_service_balancer),
        Subresource("proxy", PROXY_VERBS, kind="ServiceProxyOptions"),
    ),
    columns=(
        NAME,
        Column("Type", text("spec.type")),
        Column("Cluster-IP", _cluster_ip),
        Column("External-IP", _external_ip),
        Column("Port(s)", _ports),
        AGE,
        Column("Selector", labels("spec.selector"), priority=1),
    ),
    fields=(SelectableField("spec.clusterIP", "spec.clusterIP"), SelectableField("spec.type", "spec.type")),
    has_generation=False,
    create_on_update=True,
    name_rule="label",
    defaults=_defaults,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    warnings=service_warnings,
    validate=validate_service,
    validates_on_update=False,
    validate_update=validate_service_update,
)
