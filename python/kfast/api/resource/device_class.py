"""DeviceClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME
from kfast.api.field_errors import invalid
from kfast.api.kind import Body, FieldError, Kind
from kfast.api.resource.device_validation import MAX_CONFIG, check_configuration, check_items, check_selectors
from kfast.api.resource_names import is_extended


def _defaults(device_class: Body) -> None:
    device_class.setdefault("spec", {})


def _validate(device_class: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = device_class["spec"]
    check_selectors(spec.get("selectors"), "spec.selectors", errors)
    check_items(spec.get("config"), MAX_CONFIG, check_configuration, "spec.config", errors)
    name = spec.get("extendedResourceName")
    if name is not None and not is_extended(name):
        errors.append(invalid("spec.extendedResourceName", name, "must be a valid extended resource name"))
    return errors


KIND = Kind(
    group="resource.k8s.io",
    version="v1",
    kind="DeviceClass",
    plural="deviceclasses",
    namespaced=False,
    columns=(NAME, AGE),
    name_rule="long",
    metadata_on_update=("create", "update"),
    defaults=_defaults,
    validate=_validate,
)
