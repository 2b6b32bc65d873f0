"""Validation of Endpoints (upstream: core/validation.ValidateEndpoints)."""

from __future__ import annotations

from kfast.api.addresses import ip_warnings, validate_endpoint_ip, validate_ip
from kfast.api.field_errors import not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, check_port, dns_label, dns_subdomain, qualified_name

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_LISTS = ("addresses", "notReadyAddresses")
_MANAGED_BY = "endpoints.kubernetes.io/managed-by"


def _validate_address(address: Body, path: str, errors: list[FieldError]) -> None:
    ip = address.get("ip") or ""
    validate_ip(ip, f"{path}.ip", errors)
    if address.get("hostname"):
        check(dns_label, address["hostname"], f"{path}.hostname", errors)
    if address.get("nodeName") is not None:
        check(dns_subdomain, address["nodeName"], f"{path}.nodeName", errors)
    validate_endpoint_ip(ip, f"{path}.ip", errors)


def _validate_port(port: Body, named: bool, path: str, errors: list[FieldError]) -> None:
    if port.get("name"):
        check(dns_label, port["name"], f"{path}.name", errors)
    elif named:
        errors.append(required(f"{path}.name"))
    check_port(port.get("port") or 0, f"{path}.port", errors)
    if port["protocol"] not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", port["protocol"], _PROTOCOLS))
    if port.get("appProtocol") is not None:
        check(qualified_name, port["appProtocol"], f"{path}.appProtocol", errors)


def validate_endpoints(endpoints: Body) -> list[FieldError]:
    """All rules of Endpoints."""
    errors: list[FieldError] = []
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        path = f"subsets[{index}]"
        if not any(subset.get(name) for name in _LISTS):
            errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
        for name in _LISTS:
            for number, address in enumerate(subset.get(name) or ()):
                _validate_address(address, f"{path}.{name}[{number}]", errors)
        ports = subset.get("ports") or ()
        for number, port in enumerate(ports):
            _validate_port(port, len(ports) > 1, f"{path}.ports[{number}]", errors)
    return errors


def validate_endpoints_update(new: Body, old: Body) -> list[FieldError]:
    """Subsets that did not change are not checked again."""
    return [] if (new.get("subsets") or None) == (old.get("subsets") or None) else validate_endpoints(new)


def endpoints_warnings(endpoints: Body) -> list[str]:
    """Odd addresses, unless the controller wrote them."""
    if (endpoints["metadata"].get("labels") or {}).get(_MANAGED_BY) == "endpoint-controller":
        return []
    return [
        warning
        for index, subset in enumerate(endpoints.get("subsets") or ())
        for name in _LISTS
        for number, address in enumerate(subset.get(name) or ())
        for warning in ip_warnings(address.get("ip") or "", f"subsets[{index}].{name}[{number}].ip")
    ]
