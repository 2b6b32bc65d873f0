"""CSIStorageCapacity."""

from __future__ import annotations

from kfast.api.field_errors import IMMUTABLE, NON_NEGATIVE, immutable, invalid
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError, Kind
from kfast.api.label_selectors import validate_selector
from kfast.api.name_checks import check, dns_subdomain
from kfast.api.resource_lists import canonical, milli


def _defaults(capacity: Body) -> None:
    for field in ("capacity", "maximumVolumeSize"):
        if capacity.get(field) is not None:
            capacity[field] = canonical(str(capacity[field]))


def _validate(capacity: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_selector(capacity.get("nodeTopology"), "nodeTopology", errors)
    check(dns_subdomain, capacity.get("storageClassName") or "", "storageClassName", errors)
    amount = capacity.get("capacity")
    if amount is not None and milli(amount) < 0:
        errors.append(invalid("capacity", amount, NON_NEGATIVE))
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    topology = new.get("nodeTopology")
    if topology != old.get("nodeTopology"):
        errors.append(invalid("nodeTopology", internal("*m.LabelSelector", topology), IMMUTABLE))
    immutable("storageClassName", new.get("storageClassName") or "", old.get("storageClassName") or "", errors)
    return errors


KIND = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="CSIStorageCapacity",
    plural="csistoragecapacities",
    has_generation=False,
    unconditional_update=False,
    defaults=_defaults,
    validate=_validate,
    metadata_on_update=("create", "update"),
    validate_update=_validate_update,
)
