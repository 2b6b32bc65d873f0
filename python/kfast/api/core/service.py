"""Service."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, UNKNOWN, addresses, labels, text
from kfast.api.core.service_update import drop_unused, externally_accessible, prepare_update
from kfast.api.core.service_validation import service_warnings, validate_service, validate_service_update
from kfast.api.kind import PROXY_VERBS, Body, Cell, Column, Kind, SelectableField, Subresource
from kfast.api.load_balancer_status import validate_service_balancer

_DEFAULT_AFFINITY_SECONDS = 10800
_PROXIED = ("ClusterIP", "NodePort", "LoadBalancer")


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
    if externally_accessible(spec) and not spec.get("externalTrafficPolicy"):
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
    drop_unused(service["spec"])


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
    prepare_update=prepare_update,
    warnings=service_warnings,
    validate=validate_service,
    validates_on_update=False,
    validate_update=validate_service_update,
)
