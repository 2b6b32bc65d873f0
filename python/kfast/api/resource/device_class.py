"""DeviceClass."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME
from kfast.api.kind import Body, Kind


def _defaults(device_class: Body) -> None:
    device_class.setdefault("spec", {})


KIND = Kind(
    group="resource.k8s.io",
    version="v1",
    kind="DeviceClass",
    plural="deviceclasses",
    namespaced=False,
    columns=(NAME, AGE),
    defaults=_defaults,
)
