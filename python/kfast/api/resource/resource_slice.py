"""ResourceSlice."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, text
from kfast.api.kind import Body, Column, Kind, SelectableField
from kfast.api.resource.slice_validation import validate_slice, validate_slice_update

_LISTS = ("bools", "ints", "strings", "versions")
"""Attributes that are lists are behind the feature gate DRAListTypeAttributes, which is off."""


def _defaults(resource_slice: Body) -> None:
    resource_slice.setdefault("spec", {})


def _prepare_create(resource_slice: Body) -> None:
    """Drops what is behind feature gates that are off."""
    for device in resource_slice["spec"].get("devices") or ():
        device.pop("nodeAllocatableResourceMappings", None)
        for attribute in (device.get("attributes") or {}).values():
            for field in _LISTS:
                attribute.pop(field, None)


def _prepare_update(new: Body, _old: Body) -> None:
    _prepare_create(new)


KIND = Kind(
    group="resource.k8s.io",
    version="v1",
    kind="ResourceSlice",
    plural="resourceslices",
    namespaced=False,
    columns=(
        NAME,
        Column("Node", text("spec.nodeName")),
        Column("Driver", text("spec.driver")),
        Column("Pool", text("spec.pool.name")),
        AGE,
    ),
    fields=(SelectableField("spec.nodeName", "spec.nodeName"), SelectableField("spec.driver", "spec.driver")),
    defaults=_defaults,
    prepare_create=_prepare_create,
    counts_what_is_dropped=True,
    prepare_update=_prepare_update,
    validate=validate_slice,
    validates_on_update=False,
    validate_update=validate_slice_update,
    tells_empties=True,
)
