"""What the status of a Job may become (upstream: batch/validation.ValidateJobStatusUpdate and the job strategy)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kfast.api.batch.job_indexes import count_indexes, overlap
from kfast.api.field_errors import duplicate, invalid, invalid_unshown, non_negative, required
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError

Status = dict[str, Any]

_CONDITIONS = "status.conditions"


def _is(status: Status, kind: str, value: str = "True") -> bool:
    return any(c.get("type") == kind and c.get("status") == value for c in status.get("conditions") or ())


def _finished(status: Status) -> bool:
    return _is(status, "Complete") or _is(status, "Failed")


class _Change:
    """Both statuses, and what of them differs."""

    def __init__(self, new: Body, old: Body) -> None:
        self.spec: Body = new["spec"]
        self.new: Status = new.get("status") or {}
        self.old: Status = old.get("status") or {}

    def field(self, *names: str) -> bool:
        return any((self.new.get(name) or None) != (self.old.get(name) or None) for name in names)

    def condition(self, *kinds: str) -> bool:
        return any(_is(self.new, kind) != _is(self.old, kind) for kind in kinds)

    @property
    def finished(self) -> bool:
        return _finished(self.new) != _finished(self.old)


def validate_job_status(new: Body, old: Body) -> list[FieldError]:
    """The rules of a status; most only where the update touches what they are about."""
    errors: list[FieldError] = []
    change = _Change(new, old)
    for name in ("active", "succeeded", "failed", "ready", "terminating"):
        non_negative(f"status.{name}", change.new.get(name), errors)
    _validate_uncounted(change.new, errors)
    _validate_completion(change, errors)
    _validate_finished(change, errors)
    _validate_indexes(change, errors)
    _validate_success(change, errors)
    _validate_transition(change, errors)
    return errors


def _validate_uncounted(status: Status, errors: list[FieldError]) -> None:
    seen: set[str] = set()
    for name in ("succeeded", "failed"):
        for index, uid in enumerate((status.get("uncountedTerminatedPods") or {}).get(name) or ()):
            path = f"status.uncountedTerminatedPods.{name}[{index}]"
            if not uid:
                errors.append(invalid(path, uid, "must not be empty"))
            elif uid in seen:
                errors.append(duplicate(path, uid))
            seen.add(uid)


def _validate_completion(change: _Change, errors: list[FieldError]) -> None:
    status, complete = change.new, _is(change.new, "Complete")
    start, end = status.get("startTime"), status.get("completionTime")
    if change.condition("Complete", "Failed") and complete and _is(status, "Failed"):
        errors.append(invalid_unshown(_CONDITIONS, "cannot set Complete=True and Failed=true conditions"))
    if change.condition("Complete", "FailureTarget") and complete and _is(status, "FailureTarget"):
        errors.append(invalid_unshown(_CONDITIONS, "cannot set Complete=True and FailureTarget=true conditions"))
    if change.condition("Complete") or change.field("completionTime"):
        if end and not complete:
            message = "cannot set completionTime when there is no Complete=True condition"
            errors.append(invalid("status.completionTime", end, message))
        if complete and not end:
            errors.append(required("status.completionTime", "completionTime is required for Complete jobs"))
    if change.field("startTime", "completionTime") and start and end and _time(end) < _time(start):
        errors.append(invalid("status.completionTime", end, "must be equal to or after `startTime`"))
    failed = change.condition("Failed") or change.field("failedIndexes")
    if failed and _is(status, "Failed") and not _is(status, "FailureTarget"):
        message = "cannot set Failed=True condition without the FailureTarget=true condition"
        errors.append(invalid_unshown(_CONDITIONS, message))
    if change.condition("Complete", "SuccessCriteriaMet") and complete and not _is(status, "SuccessCriteriaMet"):
        message = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        errors.append(invalid_unshown(_CONDITIONS, message))


def _time(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp)


def _validate_finished(change: _Change, errors: list[FieldError]) -> None:
    status, spec = change.new, change.spec
    if not _finished(status):
        return
    active, uncounted = status.get("active") or 0, status.get("uncountedTerminatedPods") or {}
    if (change.finished or change.field("active")) and active > 0:
        errors.append(invalid("status.active", active, "active>0 is invalid for finished job"))
    idle = spec.get("suspend") is True and spec.get("completions") == 0
    if (change.finished or change.field("startTime")) and not idle and not status.get("startTime"):
        errors.append(required("status.startTime", "startTime is required for finished job"))
    touched = change.finished or change.field("uncountedTerminatedPods")
    if touched and (uncounted.get("failed") or uncounted.get("succeeded")):
        shown = internal("batch.UncountedTerminatedPods", uncounted)
        errors.append(invalid("status.uncountedTerminatedPods", shown, "must be empty for finished job"))


def _validate_indexes(change: _Change, errors: list[FieldError]) -> None:
    status, spec = change.new, change.spec
    completed, failed, completions = status.get("completedIndexes") or "", status.get("failedIndexes"), None
    completions, per_index = spec.get("completions"), spec.get("backoffLimitPerIndex") is not None
    new_completed, new_failed = change.field("completedIndexes"), change.field("failedIndexes")
    if completions is not None:
        for name, text, touched in (
            ("completedIndexes", completed, new_completed),
            ("failedIndexes", failed, new_failed and per_index),
        ):
            if touched and text is not None:
                try:
                    count_indexes(text, completions)
                except ValueError as error:
                    errors.append(invalid(f"status.{name}", text, f"error parsing {name}: {error}"))
    if new_completed and completed and spec.get("completionMode") != "Indexed":
        message = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errors.append(invalid("status.completedIndexes", completed, message))
    if new_failed and not per_index and failed is not None:
        message = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errors.append(invalid("status.failedIndexes", failed, message))
    if (new_failed or new_completed) and completions is not None and failed is not None:
        common = overlap(completed, failed, completions)
        if common is not None:
            message = f"failedIndexes and completedIndexes overlap at index: {common}"
            errors.append(invalid("status.failedIndexes", failed, message))
    terminating, ready = status.get("terminating") or 0, status.get("ready") or 0
    if (change.finished or change.field("terminating")) and terminating > 0 and _finished(status):
        errors.append(invalid("status.terminating", terminating, "terminating>0 is invalid for finished job"))
    if change.field("ready", "active") and ready > (status.get("active") or 0):
        errors.append(invalid("status.ready", ready, "cannot set more ready pods than active"))


def _validate_success(change: _Change, errors: list[FieldError]) -> None:
    status = change.new
    met = _is(status, "SuccessCriteriaMet")
    if met and _is(status, "Failed"):
        errors.append(invalid_unshown(_CONDITIONS, "cannot set SuccessCriteriaMet=True and Failed=true conditions"))
    if met and _is(status, "FailureTarget"):
        message = "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"
        errors.append(invalid_unshown(_CONDITIONS, message))
    if change.spec.get("successPolicy") is not None and not met and _is(status, "Complete"):
        message = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        errors.append(invalid_unshown(_CONDITIONS, message))


def _validate_transition(change: _Change, errors: list[FieldError]) -> None:
    status, old, spec = change.new, change.old, change.spec
    for kind in ("Failed", "Complete", "FailureTarget"):
        if _is(old, kind) and not _is(status, kind):
            errors.append(invalid_unshown(_CONDITIONS, f"cannot disable the terminal {kind}=True condition"))
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    for name in ("failed",) if elastic else ("failed", "succeeded"):
        if (status.get(name) or 0) < (old.get(name) or 0):
            errors.append(invalid(f"status.{name}", status.get(name) or 0, f"cannot decrease the {name} counter"))
    end, previous = status.get("completionTime"), old.get("completionTime")
    if end and previous and end != previous:
        errors.append(invalid("status.completionTime", end, "field is immutable"))
    resuming = _is(old, "Suspended") and _is(status, "Suspended", "False")
    if old.get("startTime") and change.field("startTime") and not resuming and not spec.get("suspend"):
        message = "field is immutable for unsuspended job once set"
        errors.append(invalid("status.startTime", status.get("startTime"), message))
    if _is(old, "SuccessCriteriaMet") and not _is(status, "SuccessCriteriaMet"):
        errors.append(invalid_unshown(_CONDITIONS, "cannot disable the SuccessCriteriaMet=True condition"))
    if _is(old, "Complete") and change.condition("SuccessCriteriaMet") and _is(status, "SuccessCriteriaMet"):
        message = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        errors.append(invalid_unshown(_CONDITIONS, message))
