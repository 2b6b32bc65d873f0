"""Validation of Services (upstream: core/validation.ValidateService)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, check_labels, check_port, dns_label, dns_subdomain, qualified_name

Spec = dict[str, Any]

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_AFFINITIES = ("ClientIP", "None")
_POLICIES = ("Cluster", "Local")
_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_LONGEST_AFFINITY = 86400


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _validate_port(port: Spec, named: bool, names: set[str], path: str, errors: list[FieldError]) -> None:
    name = port.get("name")
    if name:
        check(dns_label, name, f"{path}.name", errors)
        if name in names:
            errors.append(duplicate(f"{path}.name", name))
        names.add(name)
    elif named:
        errors.append(required(f"{path}.name"))
    check_port(port.get("port") or 0, f"{path}.port", errors)
    if port["protocol"] not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", port["protocol"], _PROTOCOLS))
    check_port(port.get("targetPort"), f"{path}.targetPort", errors)
    if port.get("appProtocol"):
        check(qualified_name, port["appProtocol"], f"{path}.appProtocol", errors)


def _validate_ports(spec: Spec, errors: list[FieldError]) -> None:
    ports = spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and spec["type"] != "ExternalName":
        errors.append(required("spec.ports"))
    names: set[str] = set()
    node_ports: set[tuple[str, int]] = set()
    taken: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        path, protocol = f"spec.ports[{index}]", port["protocol"]
        _validate_port(port, len(ports) > 1, names, path, errors)
        node_port, number = port.get("nodePort") or 0, port.get("port") or 0
        if node_port:
            if spec["type"] == "ClusterIP":
                errors.append(forbidden(f"{path}.nodePort", "may not be used when `type` is 'ClusterIP'"))
            if (protocol, node_port) in node_ports:
                errors.append(duplicate(f"{path}.nodePort", node_port))
            node_ports.add((protocol, node_port))
        if (protocol, number) in taken:
            errors.append(duplicate(path, {"protocol": protocol, "port": number, "targetPort": 0}))
        taken.add((protocol, number))


def _validate_type(spec: Spec, errors: list[FieldError]) -> None:
    kind = spec["type"]
    if kind not in _TYPES:
        errors.append(not_supported("spec.type", kind, _TYPES))
    elif kind in ("LoadBalancer", "NodePort"):
        if spec.get("clusterIP") == "None":
            errors.append(invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services"))
    elif kind == "ExternalName":
        errors.extend(
            forbidden(f"spec.{field}", "may not be set for ExternalName services")
            for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
            if spec.get(field)
        )
        name = (spec.get("externalName") or "").removesuffix(".")
        if name:
            check(dns_subdomain, name, "spec.externalName", errors)
        else:
            errors.append(required("spec.externalName"))


def _validate_addresses(spec: Spec, errors: list[FieldError]) -> None:
    first, addresses, path = spec.get("clusterIP") or "", spec.get("clusterIPs") or [], "spec.clusterIPs"
    if first and addresses and addresses[0] != first:
        errors.append(invalid(path, addresses, "first value must match `clusterIP`"))
    elif addresses and not first:
        errors.append(invalid(path, addresses, "must be empty when `clusterIP` is not specified"))
    for index, address in enumerate(addresses or ([first] if first else [])):
        if address == "None":
            if len(addresses) > 1:
                errors.append(invalid(path, addresses, "'None' must be the first and only value"))
        elif not _is_ip(address):
            message = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            errors.append(invalid(f"{path}[{index}]", address, message))
    if len(addresses) > 2:
        errors.append(invalid(path, addresses, "may only hold up to 2 values"))
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in _FAMILIES:
            errors.append(not_supported(f"spec.ipFamilies[{index}]", family, _FAMILIES))
        elif family in spec["ipFamilies"][:index]:
            errors.append(duplicate(f"spec.ipFamilies[{index}]", family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _FAMILY_POLICIES:
        errors.append(not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES))
    for index, address in enumerate(spec.get("externalIPs") or ()):
        if not _is_ip(address):
            message = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            errors.append(invalid(f"spec.externalIPs[{index}]", address, message))


def _validate_affinity(spec: Spec, errors: list[FieldError]) -> None:
    affinity = spec["sessionAffinity"]
    if affinity not in _AFFINITIES:
        errors.append(not_supported("spec.sessionAffinity", affinity, _AFFINITIES))
    elif affinity == "ClientIP":
        seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        if not 0 < seconds <= _LONGEST_AFFINITY:
            path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
            message = f"must be greater than 0 and less than {_LONGEST_AFFINITY}"
            errors.append(invalid(path, seconds, message))


def _validate_traffic(spec: Spec, errors: list[FieldError]) -> None:
    kind, policy = spec["type"], spec.get("externalTrafficPolicy") or ""
    external = kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    path = "spec.externalTrafficPolicy"
    if policy and not external:
        errors.append(invalid(path, policy, "may only be set for externally-accessible services"))
    elif policy and policy not in _POLICIES:
        errors.append(not_supported(path, policy, _POLICIES))
    health = spec.get("healthCheckNodePort")
    if health and not (kind == "LoadBalancer" and policy == "Local"):
        message = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(invalid("spec.healthCheckNodePort", health, message))
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in _POLICIES:
        errors.append(not_supported("spec.internalTrafficPolicy", internal, _POLICIES))
    if kind != "LoadBalancer":
        for field, name in (
            ("allocateLoadBalancerNodePorts", "allocateLoadBalancerNodePorts"),
            ("loadBalancerSourceRanges", "LoadBalancerSourceRanges"),
            ("loadBalancerClass", "loadBalancerClass"),
        ):
            if spec.get(field) not in (None, []):
                errors.append(forbidden(f"spec.{name}", "may only be used when `type` is 'LoadBalancer'"))


def validate_service(service: Body) -> list[FieldError]:
    """All rules of a Service, addresses and node ports allocated."""
    errors: list[FieldError] = []
    spec = service["spec"]
    _validate_type(spec, errors)
    _validate_ports(spec, errors)
    check_labels(spec.get("selector"), "spec.selector", errors)
    _validate_affinity(spec, errors)
    if spec["type"] != "ExternalName":
        _validate_addresses(spec, errors)
    _validate_traffic(spec, errors)
    return errors


def validate_service_update(new: Body, old: Body) -> list[FieldError]:
    """A cluster IP once set stays, unless the Service is or becomes an ExternalName."""
    errors: list[FieldError] = []
    spec, before = new["spec"], old["spec"]
    if "ExternalName" in (spec["type"], before["type"]):
        return errors
    addresses, previous = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
    if previous and not addresses:
        errors.append(invalid("spec.clusterIPs[0]", addresses, "primary clusterIP can not be unset"))
    elif previous and addresses[0] != previous[0]:
        errors.append(invalid("spec.clusterIPs[0]", addresses, "may not change once set"))
    elif len(previous) == len(addresses) == 2 and addresses[1] != previous[1]:
        errors.append(invalid("spec.clusterIPs[1]", addresses, "may not change once set"))
    elif len(previous) > len(addresses) == 1 and spec.get("ipFamilyPolicy") != "SingleStack":
        message = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        errors.append(invalid("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), message))
    return errors
