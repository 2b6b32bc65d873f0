"""Validation of Events of both groups, in their core form (upstream: core/validation/events.go)."""

from __future__ import annotations

from kfast.api.field_errors import IMMUTABLE, invalid, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, qualified_name

_LIMITS = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}
_MISMATCH = "does not match event.namespace"
_FIXED = (
    ("involvedObject", "core.ObjectReference"),
    ("reason", "s"),
    ("message", "s"),
    ("source", "core.EventSource"),
    ("firstTimestamp", "?"),
    ("lastTimestamp", "?"),
    ("count", "i"),
    ("reason", "s"),
    ("type", "s"),
    ("eventTime", "?"),
    ("action", "s"),
    ("related", "*core.ObjectReference"),
    ("reportingController", "s"),
    ("reportingInstance", "s"),
)


def validate_event(event: Body, reporter: str) -> list[FieldError]:
    """Old-style events need only their namespace right; those with an eventTime are complete.

    `reporter` is the reporting controller's field name in the group the request came in.
    """
    errors: list[FieldError] = []
    namespace = event["metadata"].get("namespace") or ""
    involved = (event.get("involvedObject") or {}).get("namespace") or ""
    if not event.get("eventTime"):
        if (involved or namespace != "default") and namespace != involved:
            errors.append(invalid("involvedObject.namespace", involved, _MISMATCH))
        return errors
    if not involved and namespace not in ("default", "kube-system"):
        errors.append(invalid("involvedObject.namespace", involved, _MISMATCH))
    controller = event.get("reportingComponent") or ""
    if not controller:
        errors.append(required(reporter))
    check(qualified_name, controller, reporter, errors)
    for field, limit in _LIMITS.items():
        text = event.get(field) or ""
        if not text and field != "message":
            errors.append(required(field))
        if len(text.encode()) > limit:
            errors.append(invalid(field, "", f"can have at most {limit} characters"))
    return errors


def _validate_series(event: Body) -> list[FieldError]:
    series, errors = event.get("series"), []
    if series is not None:
        if (series.get("count") or 0) < 2:
            errors.append(invalid("series.count", "", "should be at least 2"))
        if not series.get("lastObservedTime"):
            errors.append(required("series.lastObservedTime"))
    return errors


def validate_complete_event(event: Body) -> list[FieldError]:
    """What events.k8s.io asks for besides: nothing of the older form."""
    errors = _validate_series(event)
    if not event.get("eventTime"):
        errors.append(required("eventTime"))
    if event.get("type") not in ("Normal", "Warning"):
        errors.append(invalid("type", "", f"has invalid value: {event.get('type') or ''}"))
    source = event.get("source") or {}
    for field, given in (
        ("firstTimestamp", event.get("firstTimestamp")),
        ("lastTimestamp", event.get("lastTimestamp")),
        ("count", event.get("count")),
        ("source", source.get("component") or source.get("host")),
    ):
        if given:
            errors.append(invalid(field, "", "needs to be unset"))
    return errors


def validate_event_update(new: Body, old: Body) -> list[FieldError]:
    """What an event is about never changes."""
    errors = [] if new.get("series") == old.get("series") else _validate_series(new)
    for field, kind in _FIXED:
        name = "reportingComponent" if field == "reportingController" else field
        if (new.get(name) or None) != (old.get(name) or None):
            errors.append(invalid(field, internal(kind, new.get(name)), IMMUTABLE))
    return errors
