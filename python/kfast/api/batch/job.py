"""Job."""

from __future__ import annotations

from kfast.api.batch.job_spec import crowd_warnings, default_job_spec
from kfast.api.batch.job_status_validation import validate_job_status
from kfast.api.batch.job_validation import validate_job, validate_job_update
from kfast.api.columns import AGE, NAME, container_columns, epoch, has_condition, human_duration, label_selector, lookup
from kfast.api.kind import Body, Cell, Column, DeleteDefaults, Kind, SelectableField, Subresource
from kfast.api.pod_template import name_warnings, template_warnings

_NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")
_UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
_STATES = (
    ("Suspended", "Suspended"),
    ("FailureTarget", "FailureTarget"),
    ("SuccessCriteriaMet", "SuccessCriteriaMet"),
)


_PODS_STAY = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)


def _defaults(job: Body) -> None:
    spec = job.setdefault("spec", {})
    default_job_spec(spec)
    _default_labels(job)


def _default_labels(job: Body) -> None:
    labels = lookup(job, "spec.template.metadata.labels")
    if labels is not None and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = labels  # one map: what is generated for the one is in the other


def _prepare_create(job: Body) -> None:
    """Needs metadata.uid and name: the generated selector rests on them."""
    job["status"] = {}
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    template = spec["template"]["metadata"]
    labels = template["labels"] = template.get("labels") or {}
    for label in _NAME_LABELS:
        labels.setdefault(label, metadata.get("name", ""))
    for label in _UID_LABELS:
        labels.setdefault(label, metadata.get("uid", ""))
    selector = spec["selector"] = dict(spec.get("selector") or {})
    matched = selector["matchLabels"] = dict(selector.get("matchLabels") or {})
    matched.setdefault(_UID_LABELS[1], metadata.get("uid", ""))
    _default_labels(job)


def _warnings(job: Body) -> list[str]:
    return name_warnings(job) + crowd_warnings(job["spec"], "spec") + template_warnings(job)


def _update_warnings(new: Body, old: Body) -> list[str]:
    same = new["metadata"].get("generation") == old["metadata"].get("generation")
    return [] if same else crowd_warnings(new["spec"], "spec") + template_warnings(new)


def _status(job: Body, _: float) -> Cell:
    if has_condition(job, "Complete"):
        return "Complete"
    if has_condition(job, "Failed"):
        return "Failed"
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((word for kind, word in _STATES if has_condition(job, kind)), "Running")


def _completions(job: Body, _: float) -> Cell:
    succeeded, wanted = lookup(job, "status.succeeded") or 0, lookup(job, "spec.completions")
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    parallelism = lookup(job, "spec.parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(job: Body, now: float) -> Cell:
    start, end = lookup(job, "status.startTime"), lookup(job, "status.completionTime")
    return human_duration((epoch(end) if end else now) - epoch(start)) if start else ""


KIND = Kind(
    group="batch",
    version="v1",
    kind="Job",
    plural="jobs",
    categories=("all",),
    subresources=(Subresource("status", defaults=_default_labels, validate=validate_job_status),),
    columns=(
        NAME,
        Column("Status", _status, description="Status of the job."),
        Column("Completions", _completions),
        Column("Duration", _duration, description="Time required to complete the job."),
        AGE,
        *container_columns("spec.template.spec"),
        Column("Selector", label_selector("spec.selector"), priority=1),
    ),
    fields=(SelectableField("status.successful", "status.succeeded", "0"),),
    delete=DeleteDefaults(propagation="Orphan", warning=_PODS_STAY),
    defaults=_defaults,
    prepare_create=_prepare_create,
    warnings=_warnings,
    update_warnings=_update_warnings,
    validate=validate_job,
    validates_on_update=False,
    metadata_on_update=("create", "update"),
    validate_update=validate_job_update,
)
