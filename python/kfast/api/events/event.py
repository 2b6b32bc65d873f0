"""Event of events.k8s.io: the same objects as core Events, other field names (upstream: events/v1 conversion)."""

from __future__ import annotations

from kfast._core import EventRules
from kfast.api.core.event import COLUMNS
from kfast.api.core.event_validation import validate_complete_event, validate_event, validate_event_update
from kfast.api.kind import Body, Cell, Column, FieldError, Kind, SelectableField

_TO_CORE = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_FROM_CORE = {core: name for name, core in _TO_CORE.items()}
_REGARDING = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def _to_storage(event: Body) -> Body:
    core = {_TO_CORE.get(name, name): value for name, value in event.items()}
    core["apiVersion"] = "v1"
    core.setdefault("involvedObject", {})
    return core


def _from_storage(core: Body) -> Body:
    event = {_FROM_CORE.get(name, name): value for name, value in core.items()}
    event["apiVersion"] = "events.k8s.io/v1"
    if event.get("series") is not None:  # required here, left out of the core form where they are zero
        event["series"] = {"count": 0, "lastObservedTime": None, **event["series"]}
    return event


def _defaults(event: Body) -> None:
    event.setdefault("deprecatedSource", {})


def _validate(event: Body) -> list[FieldError]:
    core = _to_storage(event)
    return validate_event(core, "reportingController") + validate_complete_event(core)


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    core = _to_storage(new)
    return validate_event(core, "reportingController") + validate_event_update(core, _to_storage(old))


def _of_core(column: Column) -> Column:
    compute = column.value
    if isinstance(compute, str):
        return column

    def value(event: Body, now: float) -> Cell:
        return compute(_to_storage(event), now)

    return Column(column.name, value, column.type, column.priority, column.format, column.description)


KIND = Kind(
    group="events.k8s.io",
    version="v1",
    kind="Event",
    plural="events",
    short_names=("ev",),
    columns=tuple(_of_core(column) for column in COLUMNS),
    fields=(
        *(SelectableField(f"regarding.{name}", f"involvedObject.{name}") for name in _REGARDING),
        SelectableField("reason", "reason"),
        SelectableField("reportingController", "reportingComponent"),
        SelectableField("type", "type"),
    ),
    has_generation=False,
    create_on_update=True,
    defaults=_defaults,
    prepare_bodies=EventRules(core=False).prepare,
    validate=_validate,
    validates_on_update=False,
    validate_update=_validate_update,
    storage="v1",
    from_storage=_from_storage,
    to_storage=_to_storage,
)
"""The paths of `fields` are those of the stored, core form."""
