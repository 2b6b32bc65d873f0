"""Validation of Events of both groups, in their core form (upstream: core/validation/events.go)."""

from __future__ import annotations

from kfast.api.field_errors import IMMUTABLE, invalid, required
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, qualified_name

_LIMITS = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}
_MISMATCH = "does not match event.namespace"
_FIXED = ("involvedObject", "reason", "action", "reportingInstance", "type", "related")


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
    errors.extend(required(field) for field in ("reportingInstance", "action", "reason") if not event.get(field))
    for field, limit in _LIMITS.items():
        if len(event.get(field) or "") > limit:
            errors.append(invalid(field, "", f"can have at most {limit} characters"))
    return errors


def validate_event_update(new: Body, old: Body) -> list[FieldError]:
    """What an event is about never changes."""
    return [
        invalid(field, new.get(field), IMMUTABLE)
        for field in _FIXED
        if (new.get(field) or None) != (old.get(field) or None)
    ]
