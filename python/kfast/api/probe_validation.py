"""Validation of probes and lifecycle hooks (upstream: core/validation.validateProbe, validateHandler)."""

from __future__ import annotations

from typing import Any

from kfast.api.field_errors import NON_NEGATIVE, forbidden, invalid, not_supported, required
from kfast.api.kind import FieldError
from kfast.api.name_checks import check_port
from kfast.meta.names import http_header_name

Spec = dict[str, Any]

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_AMOUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_SCHEMES = ("HTTP", "HTTPS")


def _validate_handler(handler: Spec, path: str, errors: list[FieldError]) -> None:
    given = [name for name in _HANDLERS if handler.get(name) is not None]
    if not given:
        errors.append(required(path, "must specify a handler type"))
        return
    errors.extend(forbidden(f"{path}.{name}", "may not specify more than 1 handler type") for name in given[1:])
    name = given[0]
    action, at = handler[name], f"{path}.{name}"
    if name == "exec":
        if not action.get("command"):
            errors.append(required(f"{at}.command"))
    elif name == "httpGet":
        check_port(action.get("port"), f"{at}.port", errors)
        if action["scheme"] not in _SCHEMES:
            errors.append(not_supported(f"{at}.scheme", action["scheme"], _SCHEMES))
        for header in action.get("httpHeaders") or ():
            header_name = header.get("name", "")
            errors.extend(
                invalid(f"{at}.httpHeaders", header_name, problem) for problem in http_header_name(header_name)
            )
    elif name in ("tcpSocket", "grpc"):
        check_port(action.get("port"), f"{at}.port", errors)


def _validate_probe(probe: Spec, path: str, errors: list[FieldError]) -> None:
    _validate_handler(probe, path, errors)
    for field in _AMOUNTS:
        amount = probe.get(field)
        if amount is not None and amount < 0:
            errors.append(invalid(f"{path}.{field}", amount, NON_NEGATIVE))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        errors.append(invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0"))


def validate_probes(container: Spec, path: str, errors: list[FieldError]) -> None:
    """The three probes of a container."""
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is None:
            continue
        at = f"{path}.{name}"
        _validate_probe(probe, at, errors)
        grace = probe.get("terminationGracePeriodSeconds")
        if name == "readinessProbe":
            if grace is not None:
                message = "must not be set for readinessProbes"
                errors.append(invalid(f"{at}.terminationGracePeriodSeconds", grace, message))
        elif probe["successThreshold"] != 1:
            errors.append(invalid(f"{at}.successThreshold", probe["successThreshold"], "must be 1"))


def validate_lifecycle(lifecycle: Spec | None, path: str, errors: list[FieldError]) -> None:
    """The hooks of a container."""
    for name in ("postStart", "preStop"):
        hook = (lifecycle or {}).get(name)
        if hook is not None:
            _validate_handler(hook, f"{path}.lifecycle.{name}", errors)
