"""CronJob."""

from __future__ import annotations

from kfast.api.batch.job_spec import default_job_template
from kfast.api.columns import AGE, NAME, NONE, UNSET, container_columns, label_selector, lookup, since, size, text
from kfast.api.kind import STATUS, Body, Cell, Column, Kind


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
)
