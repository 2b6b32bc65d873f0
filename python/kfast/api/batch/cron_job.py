"""CronJob."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from kfast.api.batch.cron_schedule import parse_schedule
from kfast.api.batch.job_spec import default_job_template
from kfast.api.batch.job_validation import validate_job_spec
from kfast.api.columns import AGE, NAME, NONE, UNSET, container_columns, label_selector, lookup, since, size, text
from kfast.api.field_errors import invalid, non_negative, not_supported, required
from kfast.api.kind import STATUS, Body, Cell, Column, FieldError, Kind
from kfast.api.pod_template import name_warnings, template_rules

_POLICIES = ("Allow", "Forbid", "Replace")
_LONGEST_NAME = 52


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


def _validate_schedule(spec: Body, errors: list[FieldError]) -> None:
    schedule, zone = spec.get("schedule") or "", spec.get("timeZone")
    if not schedule:
        errors.append(required("spec.schedule"))
    elif "TZ" in schedule:
        message = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(invalid("spec.schedule", schedule, message))
    else:
        try:
            parse_schedule(schedule)
        except ValueError as error:
            errors.append(invalid("spec.schedule", schedule, str(error)))
    if zone == "":
        errors.append(invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string"))
    elif zone is not None:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError):
            errors.append(invalid("spec.timeZone", zone, f"unknown time zone {zone}"))


def _validate(cron_job: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = cron_job["spec"]
    _validate_schedule(spec, errors)
    policy = spec["concurrencyPolicy"]
    if policy not in _POLICIES:
        errors.append(not_supported("spec.concurrencyPolicy", policy, _POLICIES))
    for field in ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        non_negative(f"spec.{field}", spec.get(field), errors)
    validate_job_spec(spec["jobTemplate"]["spec"], "spec.jobTemplate.spec", errors)
    name = cron_job["metadata"].get("name", "")
    if len(name) > _LONGEST_NAME:
        errors.append(invalid("metadata.name", name, f"must be no more than {_LONGEST_NAME} characters"))
    return errors


def _warnings(cron_job: Body) -> list[str]:
    template = cron_job["spec"]["jobTemplate"]["spec"]["template"]
    return name_warnings(cron_job) + template_rules().warnings(template, "spec.jobTemplate.spec.template")


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
    warnings=_warnings,
)
