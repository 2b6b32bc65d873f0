"""Role."""

from __future__ import annotations

from kfast.api.columns import CREATED_AT, NAME
from kfast.api.kind import Body, FieldError, Kind
from kfast.api.rbac.rules import validate_rules


def _defaults(role: Body) -> None:
    role.setdefault("rules", None)


def _validate(role: Body) -> list[FieldError]:
    return validate_rules(role, namespaced=True)


KIND = Kind(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="Role",
    plural="roles",
    namespaced=True,
    columns=(NAME, CREATED_AT),
    has_generation=False,
    create_on_update=True,
    name_rule="path",
    metadata_on_update=("create", "update"),
    defaults=_defaults,
    validate=_validate,
)
