"""Validation of EndpointSlices (upstream: discovery/validation)."""

from __future__ import annotations

from functools import lru_cache

from kfast.api.addresses import ip_warnings, parse_ip, validate_canonical_ip, validate_endpoint_ip, validate_ip
from kfast.api.field_errors import IMMUTABLE, duplicate, invalid, not_supported, required, too_many
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, dns_label, dns_subdomain, label_value, qualified_name

_TYPES = ("FQDN", "IPv4", "IPv6")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MAX_ADDRESSES = 100
_MAX_PORTS = 20_000
_MAX_ENDPOINTS = 1000
_MAX_HINTS = 8
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")


@lru_cache(maxsize=65536)
def _address_problems(address: str, kind: str) -> tuple[tuple[str, FieldError], ...]:
    """What is wrong with an address: `list` or `item`, where the error belongs, and the error with an empty path."""
    errors: list[FieldError] = []
    if kind == "IPv4":
        valid = validate_ip(address, "", errors)
    else:
        validate_canonical_ip(address, "", errors)
        valid = not errors
    if not valid:
        return tuple(("item", error) for error in errors)
    found = parse_ip(address)
    wrong = found is None or f"IPv{found.version}" != kind
    validate_endpoint_ip(address, "", errors)
    of_list = (("list", invalid("", address, f"must be an {kind} address")),) if wrong else ()
    return (*of_list, *(("item", error) for error in errors))


def validate_domain_name(name: str, path: str, errors: list[FieldError]) -> None:
    """A DNS name of at least two labels."""
    plain = name.removesuffix(".")
    if not name:
        errors.append(required(path))
    elif problems := dns_subdomain(plain):
        errors.append(invalid(path, plain, ",".join(problems)))
    elif "." not in plain:
        errors.append(invalid(path, plain, "should be a domain with at least two segments separated by dots"))
    else:
        wrong = next((label for label in plain.split(".") if dns_label(label)), None)
        if wrong is not None:
            errors.append(invalid(path, wrong, ",".join(dns_label(wrong))))


def _validate_ports(ports: list[Body], errors: list[FieldError]) -> None:
    if len(ports) > _MAX_PORTS:
        errors.append(too_many("ports", len(ports), _MAX_PORTS))
        return
    names = set[str]()
    for index, port in enumerate(ports):
        path, name = f"ports[{index}]", port["name"]
        if name:
            check(dns_label, name, f"{path}.name", errors)
        if name in names:
            errors.append(duplicate(f"{path}.name", name))
        names.add(name)
        if port["protocol"] not in _PROTOCOLS:
            errors.append(not_supported(f"{path}.protocol", port["protocol"], _PROTOCOLS))
        if port.get("appProtocol") is not None:
            check(qualified_name, port["appProtocol"], f"{path}.appProtocol", errors)


def _validate_addresses(addresses: list[str], kind: str, path: str, errors: list[FieldError]) -> None:
    if not addresses:
        errors.append(required(path, "must contain at least 1 address"))
    elif len(addresses) > _MAX_ADDRESSES:
        errors.append(too_many(path, len(addresses), _MAX_ADDRESSES))
    for index, address in enumerate(addresses):
        if kind == "FQDN":
            validate_domain_name(address, f"{path}[{index}]", errors)
        elif kind in _TYPES:
            for place, error in _address_problems(address, kind):
                where = path if place == "list" else f"{path}[{index}]"
                errors.append(FieldError(where, error.reason, error.message))


def _validate_hints(hints: Body, path: str, errors: list[FieldError]) -> None:
    for field, rule in (("forZones", label_value), ("forNodes", dns_subdomain)):
        entries, names, where = hints.get(field) or (), set[str](), f"{path}.{field}"
        if len(entries) > _MAX_HINTS:
            errors.append(too_many(where, len(entries), _MAX_HINTS))
            return
        for index, entry in enumerate(entries):
            name, at = entry.get("name") or "", f"{where}[{index}].name"
            if name in names:
                errors.append(duplicate(at, name))
            names.add(name)
            check(rule, name, at, errors)


def _validate_endpoints(endpoints: list[Body], kind: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if len(endpoints) > _MAX_ENDPOINTS:
        return [too_many("endpoints", len(endpoints), _MAX_ENDPOINTS)]
    for index, endpoint in enumerate(endpoints):
        path = f"endpoints[{index}]"
        _validate_addresses(endpoint.get("addresses") or [], kind, f"{path}.addresses", errors)
        if endpoint.get("nodeName") is not None:
            check(dns_subdomain, endpoint["nodeName"], f"{path}.nodeName", errors)
        if endpoint.get("hostname") is not None:
            check(dns_label, endpoint["hostname"], f"{path}.hostname", errors)
        if endpoint.get("hints") is not None:
            _validate_hints(endpoint["hints"], f"{path}.hints", errors)
    return errors


def _validate(endpoint_slice: Body, old: Body | None) -> list[FieldError]:
    errors: list[FieldError] = []
    kind = endpoint_slice.get("addressType") or ""
    if not kind:
        errors.append(required("addressType"))
    elif kind not in _TYPES:
        errors.append(not_supported("addressType", kind, _TYPES))
    _validate_ports(endpoint_slice.get("ports") or [], errors)
    endpoints = endpoint_slice.get("endpoints") or []
    if old is None or endpoints != (old.get("endpoints") or []):
        errors += _validate_endpoints(endpoints, kind)
    return errors


def validate_endpoint_slice(endpoint_slice: Body) -> list[FieldError]:
    """All rules of an EndpointSlice."""
    return _validate(endpoint_slice, None)


def validate_endpoint_slice_update(new: Body, old: Body) -> list[FieldError]:
    """All rules; the kind of addresses stays. Endpoints that did not change are not checked again."""
    errors = _validate(new, old)
    kind = new.get("addressType") or ""
    if kind != (old.get("addressType") or ""):
        errors.append(invalid("addressType", kind, IMMUTABLE))
    return errors


def address_warnings(endpoint_slice: Body) -> list[str]:
    """Odd addresses, unless a controller wrote them."""
    if (endpoint_slice["metadata"].get("labels") or {}).get(_MANAGED_BY) in _CONTROLLERS:
        return []
    return [
        warning
        for index, endpoint in enumerate(endpoint_slice.get("endpoints") or ())
        for number, address in enumerate(endpoint.get("addresses") or ())
        for warning in ip_warnings(address, f"endpoints[{index}].addresses[{number}]")
    ]
