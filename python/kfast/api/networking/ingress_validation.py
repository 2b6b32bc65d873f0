"""Validation of Ingresses (upstream: networking/validation.ValidateIngressSpec)."""

from __future__ import annotations

from kfast.api.addresses import parse_ip
from kfast.api.field_errors import invalid, not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, check_port, dns_subdomain
from kfast.api.references import check_typed
from kfast.meta.names import dns_label, port_name, wildcard_dns_subdomain

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_SUFFIXES = ("/..", "/.")


def _validate_backend(backend: Body, path: str, errors: list[FieldError]) -> None:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        errors.append(invalid(path, "", "cannot set both resource and service backends"))
    elif service is not None:
        name, port = service.get("name", ""), service.get("port") or {}
        if not name:
            errors.append(required(f"{path}.service.name"))
        else:
            errors.extend(invalid(f"{path}.service.name", name, problem) for problem in dns_label(name))
        if port.get("name") and port.get("number"):
            errors.append(invalid(path, "", "cannot set both port name & port number"))
        elif port.get("name"):
            where = f"{path}.service.port.name"
            errors.extend(invalid(where, port["name"], problem) for problem in port_name(port["name"]))
        elif port.get("number"):
            check_port(port["number"], f"{path}.service.port.number", errors)
        else:
            errors.append(required(path, "port name or number is required"))
    elif resource is None:
        errors.append(invalid(path, "", "resource or service backend is required"))
    else:
        check_typed(resource, f"{path}.resource", errors)


def _validate_path(entry: Body, path: str, errors: list[FieldError]) -> None:
    kind, text = entry.get("pathType"), entry.get("path") or ""
    if kind is None:
        errors.append(required(f"{path}.pathType", "pathType must be specified"))
        return
    where = f"{path}.path"
    if kind not in _PATH_TYPES:
        errors.append(not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        errors.append(invalid(where, text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        errors.extend(invalid(where, text, f"must not contain '{bad}'") for bad in _BAD_SEQUENCES if bad in text)
        errors.extend(invalid(where, text, f"cannot end with '{bad}'") for bad in _BAD_SUFFIXES if text.endswith(bad))
    _validate_backend(entry.get("backend") or {}, f"{path}.backend", errors)


def _validate_host(host: str, path: str, errors: list[FieldError]) -> None:
    if parse_ip(host) is not None:
        errors.append(invalid(path, host, "must be a DNS name, not an IP address"))
    if "*" in host:
        errors.extend(invalid(path, host, problem) for problem in wildcard_dns_subdomain(host))
    else:
        check(dns_subdomain, host, path, errors)


def _bad_secrets(spec: Body) -> bool:
    return any(tls.get("secretName") and dns_subdomain(tls["secretName"]) for tls in spec.get("tls") or ())


def _validate_http(http: Body | None, path: str, errors: list[FieldError]) -> None:
    if http is not None:
        if not http.get("paths"):
            errors.append(required(f"{path}.http.paths"))
        for number, entry in enumerate(http.get("paths") or ()):
            _validate_path(entry, f"{path}.http.paths[{number}]", errors)


def _bad_wildcards(spec: Body) -> bool:
    errors: list[FieldError] = []
    for rule in spec.get("rules") or ():
        if "*" in (rule.get("host") or ""):
            _validate_http(rule.get("http"), "", errors)
    return bool(errors)


def validate_ingress_spec(spec: Body, old: Body, errors: list[FieldError]) -> None:
    """All rules of an Ingress; names of secrets and rules of wildcard hosts may be as wrong as they were."""
    loose_secrets, loose_wildcards = _bad_secrets(old), _bad_wildcards(old)
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    if not rules and backend is None:
        errors.append(invalid("spec", spec.get("rules"), "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        _validate_backend(backend, "spec.defaultBackend", errors)
    for index, rule in enumerate(rules):
        path = f"spec.rules[{index}]"
        if rule.get("host"):
            _validate_host(rule["host"], f"{path}.host", errors)
        if not loose_wildcards or "*" not in (rule.get("host") or ""):
            _validate_http(rule.get("http"), path, errors)
    for index, tls in enumerate(spec.get("tls") or ()):
        for number, host in enumerate(tls.get("hosts") or ()):
            rule_check = wildcard_dns_subdomain if "*" in host else dns_subdomain
            where = f"spec.tls[{index}].hosts[{number}]"
            errors.extend(invalid(where, host, problem) for problem in rule_check(host))
        if tls.get("secretName") and not loose_secrets:
            check(dns_subdomain, tls["secretName"], f"spec.tls[{index}].secretName", errors)
    name = spec.get("ingressClassName")
    if name is not None:
        check(dns_subdomain, name, "spec.ingressClassName", errors)
