"""ResourceSlice."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, lookup, text
from kfast.api.field_errors import immutable, required
from kfast.api.kind import Body, Column, FieldError, Kind, SelectableField


def _defaults(resource_slice: Body) -> None:
    for device in resource_slice.setdefault("spec", {}).get("devices") or ():
        for mapping in (device.get("nodeAllocatableResourceMappings") or {}).values():
            mapping.setdefault("allocationMultiplier", "1")


def _validate(resource_slice: Body) -> list[FieldError]:
    """Counters are named wherever there is a set of them."""
    spec = resource_slice["spec"]
    sets = {f"spec.sharedCounters[{i}]": counted for i, counted in enumerate(spec.get("sharedCounters") or ())}
    for i, device in enumerate(spec.get("devices") or ()):
        for j, counted in enumerate(device.get("consumesCounters") or ()):
            sets[f"spec.devices[{i}].consumesCounters[{j}]"] = counted
    return [required(f"{path}.counters") for path, counted in sets.items() if not counted.get("counters")]


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    for path in ("spec.pool.name", "spec.driver", "spec.nodeName"):
        immutable(path, lookup(new, path), lookup(old, path), errors)
    return errors


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
    validate=_validate,
    validate_update=_validate_update,
)
