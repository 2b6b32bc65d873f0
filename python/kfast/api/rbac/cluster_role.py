"""ClusterRole."""

from __future__ import annotations

from kfast.api.columns import CREATED_AT, NAME
from kfast.api.field_errors import invalid, required
from kfast.api.kind import Body, FieldError, Kind
from kfast.api.label_selectors import is_well_formed, validate_selector
from kfast.api.rbac.rules import validate_rules


def _defaults(role: Body) -> None:
    role.setdefault("rules", None)


def _validate(role: Body) -> list[FieldError]:
    errors = validate_rules(role, namespaced=False)
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return errors
    selectors, path = aggregation.get("clusterRoleSelectors") or [], "aggregationRule.clusterRoleSelectors"
    if not selectors:
        errors.append(required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
    for index, selector in enumerate(selectors):
        validate_selector(selector, f"{path}[{index}]", errors)
        if not is_well_formed(selector):
            errors.append(invalid(f"{path}[{index}]", None, "invalid label selector."))
    return errors


KIND = Kind(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="ClusterRole",
    plural="clusterroles",
    namespaced=False,
    columns=(NAME, CREATED_AT),
    has_generation=False,
    create_on_update=True,
    name_rule="path",
    metadata_on_update=("create", "update"),
    defaults=_defaults,
    validate=_validate,
)
