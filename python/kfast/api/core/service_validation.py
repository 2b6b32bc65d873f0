"""Validation of Services (upstream: core/validation.ValidateService)."""

from __future__ import annotations

from typing import Any

from kfast.api.addresses import cidr_warnings, ip_warnings, validate_cidr, validate_endpoint_ip, validate_ip
from kfast.api.core.service_addresses import is_headless, validate_addresses, validate_addresses_update
from kfast.api.core.service_update import needs_health_check
from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, check_labels, check_port, dns_label, dns_subdomain, qualified_name

Spec = dict[str, Any]

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_AFFINITIES = ("ClientIP", "None")
_POLICIES = ("Cluster", "Local")
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_LONGEST_AFFINITY = 86400
_HINTS = "service.kubernetes.io/topology-aware-hints"
_MODE = "service.kubernetes.io/topology-mode"
_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'"


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
    if port.get("appProtocol") is not None:
        check(qualified_name, port["appProtocol"], f"{path}.appProtocol", errors)


def _validate_ports(spec: Spec, errors: list[FieldError]) -> None:
    ports, names = spec.get("ports") or [], set[str]()
    for index, port in enumerate(ports):
        _validate_port(port, len(ports) > 1, names, f"spec.ports[{index}]", errors)


def _validate_uniqueness(spec: Spec, errors: list[FieldError]) -> None:
    ports = [(f"spec.ports[{index}]", port) for index, port in enumerate(spec.get("ports") or ())]
    node_ports, numbers = set(), set()
    if spec["type"] == "ClusterIP":
        message = "may not be used when `type` is 'ClusterIP'"
        errors += [forbidden(f"{path}.nodePort", message) for path, port in ports if port.get("nodePort")]
    for path, port in ports:
        node_port = (port["protocol"], port.get("nodePort") or 0)
        if node_port[1] and node_port in node_ports:
            errors.append(duplicate(f"{path}.nodePort", node_port[1]))
        node_ports.add(node_port)
    for path, port in ports:
        key = (port["protocol"], port.get("port") or 0)
        if key in numbers:
            errors.append(duplicate(path, internal("core.ServicePort", {"protocol": key[0], "port": key[1]})))
        numbers.add(key)


def _validate_type(spec: Spec, errors: list[FieldError]) -> None:
    kind = spec["type"]
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        errors.append(invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services"))
    if kind == "ExternalName":
        for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(field) not in (None, []):
                errors.append(forbidden(f"spec.{field}", "may not be set for ExternalName services"))
        name = (spec.get("externalName") or "").removesuffix(".")
        if name:
            check(dns_subdomain, name, "spec.externalName", errors)
        else:
            errors.append(required("spec.externalName"))


def _validate_affinity(spec: Spec, errors: list[FieldError]) -> None:
    affinity, config, path = spec["sessionAffinity"], spec.get("sessionAffinityConfig"), "spec.sessionAffinityConfig"
    if affinity not in _AFFINITIES:
        errors.append(not_supported("spec.sessionAffinity", affinity, _AFFINITIES))
    elif affinity == "None":
        if config is not None:
            errors.append(forbidden(path, "must not be set when session affinity is None"))
    else:
        client = (config or {}).get("clientIP")
        seconds = (client or {}).get("timeoutSeconds")
        for part, step in ((config, ""), (client, ".clientIP"), (seconds, ".timeoutSeconds")):
            path += step
            if part is None:
                errors.append(required(path, "when session affinity type is ClientIP"))
                return
        if seconds is not None and not 0 < seconds <= _LONGEST_AFFINITY:
            message = f"must be greater than 0 and less than {_LONGEST_AFFINITY}"
            errors.append(invalid(path, seconds, message))


def _validate_external_ips(spec: Spec, old: Spec, errors: list[FieldError]) -> None:
    known = old.get("externalIPs") or ()
    for index, address in enumerate(spec.get("externalIPs") or ()):
        path = f"spec.externalIPs[{index}]"
        if validate_ip(address, path, errors, known):
            validate_endpoint_ip(address, path, errors)


def _validate_ranges(service: Body, old: Body, errors: list[FieldError]) -> None:
    """Source ranges, in the field or in the older annotation; blanks around them do not matter."""
    spec, before = service["spec"], old.get("spec") or {}
    annotations = service["metadata"].get("annotations") or {}
    ranges, path = spec.get("loadBalancerSourceRanges"), "spec.LoadBalancerSourceRanges"
    if ranges:
        if spec["type"] != "LoadBalancer":
            errors.append(forbidden(path, _BALANCER_ONLY))
        known = [text.strip() for text in before.get("loadBalancerSourceRanges") or ()]
        for index, text in enumerate(ranges):
            validate_cidr(text.strip(), f"{path}[{index}]", errors, known)
    elif _RANGES in annotations:
        path, text = f"metadata.annotations[{_RANGES}]", annotations[_RANGES]
        if spec["type"] != "LoadBalancer":
            errors.append(forbidden(path, _BALANCER_ONLY))
        if ((old.get("metadata") or {}).get("annotations") or {}).get(_RANGES) != text and text.strip():
            for part in text.split(","):
                validate_cidr(part.strip(), path, errors)


def _validate_balancer_class(spec: Spec, errors: list[FieldError]) -> None:
    name = spec.get("loadBalancerClass")
    if name is None:
        return
    if spec["type"] == "LoadBalancer":
        check(qualified_name, name, "spec.loadBalancerClass", errors)
    else:
        errors.append(forbidden("spec.loadBalancerClass", _BALANCER_ONLY))


def _validate_traffic(spec: Spec, errors: list[FieldError]) -> None:
    kind, policy = spec["type"], spec.get("externalTrafficPolicy") or ""
    external = kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    path = "spec.externalTrafficPolicy"
    if policy and not external:
        errors.append(invalid(path, policy, "may only be set for externally-accessible services"))
    elif external and policy not in _POLICIES:
        errors.append(not_supported(path, policy, _POLICIES) if policy else required(path))
    health = spec.get("healthCheckNodePort") or 0
    if needs_health_check(spec):
        if health:
            check_port(health, "spec.healthCheckNodePort", errors)
        else:
            errors.append(required("spec.healthCheckNodePort"))
    elif health:
        message = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(invalid("spec.healthCheckNodePort", health, message))
    inside = spec.get("internalTrafficPolicy")
    if inside is None:
        if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
            errors.append(required("spec.internalTrafficPolicy"))
    elif inside not in _POLICIES:
        errors.append(not_supported("spec.internalTrafficPolicy", inside, _POLICIES))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        errors.append(not_supported("spec.trafficDistribution", distribution, _DISTRIBUTIONS))


def _validate(service: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec, before = service["spec"], old.get("spec") or {}
    annotations = service["metadata"].get("annotations") or {}
    mode, hints = annotations.get(_MODE), annotations.get(_HINTS)
    if None not in (mode, hints) and mode != hints:
        message = f"must match annotations[{_HINTS}] when both are specified"
        errors.append(invalid(f"metadata.annotations[{_MODE}]", mode, message))
    if not spec.get("ports") and not is_headless(spec) and spec["type"] != "ExternalName":
        errors.append(required("spec.ports"))
    _validate_type(spec, errors)
    _validate_ports(spec, errors)
    check_labels(spec.get("selector"), "spec.selector", errors)
    _validate_affinity(spec, errors)
    errors += validate_addresses(spec, before)
    _validate_external_ips(spec, before, errors)
    if spec["type"] not in _TYPES:
        errors.append(not_supported("spec.type", spec["type"], _TYPES))
    _validate_uniqueness(spec, errors)
    _validate_ranges(service, old, errors)
    if spec.get("allocateLoadBalancerNodePorts") is not None and spec["type"] != "LoadBalancer":
        errors.append(forbidden("spec.allocateLoadBalancerNodePorts", _BALANCER_ONLY))
    _validate_balancer_class(spec, errors)
    _validate_traffic(spec, errors)
    return errors


def validate_service(service: Body) -> list[FieldError]:
    """All rules of a Service, addresses and node ports allocated."""
    return _validate(service, {})


def validate_service_update(new: Body, old: Body) -> list[FieldError]:
    """What was allocated or chosen once stays; all rules."""
    spec, before = new["spec"], old["spec"]
    errors = validate_addresses_update(spec, before)
    chosen = spec.get("loadBalancerClass")
    if spec["type"] == before["type"] == "LoadBalancer" and chosen != before.get("loadBalancerClass"):
        errors.append(invalid("spec.loadBalancerClass", chosen, "may not change once set"))
    _validate_balancer_class(spec, errors)
    checked = needs_health_check(before) and needs_health_check(spec)
    if checked and spec.get("healthCheckNodePort") != before.get("healthCheckNodePort"):
        errors.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
    return errors + _validate(new, old)


def service_warnings(service: Body) -> list[str]:
    """Odd addresses, and fields that are deprecated or without effect."""
    spec, kind = service["spec"], service["spec"]["type"]
    external, headless = spec.get("externalIPs") or [], kind == "ClusterIP" and spec.get("clusterIP") == "None"
    warnings = []
    if _HINTS in (service["metadata"].get("annotations") or {}):
        warnings.append(f"annotation {_HINTS} is deprecated, please use {_MODE} instead")
    if spec.get("clusterIP") not in (None, "", "None"):
        for index, address in enumerate(spec.get("clusterIPs") or ()):
            warnings += ip_warnings(address, f"spec.clusterIPs[{index}]")
    if headless:
        for wrong, field in (
            (spec.get("loadBalancerIP"), "loadBalancerIP"),
            (external, "externalIPs"),
            (spec["sessionAffinity"] != "None", "SessionAffinity"),
        ):
            if wrong:
                warnings.append(f"spec.{field} is ignored for headless services")
    for index, address in enumerate(external):
        warnings += ip_warnings(address, f"spec.externalIPs[{index}]")
    if external and not headless and kind != "ExternalName":
        warnings.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
    warnings += ip_warnings(spec.get("loadBalancerIP") or "", "spec.loadBalancerIP")
    for index, cidr in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        warnings += cidr_warnings(cidr, f"spec.loadBalancerSourceRanges[{index}]")
    if external and kind == "ExternalName":
        warnings.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if spec.get("externalName") and kind != "ExternalName":
        warnings.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        warnings.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return warnings
