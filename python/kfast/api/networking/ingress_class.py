"""IngressClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NONE, lookup, text
from kfast.api.field_errors import IMMUTABLE, forbidden, invalid, not_supported, required, too_long
from kfast.api.kind import Body, Cell, Column, FieldError, Kind
from kfast.api.name_checks import check, dns_label
from kfast.api.references import check_typed, domain_prefixed_path

_LONGEST = 250
_SCOPES = ("Cluster", "Namespace")
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


def _defaults(ingress_class: Body) -> None:
    parameters = ingress_class.setdefault("spec", {}).get("parameters")
    if parameters is not None and parameters.get("scope") is None:
        parameters["scope"] = "Cluster"


def _validate(ingress_class: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    controller = ingress_class["spec"].get("controller") or ""
    if len(controller.encode()) > _LONGEST:
        errors.append(too_long("spec.controller", _LONGEST))
    domain_prefixed_path(controller, "spec.controller", errors)
    parameters = ingress_class["spec"].get("parameters")
    if parameters is not None:
        check_typed(parameters, "spec.parameters", errors)
        _validate_scope(parameters, "spec.parameters", errors)
    return errors


def _validate_scope(parameters: Body, path: str, errors: list[FieldError]) -> None:
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope not in _SCOPES:
        errors.append(not_supported(f"{path}.scope", scope, _SCOPES))
    elif scope == "Namespace":
        if namespace is None:
            errors.append(required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
        else:
            check(dns_label, namespace, f"{path}.namespace", errors)
    elif namespace is not None:
        errors.append(forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    controller = new["spec"].get("controller", "")
    errors = _validate(new)
    if controller != old["spec"].get("controller", ""):
        errors.insert(0, invalid("spec.controller", controller, IMMUTABLE))
    return errors


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
    validates_on_update=False,
    metadata_on_update=("update", "create"),
    validate_update=_validate_update,
)
