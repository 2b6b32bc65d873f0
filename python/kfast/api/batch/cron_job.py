"""CronJob."""

from __future__ import annotations

import re

from kfast._core import check_time_zone
from kfast.api.batch.cron_schedule import parse_schedule
from kfast.api.batch.job_spec import crowd_warnings, default_job_template
from kfast.api.batch.job_validation import validate_job_spec
from kfast.api.columns import AGE, NAME, NONE, UNSET, container_columns, label_selector, lookup, since, size, text
from kfast.api.field_errors import invalid, non_negative, not_supported, required
from kfast.api.internal_form import internal
from kfast.api.kind import STATUS, Body, Cell, Column, FieldError, Kind
from kfast.api.pod_template import name_warnings, template_rules

_POLICIES = ("Allow", "Forbid", "Replace")
_LONGEST_NAME = 52
_ZONE_PART = re.compile(r"(?!-)[A-Za-z.\-_0-9+]{1,14}")
_ZONE_WARNING = (
    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
    "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)


def _defaults(cron_job: Body) -> None:
    spec = cron_job.setdefault("spec", {})
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    default_job_template(template.setdefault("spec", {}))
    if not spec.get("concurrencyPolicy"):
        spec["concurrencyPolicy"] = "Allow"
    if spec.get("suspend") is None:
        spec["suspend"] = False
    if spec.get("successfulJobsHistoryLimit") is None:
        spec["successfulJobsHistoryLimit"] = 3
    if spec.get("failedJobsHistoryLimit") is None:
        spec["failedJobsHistoryLimit"] = 1


def _validate_schedule(spec: Body, old_zone: bool, errors: list[FieldError]) -> None:
    """A time zone in the schedule is a matter of old objects."""
    schedule, zone = spec.get("schedule") or "", spec.get("timeZone")
    if not schedule:
        errors.append(required("spec.schedule"))
    else:
        try:
            parse_schedule(schedule)
        except ValueError as error:
            errors.append(invalid("spec.schedule", schedule, str(error)))
        if "TZ" in schedule and not old_zone:
            message = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            errors.append(invalid("spec.schedule", schedule, message))
        elif "TZ" in schedule and zone is not None:
            message = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
            errors.append(invalid("spec.schedule", schedule, message))


def _validate_zone(zone: str | None, errors: list[FieldError]) -> None:
    if zone is None:
        return
    path = "spec.timeZone"
    if not zone:
        errors.append(invalid(path, zone, "timeZone must be nil or non-empty string"))
        return
    if any(part in (".", "..") or not _ZONE_PART.fullmatch(part) for part in zone.split("/")):
        errors.append(invalid(path, zone, f"unknown time zone {zone}"))
        return
    if zone.lower() == "local":
        message = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        errors.append(invalid(path, zone, message))
    try:
        check_time_zone(zone)
    except ValueError as error:
        errors.append(invalid(path, zone, str(error)))


def _validate_spec(spec: Body, old: Body | None) -> list[FieldError]:
    errors: list[FieldError] = []
    _validate_schedule(spec, old is not None and "TZ" in old["schedule"], errors)
    non_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"), errors)
    if old is None or old.get("timeZone") != spec.get("timeZone"):
        _validate_zone(spec.get("timeZone"), errors)
    policy = spec["concurrencyPolicy"]
    if policy not in _POLICIES:
        errors.append(not_supported("spec.concurrencyPolicy", policy, _POLICIES))
    job, path = spec["jobTemplate"]["spec"], "spec.jobTemplate.spec"
    validate_job_spec(job, path, errors)
    if job.get("selector") is not None:
        shown = internal("m.LabelSelector", job["selector"])
        errors.append(invalid(f"{path}.selector", shown, "`selector` will be auto-generated"))
    if job.get("manualSelector"):
        errors.append(not_supported(f"{path}.manualSelector", True, ("nil", "false")))
    for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        non_negative(f"spec.{field}", spec.get(field), errors)
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    return _validate_spec(new["spec"], old["spec"])


def _validate(cron_job: Body) -> list[FieldError]:
    errors = _validate_spec(cron_job["spec"], None)
    name = cron_job["metadata"].get("name", "")
    if len(name) > _LONGEST_NAME:
        errors.append(invalid("metadata.name", name, f"must be no more than {_LONGEST_NAME} characters"))
    return errors


def _warnings(cron_job: Body) -> list[str]:
    return name_warnings(cron_job) + _job_warnings(cron_job)


def _job_warnings(cron_job: Body) -> list[str]:
    spec, path = cron_job["spec"]["jobTemplate"]["spec"], "spec.jobTemplate.spec"
    return crowd_warnings(spec, path) + template_rules().warnings(spec["template"], f"{path}.template")


def _update_warnings(new: Body, old: Body) -> list[str]:
    same = new["metadata"].get("generation") == old["metadata"].get("generation")
    return ([] if same else _job_warnings(new)) + [_ZONE_WARNING] * ("TZ" in new["spec"]["schedule"])


def _prepare_create(cron_job: Body) -> None:
    cron_job["status"] = {}


def _suspended(cron_job: Body, _: float) -> Cell:
    suspend = lookup(cron_job, "spec.suspend")
    return UNSET if suspend is None else "True" if suspend else "False"


def _last_schedule(cron_job: Body, now: float) -> Cell:
    last = lookup(cron_job, "status.lastScheduleTime")
    return since(last, now) if last else NONE


KIND = Kind(
    group="batch",
    version="v1",
    kind="CronJob",
    plural="cronjobs",
    short_names=("cj",),
    categories=("all",),
    subresources=(STATUS,),
    columns=(
        NAME,
        Column("Schedule", text("spec.schedule")),
        Column("Timezone", text("spec.timeZone", NONE)),
        Column("Suspend", _suspended, type="boolean"),
        Column("Active", size("status.active"), type="integer"),
        Column("Last Schedule", _last_schedule),
        AGE,
        *container_columns("spec.jobTemplate.spec.template.spec"),
        Column("Selector", label_selector("spec.jobTemplate.spec.selector"), priority=1),
    ),
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=_validate,
    validates_on_update=False,
    validate_update=_validate_update,
    warnings=_warnings,
    update_warnings=_update_warnings,
)
