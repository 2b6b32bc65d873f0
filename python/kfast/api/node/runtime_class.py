"""RuntimeClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, lookup, text
from kfast.api.field_errors import IMMUTABLE, invalid, required
from kfast.api.kind import Body, Column, FieldError, Kind
from kfast.api.resource_lists import canonical_quantities
from kfast.meta.names import dns_label


def _defaults(runtime_class: Body) -> None:
    canonical_quantities(lookup(runtime_class, "overhead.podFixed"))


def _validate(runtime_class: Body) -> list[FieldError]:
    handler = runtime_class.get("handler", "")
    if not handler:
        return [required("handler")]
    return [invalid("handler", handler, problem) for problem in dns_label(handler)]


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
    validate_update=_validate_update,
)
