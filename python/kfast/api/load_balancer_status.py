"""`status.loadBalancer` of Services and Ingresses."""

from __future__ import annotations

from kfast.api.addresses import parse_ip, validate_ip
from kfast.api.field_errors import forbidden, invalid, not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, dns_subdomain

_MODES = ("Proxy", "VIP")


def _ingress(body: Body) -> list[Body]:
    return ((body.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []


def validate_balancer(new: Body, old: Body, errors: list[FieldError], modes: bool) -> None:
    """Addresses and host names of a load balancer; `modes`: whether its addresses have a mode."""
    known = [entry["ip"] for entry in _ingress(old) if entry.get("ip")]
    for index, entry in enumerate(_ingress(new)):
        path, ip, mode, host = f"status.loadBalancer.ingress[{index}]", entry.get("ip"), entry.get("ipMode"), None
        if ip:
            validate_ip(ip, f"{path}.ip", errors, known)
        if modes:
            if mode is None:
                if ip:
                    errors.append(required(f"{path}.ipMode", "must be specified when `ip` is set"))
            elif not ip:
                errors.append(forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set"))
            elif mode not in _MODES:
                errors.append(not_supported(f"{path}.ipMode", mode, _MODES))
        host = entry.get("hostname")
        if host:
            check(dns_subdomain, host, f"{path}.hostname", errors)
            if parse_ip(host) is not None:
                errors.append(invalid(f"{path}.hostname", host, "must be a DNS name, not an IP address"))


def validate_service_balancer(new: Body, old: Body) -> list[FieldError]:
    """Only Services of type LoadBalancer have one."""
    errors: list[FieldError] = []
    if new["spec"]["type"] != "LoadBalancer":
        if _ingress(new):
            message = "may only be used when `spec.type` is 'LoadBalancer'"
            errors.append(forbidden("status.loadBalancer.ingress", message))
    else:
        validate_balancer(new, old, errors, modes=True)
    return errors
