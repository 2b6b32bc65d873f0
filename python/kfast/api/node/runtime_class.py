"""RuntimeClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, lookup, text
from kfast.api.field_errors import IMMUTABLE, duplicate, invalid, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, Column, FieldError, Kind
from kfast.api.name_checks import check, check_labels, dns_label
from kfast.api.pod_template import toleration_errors
from kfast.api.resource_lists import canonical_quantities
from kfast.api.resource_names import check_amount, check_container_name


def _defaults(runtime_class: Body) -> None:
    canonical_quantities(lookup(runtime_class, "overhead.podFixed"))


def _validate(runtime_class: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    handler = runtime_class.get("handler", "")
    if handler:
        check(dns_label, handler, "handler", errors)
    else:
        errors.append(required("handler"))
    for name, amount in sorted((lookup(runtime_class, "overhead.podFixed") or {}).items()):
        check_container_name(name, f"overhead.limits[{name}]", errors)
        check_amount(name, amount, f"overhead.limits[{name}]", errors)
    scheduling = runtime_class.get("scheduling") or {}
    check_labels(scheduling.get("nodeSelector"), "scheduling.nodeSelector", errors)
    tolerations, path = scheduling.get("tolerations") or [], "scheduling.tolerations"
    errors += toleration_errors(tolerations, path)
    for index, toleration in enumerate(tolerations):
        if any(_same(toleration, other) for other in tolerations[:index]):
            errors.append(duplicate(f"{path}[{index}]", internal("core.Toleration", toleration)))
    return errors


def _same(one: Body, other: Body) -> bool:
    return all((one.get(key) or "") == (other.get(key) or "") for key in ("key", "operator", "value", "effect"))


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    handler = new.get("handler")
    return [] if handler == old.get("handler") else [invalid("handler", handler, IMMUTABLE)]


KIND = Kind(
    group="node.k8s.io",
    version="v1",
    kind="RuntimeClass",
    plural="runtimeclasses",
    namespaced=False,
    columns=(NAME, Column("Handler", text("handler")), AGE),
    has_generation=False,
    create_on_update=True,
    unconditional_update=False,
    defaults=_defaults,
    validate=_validate,
    name_rule="subdomain_only",
    validate_update=_validate_update,
)
