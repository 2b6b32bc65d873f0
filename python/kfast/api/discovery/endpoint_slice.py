"""EndpointSlice."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, UNSET, some_of, text
from kfast.api.field_errors import IMMUTABLE, invalid, required
from kfast.api.kind import Body, Cell, Column, FieldError, Kind

_SHOWN = 3


def _defaults(endpoint_slice: Body) -> None:
    for port in endpoint_slice.get("ports") or ():
        if port.get("name") is None:
            port["name"] = ""
        if port.get("protocol") is None:
            port["protocol"] = "TCP"
    for endpoint in endpoint_slice.get("endpoints") or ():
        endpoint.setdefault("conditions", {})


def _validate(endpoint_slice: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    if not endpoint_slice.get("addressType"):
        errors.append(required("addressType"))
    for index, endpoint in enumerate(endpoint_slice.get("endpoints") or ()):
        if not endpoint.get("addresses"):
            errors.append(required(f"endpoints[{index}].addresses", "must contain at least 1 address"))
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    kind = new.get("addressType")
    return [] if kind == old.get("addressType") else [invalid("addressType", kind, IMMUTABLE)]


def _counts(new: Body, old: Body) -> bool:
    return (new["metadata"].get("labels") or None) != (old["metadata"].get("labels") or None)


def _ports(endpoint_slice: Body, _: float) -> Cell:
    ports = [
        str(port["port"]) if port.get("port") is not None else "*" if port.get("name") is None else port["name"]
        for port in endpoint_slice.get("ports") or ()
    ]
    return some_of(ports, _SHOWN, UNSET)


def _endpoints(endpoint_slice: Body, _: float) -> Cell:
    endpoints = endpoint_slice.get("endpoints") or ()
    return some_of([address for entry in endpoints for address in entry.get("addresses") or ()], _SHOWN, UNSET)


KIND = Kind(
    group="discovery.k8s.io",
    version="v1",
    kind="EndpointSlice",
    plural="endpointslices",
    columns=(
        NAME,
        Column("AddressType", text("addressType")),
        Column("Ports", _ports),
        Column("Endpoints", _endpoints),
        AGE,
    ),
    counts=_counts,
    defaults=_defaults,
    validate=_validate,
    validate_update=_validate_update,
)
