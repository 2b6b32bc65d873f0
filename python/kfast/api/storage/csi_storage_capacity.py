"""CSIStorageCapacity."""

from __future__ import annotations

from kfast.api.field_errors import immutable
from kfast.api.kind import Body, FieldError, Kind


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    for field in ("nodeTopology", "storageClassName"):
        immutable(field, new.get(field), old.get(field), errors)
    return errors


KIND = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="CSIStorageCapacity",
    plural="csistoragecapacities",
    has_generation=False,
    unconditional_update=False,
    validate_update=_validate_update,
)
