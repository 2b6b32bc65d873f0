"""Validation of Jobs (upstream: batch/validation)."""

from __future__ import annotations

from kfast.api.batch.job_policies import validate_failure_policy, validate_success_policy
from kfast.api.field_errors import (
    IMMUTABLE,
    invalid,
    non_negative,
    not_supported,
    quoted,
    required,
    too_long,
)
from kfast.api.internal_form import internal
from kfast.api.kind import Body, FieldError
from kfast.api.label_selectors import is_well_formed, selector_matches, validate_selector
from kfast.api.pod_template import must_match, template_errors
from kfast.api.references import domain_prefixed_path
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
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_MAX_PARALLELISM = _MAX_FAILED = MANY_COMPLETIONS = 100_000
MANY_PODS = 10_000
_MAX_MANAGER = 63
_SCHEDULING = ("nodeSelector", "tolerations", "schedulingGates")
_LEGACY_LABELS = ("controller-uid", "job-name")


def _validate_many(spec: Body, path: str, errors: list[FieldError]) -> None:
    """Limits where so many indexes are tracked one by one."""
    failed, parallelism = spec.get("maxFailedIndexes"), spec.get("parallelism") or 0
    if failed is None:
        message = f"must be specified when completions is above {MANY_COMPLETIONS}"
        errors.append(required(f"{path}.maxFailedIndexes", message))
    for name, value in (("parallelism", parallelism), ("maxFailedIndexes", failed or 0)):
        if value > MANY_PODS:
            message = (
                f"must be less than or equal to {MANY_PODS} when completions are above {MANY_COMPLETIONS} and used "
                "with backoff limit per index"
            )
            errors.append(invalid(f"{path}.{name}", value, message))


def _validate_indexed(spec: Body, path: str, errors: list[FieldError]) -> None:
    completions, failed = spec.get("completions"), spec.get("maxFailedIndexes")
    if completions is None:
        errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
    parallelism = spec.get("parallelism") or 0
    if parallelism > _MAX_PARALLELISM:
        message = f"must be less than or equal to {_MAX_PARALLELISM} when completion mode is Indexed"
        errors.append(invalid(f"{path}.parallelism", parallelism, message))
    if completions is not None and failed is not None and failed > completions:
        errors.append(invalid(f"{path}.maxFailedIndexes", failed, "must be less than or equal to completions"))
    if failed is not None and failed > _MAX_FAILED:
        errors.append(invalid(f"{path}.maxFailedIndexes", failed, f"must be less than or equal to {_MAX_FAILED}"))
    if (completions or 0) > MANY_COMPLETIONS and spec.get("backoffLimitPerIndex") is not None:
        _validate_many(spec, path, errors)


def _validate_mode(spec: Body, path: str, errors: list[FieldError]) -> None:
    mode = spec.get("completionMode")
    if mode is not None and mode not in _MODES:
        errors.append(not_supported(f"{path}.completionMode", mode, _MODES))
    if mode == "Indexed":
        _validate_indexed(spec, path, errors)
    elif mode in ("NonIndexed", None):
        for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(field) is not None:
                errors.append(invalid(f"{path}.{field}", spec[field], "requires indexed completion mode"))


def _validate_policies(spec: Body, path: str, errors: list[FieldError]) -> None:
    if spec.get("podFailurePolicy") is not None:
        validate_failure_policy(spec, f"{path}.podFailurePolicy", errors)
    success = spec.get("successPolicy")
    if success is not None:
        if spec.get("completionMode") != "Indexed":
            shown = internal("batch.SuccessPolicy", success)
            errors.append(invalid(f"{path}.successPolicy", shown, "requires indexed completion mode"))
        else:
            completions = spec.get("completions") or 0
            validate_success_policy(success.get("rules") or (), completions, f"{path}.successPolicy.rules", errors)
    replacement = spec.get("podReplacementPolicy")
    allowed = _REPLACEMENTS if spec.get("podFailurePolicy") is None else _REPLACEMENTS[:1]
    if replacement is not None and replacement not in allowed:
        errors.append(not_supported(f"{path}.podReplacementPolicy", replacement, allowed))


def validate_job_spec(spec: Body, path: str, errors: list[FieldError]) -> None:
    """What Jobs and the templates of CronJobs must fulfil."""
    for field in _AMOUNTS:
        non_negative(f"{path}.{field}", spec.get(field), errors)
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        errors.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    manager = spec.get("managedBy")
    if manager is not None:
        domain_prefixed_path(manager, f"{path}.managedBy", errors)
        if len(manager.encode()) > _MAX_MANAGER:
            errors.append(too_long(f"{path}.managedBy", _MAX_MANAGER))
    _validate_mode(spec, path, errors)
    _validate_policies(spec, path, errors)
    template = spec["template"]
    errors += template_errors(template, f"{path}.template")
    policy, where = template["spec"]["restartPolicy"], f"{path}.template.spec.restartPolicy"
    if policy == "Always":
        errors.append(required(where, f"valid values: {quoted('OnFailure')}, {quoted('Never')}"))
    elif policy not in ("OnFailure", "Never"):
        errors.append(not_supported(where, policy, ("OnFailure", "Never")))
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        errors.append(invalid(where, policy, 'only "Never" is supported when podFailurePolicy is specified'))


def _validate_generated_selector(job: Body, prefixed: bool, errors: list[FieldError]) -> None:
    """Without manualSelector the labels and the selector are those the server generates; Jobs of old lack those with
    a prefix."""
    metadata, spec = job["metadata"], job["spec"]
    values = (metadata.get("uid", ""), metadata.get("name", ""))
    expected = dict(zip(_LEGACY_LABELS, values, strict=True))
    if prefixed:
        expected |= {f"batch.kubernetes.io/{label}": value for label, value in expected.items()}
    labels = spec["template"]["metadata"].get("labels") or {}
    path = "spec.template.metadata.labels"
    for key, value in expected.items():
        if key not in labels:
            errors.append(required(f"{path}[{key}]", f"must be '{value}'"))
        elif labels[key] != value:
            errors.append(invalid(f"{path}[{key}]", labels, f"must be '{value}'"))
    selector = spec.get("selector")
    if is_well_formed(selector) and not selector_matches(selector, expected):
        errors.append(invalid("spec.selector", internal("m.LabelSelector", selector), "`selector` not auto-generated"))


def validate_job(job: Body) -> list[FieldError]:
    """All rules of a Job, its selector generated."""
    return _validate_job(job, prefixed=True)


def _validate_job(job: Body, prefixed: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = job["spec"]
    if not spec.get("manualSelector") and spec.get("selector") is not None:
        _validate_generated_selector(job, prefixed, errors)
    _validate_own_spec(spec, errors)
    completions = spec.get("completions") or 0
    if spec.get("completionMode") == "Indexed" and completions > 0:
        host = f"{job['metadata'].get('name', '')}-{completions - 1}"
        if dns_label(host):
            message = f"will not able to create pod with invalid DNS label: {host}"
            errors.append(invalid("metadata.name", job["metadata"].get("name", ""), message))
    return errors


def _validate_own_spec(spec: Body, errors: list[FieldError]) -> None:
    validate_job_spec(spec, "spec", errors)
    selector = spec.get("selector")
    if selector is None:
        errors.append(required("spec.selector"))
    else:
        validate_selector(selector, "spec.selector", errors)
    if is_well_formed(selector):
        must_match(selector, spec["template"]["metadata"].get("labels"), errors)


def _mutable_template(old: Body) -> bool:
    """A suspended Job without running pods may change where its pods go and what they need."""
    status = old.get("status") or {}
    suspended = any(c.get("type") == "Suspended" and c.get("status") == "True" for c in status.get("conditions") or ())
    idle = not status.get("startTime") or suspended
    return bool(old["spec"].get("suspend")) and idle and not status.get("active")


def _with_directives(old: Body, new: Body) -> Body:
    """The old template with the new one's scheduling directives, labels and annotations."""
    metadata, spec = dict(old["metadata"]), dict(old["spec"])
    for target, source, keys in (
        (metadata, new["metadata"], ("labels", "annotations")),
        (spec, new["spec"], _SCHEDULING),
    ):
        for key in keys:
            target.pop(key, None)
            if source.get(key) is not None:
                target[key] = source[key]
    affinity, wanted = dict(spec.pop("affinity", None) or {}), new["spec"].get("affinity")
    affinity.pop("nodeAffinity", None)
    if (wanted or {}).get("nodeAffinity") is not None:
        affinity["nodeAffinity"] = wanted["nodeAffinity"]
    if affinity or wanted is not None:
        spec["affinity"] = affinity
    return {**old, "metadata": metadata, "spec": spec}


def _with_resources(old: Body, new: Body) -> Body:
    """The old pod with the resources of the new one's containers."""
    spec = dict(old)
    for key in ("containers", "initContainers"):
        before, after = old.get(key) or [], new.get(key) or []
        if before and len(before) == len(after):
            spec[key] = [
                {**one, "resources": other.get("resources")} if one.get("name") == other.get("name") else one
                for one, other in zip(before, after, strict=True)
            ]
    return spec


def _validate_template_update(new: Body, old: Body, errors: list[FieldError]) -> None:
    template, before = new["spec"]["template"], old["spec"]["template"]
    mutable = _mutable_template(old)
    if mutable:
        before = _with_directives(before, template)
        if template["spec"] != _with_resources(before["spec"], template["spec"]):
            errors.append(invalid("spec.template.spec", internal("core.PodSpec", template["spec"]), IMMUTABLE))
    elif template != before:
        errors.append(invalid("spec.template", internal("core.PodTemplateSpec", template), IMMUTABLE))


_FIXED = {
    "completionMode": "s",
    "podFailurePolicy": "batch.PodFailurePolicy",
    "backoffLimitPerIndex": "i",
    "managedBy": "s",
    "successPolicy": "batch.SuccessPolicy",
}


def validate_job_update(new: Body, old: Body) -> list[FieldError]:
    """Most of a Job is fixed."""
    labels = old["spec"]["template"]["metadata"].get("labels") or {}
    prefixed = all(f"batch.kubernetes.io/{label}" in labels for label in _LEGACY_LABELS)
    errors = _validate_job(new, prefixed)
    spec, before = new["spec"], old["spec"]
    _validate_own_spec(spec, errors)
    completions = spec.get("completions")
    if spec.get("completionMode") != "Indexed":
        if completions != before.get("completions"):
            errors.append(invalid("spec.completions", completions, IMMUTABLE))
    elif completions not in (before.get("completions"), None, spec.get("parallelism")):
        message = "can only be modified in tandem with spec.parallelism"
        errors.append(invalid("spec.completions", completions, message))
    selector = spec.get("selector")
    if selector != before.get("selector"):
        errors.append(invalid("spec.selector", internal("*m.LabelSelector", selector), IMMUTABLE))
    _validate_template_update(new, old, errors)
    for field, kind in _FIXED.items():
        if spec.get(field) != before.get(field):
            errors.append(invalid(f"spec.{field}", internal(f"*{kind}", spec.get(field)), IMMUTABLE))
    return errors
