"""Device requests of claims and claim templates: defaults and rules (upstream: resource/v1 defaults, validation)."""

from __future__ import annotations

from functools import partial
from typing import Any

from kfast.api.field_errors import invalid, invalid_unshown, not_supported, required
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, dns_subdomain
from kfast.api.resource.device_validation import (
    MAX_CONFIG,
    MAX_REQUESTS,
    check_configuration,
    check_full_name,
    check_items,
    check_label_name,
    check_selectors,
    check_toleration,
    text_itself,
)

_ALLOCATION_MODES = ("All", "ExactCount")
_MAX_ALTERNATIVES = 8
_MAX_CONSTRAINTS = 32
_ONE_OF = "exactly one of `exactly` or `firstAvailable` is required"
_NO_SUCH_REQUEST = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)


def _default_request(request: dict[str, Any]) -> None:
    if not request.get("allocationMode"):
        request["allocationMode"] = "ExactCount"
    if request["allocationMode"] == "ExactCount" and not request.get("count"):
        request["count"] = 1
    for toleration in request.get("tolerations") or ():
        default_toleration(toleration)


def default_toleration(toleration: Body) -> None:
    """Values are compared unless the toleration says otherwise."""
    if not toleration.get("operator"):
        toleration["operator"] = "Equal"


def default_claim_spec(spec: dict[str, Any]) -> None:
    """Exactly one device unless a request says otherwise."""
    for request in spec.setdefault("devices", {}).get("requests") or ():
        if request.get("exactly") is not None:
            _default_request(request["exactly"])
        for alternative in request.get("firstAvailable") or ():
            _default_request(alternative)


class RequestNames:
    """What the requests of a claim, and their alternatives, are called."""

    def __init__(self, spec: Body) -> None:
        requests = (spec.get("devices") or {}).get("requests") or ()
        self._known = {name(request) for request in requests}
        for request in requests:
            self._known |= {f"{name(request)}/{name(other)}" for other in request.get("firstAvailable") or ()}

    def check(self, reference: str, path: str, errors: list[FieldError]) -> None:
        """A reference to a request, or to an alternative of one."""
        segments = reference.split("/")
        if len(segments) <= 2:
            for segment in segments:
                check_label_name(segment, path, errors)
        if len(segments) > 2 or reference not in self._known:
            errors.append(invalid(path, reference, _NO_SUCH_REQUEST))

    def check_all(self, body: Body, path: str, errors: list[FieldError]) -> None:
        """The references in `requests`, each once."""
        check_items(body.get("requests"), MAX_REQUESTS, self.check, f"{path}.requests", errors, text_itself)


def name(request: Body) -> str:
    """The name of a request."""
    return request.get("name") or ""


def claim_spec_errors(spec: Body, path: str) -> list[FieldError]:
    """All rules of a claim's spec."""
    errors: list[FieldError] = []
    devices, path, names = spec.get("devices") or {}, f"{path}.devices", RequestNames(spec)
    check_items(devices.get("requests"), MAX_REQUESTS, _check_request, f"{path}.requests", errors, name)
    constraint = partial(_check_constraint, names)
    check_items(devices.get("constraints"), _MAX_CONSTRAINTS, constraint, f"{path}.constraints", errors)
    check_items(devices.get("config"), MAX_CONFIG, partial(_check_config, names), f"{path}.config", errors)
    return errors


def _check_request(request: Body, path: str, errors: list[FieldError]) -> None:
    check_label_name(name(request), f"{path}.name", errors)
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable")
    if exactly is not None and alternatives:
        errors.append(invalid_unshown(path, f"null: {_ONE_OF}, but multiple fields are set"))
    elif alternatives:
        check_items(alternatives, _MAX_ALTERNATIVES, _check_alternative, f"{path}.firstAvailable", errors, name)
    elif exactly is not None:
        _check_devices(exactly, f"{path}.exactly", errors)
    else:
        errors.append(required(path, _ONE_OF))


def _check_alternative(alternative: Body, path: str, errors: list[FieldError]) -> None:
    check_label_name(name(alternative), f"{path}.name", errors)
    _check_devices(alternative, path, errors)


def _check_devices(request: Body, path: str, errors: list[FieldError]) -> None:
    device_class, mode, count = request.get("deviceClassName"), request["allocationMode"], request.get("count") or 0
    if device_class:
        check(dns_subdomain, device_class, f"{path}.deviceClassName", errors)
    else:
        errors.append(required(f"{path}.deviceClassName"))
    check_selectors(request.get("selectors"), f"{path}.selectors", errors)
    if mode not in _ALLOCATION_MODES:
        errors.append(not_supported(f"{path}.allocationMode", mode, _ALLOCATION_MODES))
    elif mode == "All" and count:
        detail = "must not be specified when allocationMode is 'All'"
        errors.append(invalid(f"{path}.count", count, detail))
    elif mode == "ExactCount" and count <= 0:
        errors.append(invalid(f"{path}.count", count, "must be greater than zero"))
    check_items(request.get("tolerations"), -1, check_toleration, f"{path}.tolerations", errors)


def _check_constraint(names: RequestNames, constraint: Body, path: str, errors: list[FieldError]) -> None:
    names.check_all(constraint, path, errors)
    for field in ("matchAttribute", "distinctAttribute"):
        if constraint.get(field) is not None:
            check_full_name(constraint[field], f"{path}.{field}", errors)
            return
    detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    errors.append(required(path, detail))


def _check_config(names: RequestNames, config: Body, path: str, errors: list[FieldError]) -> None:
    names.check_all(config, path, errors)
    check_configuration(config, path, errors)
