"""Ingress."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, NONE, addresses, lookup, text
from kfast.api.kind import STATUS, Body, Cell, Column, FieldError, Kind
from kfast.api.networking.ingress_validation import validate_ingress_spec

_SHOWN = 3


def _defaults(ingress: Body) -> None:
    ingress.setdefault("spec", {})


def _prepare_create(ingress: Body) -> None:
    ingress["status"] = {"loadBalancer": {}}


def _validate(ingress: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_ingress_spec(ingress["spec"], errors)
    return errors


def _hosts(ingress: Body, _: float) -> Cell:
    rules = lookup(ingress, "spec.rules") or ()
    hosts: list[str] = []
    for rule in rules:
        if len(hosts) == _SHOWN:
            return f"{','.join(hosts)} + {len(rules) - _SHOWN} more..."
        if rule.get("host"):
            hosts.append(rule["host"])
    return ",".join(hosts) or "*"


def _address(ingress: Body, _: float) -> Cell:
    return addresses(lookup(ingress, "status.loadBalancer.ingress"))


def _ports(ingress: Body, _: float) -> Cell:
    return "80, 443" if lookup(ingress, "spec.tls") else "80"


KIND = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="Ingress",
    plural="ingresses",
    short_names=("ing",),
    subresources=(STATUS,),
    columns=(
        NAME,
        Column("Class", text("spec.ingressClassName", NONE)),
        Column("Hosts", _hosts),
        Column("Address", _address),
        Column("Ports", _ports),
        AGE,
    ),
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=_validate,
)
