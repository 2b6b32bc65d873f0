"""Validation of Jobs (upstream: batch/validation)."""

from __future__ import annotations

from kfast.api.field_errors import immutable, invalid, non_negative, not_supported, quoted, required
from kfast.api.kind import Body, FieldError
from kfast.api.label_selectors import selector_matches, validate_selector
from kfast.api.pod_template import template_errors
from kfast.meta.names import dns_label

_AMOUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_MODES = ("NonIndexed", "Indexed")
_MAX_PARALLELISM = 100_000
_MUTABLE_WHILE_SUSPENDED = ("nodeSelector", "tolerations", "schedulingGates", "affinity")


def _validate_mode(spec: Body, path: str, errors: list[FieldError]) -> None:
    mode = spec.get("completionMode") or "NonIndexed"
    if mode not in _MODES:
        errors.append(not_supported(f"{path}.completionMode", mode, _MODES))
    elif mode == "Indexed":
        if spec.get("completions") is None:
            errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
        parallelism = spec.get("parallelism") or 0
        if parallelism > _MAX_PARALLELISM:
            message = f"must be less than or equal to {_MAX_PARALLELISM} when completion mode is Indexed"
            errors.append(invalid(f"{path}.parallelism", parallelism, message))
    else:
        for field in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
            if spec.get(field) is not None:
                errors.append(invalid(f"{path}.{field}", spec[field], "requires indexed completion mode"))
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        errors.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))


def validate_job_spec(spec: Body, path: str, errors: list[FieldError]) -> None:
    """What Jobs and the templates of CronJobs must fulfil."""
    for field in _AMOUNTS:
        non_negative(f"{path}.{field}", spec.get(field), errors)
    _validate_mode(spec, path, errors)
    replacement = spec.get("podReplacementPolicy")
    if replacement not in (None, "Failed", "TerminatingOrFailed"):
        where = f"{path}.podReplacementPolicy"
        errors.append(not_supported(where, replacement, ("Failed", "TerminatingOrFailed")))
    template = spec["template"]
    errors += template_errors(template, f"{path}.template")
    policy, where = template["spec"]["restartPolicy"], f"{path}.template.spec.restartPolicy"
    if policy == "Always":
        errors.append(required(where, f"valid values: {quoted('OnFailure')}, {quoted('Never')}"))
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        errors.append(invalid(where, policy, 'only "Never" is supported when podFailurePolicy is specified'))


def _validate_generated_selector(job: Body, errors: list[FieldError]) -> None:
    """Without manualSelector the labels and the selector are those the server generates."""
    metadata, spec = job["metadata"], job["spec"]
    name, uid = metadata.get("name", ""), metadata.get("uid", "")
    expected = {
        "controller-uid": uid,
        "job-name": name,
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
    }
    labels = spec["template"]["metadata"].get("labels") or {}
    for key, value in expected.items():
        path = f"spec.template.metadata.labels[{key}]"
        if key not in labels:
            errors.append(required(path, f"must be '{value}'"))
        elif labels[key] != value:
            errors.append(invalid(path, labels, f"must be '{value}'"))
    if not selector_matches(spec.get("selector"), expected):
        errors.append(invalid("spec.selector", spec.get("selector"), "`selector` not auto-generated"))


def validate_job(job: Body) -> list[FieldError]:
    """All rules of a Job, its selector generated."""
    errors: list[FieldError] = []
    spec = job["spec"]
    if not spec.get("manualSelector") and spec.get("selector") is not None:
        _validate_generated_selector(job, errors)
    validate_job_spec(spec, "spec", errors)
    selector, labels = spec.get("selector"), spec["template"]["metadata"].get("labels")
    if selector is None:
        errors.append(required("spec.selector"))
    else:
        validate_selector(selector, "spec.selector", errors)
        if not selector_matches(selector, labels):
            path = "spec.template.metadata.labels"
            errors.append(invalid(path, labels, "`selector` does not match template `labels`"))
    completions = spec.get("completions") or 0
    if spec.get("completionMode") == "Indexed" and completions > 0:
        host = f"{job['metadata'].get('name', '')}-{completions - 1}"
        if dns_label(host):
            message = f"will not able to create pod with invalid DNS label: {host}"
            errors.append(invalid("metadata.name", job["metadata"].get("name", ""), message))
    return errors


def _template_without_directives(template: Body) -> Body:
    spec = {key: value for key, value in template["spec"].items() if key not in _MUTABLE_WHILE_SUSPENDED}
    return {"spec": spec}


def validate_job_update(new: Body, old: Body) -> list[FieldError]:
    """Most of a Job is fixed; a suspended one that never ran may change where its pods go."""
    errors: list[FieldError] = []
    spec, before = new["spec"], old["spec"]
    completions = spec.get("completions")
    if spec.get("completionMode") != "Indexed":
        immutable("spec.completions", completions, before.get("completions"), errors)
    elif completions not in (before.get("completions"), None, spec.get("parallelism")):
        message = "can only be modified in tandem with spec.parallelism"
        errors.append(invalid("spec.completions", completions, message))
    immutable("spec.selector", spec.get("selector"), before.get("selector"), errors)
    template, previous = spec["template"], before["template"]
    if before.get("suspend") and not (old.get("status") or {}).get("startTime"):
        if _template_without_directives(template) != _template_without_directives(previous):
            errors.append(invalid("spec.template", template, "field is immutable"))
    else:
        immutable("spec.template", template, previous, errors)
    for field in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        immutable(f"spec.{field}", spec.get(field), before.get(field), errors)
    return errors
