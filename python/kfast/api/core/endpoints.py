"""Endpoints."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, some_of
from kfast.api.core.endpoints_validation import (
    endpoints_warnings,
    validate_endpoints,
    validate_endpoints_update,
)
from kfast.api.kind import Body, Cell, Column, Kind

_SHOWN = 3


def _defaults(endpoints: Body) -> None:
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            if not port.get("protocol"):
                port["protocol"] = "TCP"


def host_port(address: str, port: int) -> str:
    """`10.0.0.1:80`, `[fd00::1]:80`."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _shown(endpoints: Body, _: float) -> Cell:
    items: list[str] = []
    for subset in endpoints.get("subsets") or ():
        found = [address.get("ip") or "" for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        items += found if not ports else [host_port(ip, port.get("port") or 0) for port in ports for ip in found]
    return some_of(items, _SHOWN, NONE if not endpoints.get("subsets") else "")


KIND = Kind(
    group="",
    version="v1",
    kind="Endpoints",
    plural="endpoints",
    singular="endpoints",
    short_names=("ep",),
    columns=(NAME, Column("Endpoints", _shown), AGE),
    has_generation=False,
    deprecation="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    create_on_update=True,
    defaults=_defaults,
    warnings=endpoints_warnings,
    validate=validate_endpoints,
    validates_on_update=False,
    validate_update=validate_endpoints_update,
    metadata_on_update=("update", "create"),
)
