"""EndpointSlice."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, UNSET, some_of, text
from kfast.api.discovery.endpoint_slice_validation import (
    address_warnings,
    validate_endpoint_slice,
    validate_endpoint_slice_update,
)
from kfast.api.kind import Body, Cell, Column, Kind

_SHOWN = 3


def _defaults(endpoint_slice: Body) -> None:
    for port in endpoint_slice.get("ports") or ():
        if port.get("name") is None:
            port["name"] = ""
        if port.get("protocol") is None:
            port["protocol"] = "TCP"
    for endpoint in endpoint_slice.get("endpoints") or ():
        endpoint.setdefault("conditions", {})


def _without_topology(new: Body, old: Body) -> None:
    """The deprecated topology of endpoints is not taken from anybody any more."""
    if (new.get("endpoints") or None) != (old.get("endpoints") or None):
        _drop_topology(new)


def _drop_topology(endpoint_slice: Body) -> None:
    for endpoint in endpoint_slice.get("endpoints") or ():
        endpoint.pop("deprecatedTopology", None)


def _warnings(endpoint_slice: Body) -> list[str]:
    names = endpoint_slice.get("addressType") == "FQDN"
    return ["spec.addressType: FQDN endpoints are deprecated"] * names + address_warnings(endpoint_slice)


def _update_warnings(new: Body, _: Body) -> list[str]:
    return address_warnings(new)


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
    prepare_create=_drop_topology,
    counts_what_is_dropped=True,
    prepare_update=_without_topology,
    validate=validate_endpoint_slice,
    validates_on_update=False,
    validate_update=validate_endpoint_slice_update,
    metadata_on_update=("create",),
    warnings=_warnings,
    update_warnings=_update_warnings,
)
