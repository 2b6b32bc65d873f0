"""RoleBinding."""

from __future__ import annotations

from kfast.api.kind import Body, FieldError, Kind
from kfast.api.rbac.bindings import COLUMNS, default_binding, validate_binding, validate_binding_update


def _validate(binding: Body) -> list[FieldError]:
    return validate_binding(binding, ("Role", "ClusterRole"), namespaced=True)


KIND = Kind(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="RoleBinding",
    plural="rolebindings",
    namespaced=True,
    columns=COLUMNS,
    has_generation=False,
    create_on_update=True,
    name_rule="path",
    metadata_on_update=("create", "update"),
    defaults=default_binding,
    validate=_validate,
    validate_update=validate_binding_update,
)
