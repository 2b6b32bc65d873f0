"""IngressClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NONE, lookup, text
from kfast.api.field_errors import IMMUTABLE, invalid, required
from kfast.api.kind import Body, Cell, Column, FieldError, Kind

_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


def _defaults(ingress_class: Body) -> None:
    parameters = ingress_class.setdefault("spec", {}).get("parameters")
    if parameters is not None and parameters.get("scope") is None:
        parameters["scope"] = "Cluster"


def _validate(ingress_class: Body) -> list[FieldError]:
    return [] if ingress_class["spec"].get("controller") else [required("spec.controller")]


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    controller = new["spec"].get("controller", "")
    if controller != old["spec"].get("controller", ""):
        return [invalid("spec.controller", controller, IMMUTABLE)]
    return []


def _name(ingress_class: Body, _: float) -> Cell:
    metadata = ingress_class["metadata"]
    default = (metadata.get("annotations") or {}).get(_DEFAULT) == "true"
    return f"{metadata['name']} (default)" if default else metadata["name"]


def _parameters(ingress_class: Body, _: float) -> Cell:
    parameters = lookup(ingress_class, "spec.parameters")
    if not parameters:
        return NONE
    group = parameters.get("apiGroup")
    return f"{parameters.get('kind', '')}{'.' + group if group is not None else ''}/{parameters.get('name', '')}"


KIND = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="IngressClass",
    plural="ingressclasses",
    namespaced=False,
    columns=(
        Column("Name", _name, format="name"),
        Column("Controller", text("spec.controller")),
        Column("Parameters", _parameters),
        AGE,
    ),
    defaults=_defaults,
    validate=_validate,
    validate_update=_validate_update,
)
