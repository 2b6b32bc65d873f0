"""Ingress."""

from __future__ import annotations

import json

from kfast.api.columns import AGE, NAME, NONE, addresses, lookup, text
from kfast.api.field_errors import invalid
from kfast.api.kind import Body, Cell, Column, FieldError, Kind, Subresource
from kfast.api.load_balancer_status import validate_balancer
from kfast.api.networking.ingress_validation import validate_ingress_spec

_SHOWN = 3
_CLASS = "kubernetes.io/ingress.class"


def _defaults(ingress: Body) -> None:
    """The group of a resource behind is always shown."""
    spec = ingress.setdefault("spec", {})
    backends = [spec.get("defaultBackend")]
    for rule in spec.get("rules") or ():
        backends += [path.get("backend") for path in (rule.get("http") or {}).get("paths") or ()]
    for backend in backends:
        if backend and backend.get("resource") is not None:
            backend["resource"].setdefault("apiGroup", None)


def _prepare_create(ingress: Body) -> None:
    ingress["status"] = {"loadBalancer": {}}


def _validate(ingress: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_ingress_spec(ingress["spec"], {}, errors)
    annotation = (ingress["metadata"].get("annotations") or {}).get(_CLASS)
    name = ingress["spec"].get("ingressClassName")
    if None not in (annotation, name) and annotation != name:
        message = "must match `ingressClassName` when both are specified"
        errors.append(invalid(f"annotations.{_CLASS}", annotation, message))
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_ingress_spec(new["spec"], old["spec"], errors)
    return errors


def _validate_status(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_balancer(new, old, errors, modes=False)
    return errors


def _warnings(ingress: Body) -> list[str]:
    if _CLASS not in (ingress["metadata"].get("annotations") or {}):
        return []
    return [f"annotation {json.dumps(_CLASS)} is deprecated, please use 'spec.ingressClassName' instead"]


def _no_warnings(_new: Body, _old: Body) -> list[str]:
    return []


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
    subresources=(Subresource("status", validate=_validate_status),),
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
    warnings=_warnings,
    update_warnings=_no_warnings,
    validate=_validate,
    validates_on_update=False,
    validate_update=_validate_update,
    metadata_on_update=("update", "create"),
)
