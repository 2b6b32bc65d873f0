"""CSINode."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, size
from kfast.api.kind import Column, Kind

KIND = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="CSINode",
    plural="csinodes",
    namespaced=False,
    columns=(NAME, Column("Drivers", size("spec.drivers"), type="integer"), AGE),
    has_generation=False,
    unconditional_update=False,
)
