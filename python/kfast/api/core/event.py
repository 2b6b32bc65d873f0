"""Event of the core group: the storage version of both event kinds."""

from __future__ import annotations

from kfast._core import EventRules
from kfast.api.columns import lookup, since, text
from kfast.api.core.event_validation import validate_event
from kfast.api.kind import Body, Cell, Column, FieldError, Kind, SelectableField

_REGARDING = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def _defaults(event: Body) -> None:
    event.setdefault("source", {})


def _validate(event: Body) -> list[FieldError]:
    return validate_event(event, "reportingComponent")


def _first(event: Body, now: float) -> str:
    return since(event.get("firstTimestamp") or event.get("eventTime"), now)


def _first_seen(event: Body, now: float) -> Cell:
    return _first(event, now)


def _last_seen(event: Body, now: float) -> Cell:
    series = event.get("series")
    if series is not None:
        return since(series.get("lastObservedTime"), now)
    last = event.get("lastTimestamp")
    return since(last, now) if last else _first(event, now)


def _count(event: Body, _: float) -> Cell:
    series = event.get("series")
    return (series.get("count") or 0) if series is not None else event.get("count") or 1


def _object(event: Body, _: float) -> Cell:
    involved = event.get("involvedObject") or {}
    kind = (involved.get("kind") or "").lower()
    return f"{kind}/{involved['name']}" if involved.get("name") else kind


def _source(event: Body, _: float) -> Cell:
    component = lookup(event, "source.component") or event.get("reportingComponent") or ""
    instance = lookup(event, "source.host") or event.get("reportingInstance")
    return f"{component}, {instance}" if instance else component


def _message(event: Body, _: float) -> Cell:
    return (event.get("message") or "").strip()


COLUMNS = (
    Column("Last Seen", _last_seen),
    Column("Type", text("type")),
    Column("Reason", text("reason")),
    Column("Object", _object),
    Column("Subobject", text("involvedObject.fieldPath"), priority=1),
    Column("Source", _source, priority=1),
    Column("Message", _message),
    Column("First Seen", _first_seen, priority=1),
    Column("Count", _count, priority=1),
    Column("Name", "metadata.name", priority=1, format="name"),
)

KIND = Kind(
    group="",
    version="v1",
    kind="Event",
    plural="events",
    short_names=("ev",),
    columns=COLUMNS,
    fields=(
        *(SelectableField(f"involvedObject.{name}", f"involvedObject.{name}") for name in _REGARDING),
        SelectableField("reason", "reason"),
        SelectableField("reportingComponent", "reportingComponent"),
        SelectableField("source", "source.component|reportingComponent"),
        SelectableField("type", "type"),
    ),
    has_generation=False,
    create_on_update=True,
    defaults=_defaults,
    prepare_bodies=EventRules(core=True).prepare,
    name_rule="generic",
    metadata_on_update=(),
    validate=_validate,
)
