"""The pod templates of workloads, and the selectors that must match them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from kfast._core import TemplateRules
from kfast.api.field_errors import IMMUTABLE, forbidden, invalid, non_negative, not_supported, required
from kfast.api.internal_form import internal
from kfast.api.kind import FieldError
from kfast.api.label_selectors import is_empty, is_well_formed, selector_matches, validate_selector
from kfast.api.schema import load_schema

Spec = dict[str, Any]

_PERCENT = re.compile(r"[0-9]+%")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
_PERCENT_RULE = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


@cache
def template_rules() -> TemplateRules:
    """The rules of pod templates, in Rust."""
    return TemplateRules(load_schema())


def replace(body: Spec, other: Spec) -> None:
    """Makes a dict what another is, in place."""
    body.clear()
    body.update(other)


def default_template(template: Spec | None) -> None:
    """Fills the defaults of a pod template."""
    if template is not None:
        replace(template, template_rules().defaults(template))


def default_claim_spec(spec: Spec) -> None:
    """Fills the defaults of a PersistentVolumeClaim's spec."""
    replace(spec, template_rules().claim_defaults(spec))


def template_errors(template: Spec, path: str) -> list[FieldError]:
    """What is wrong with a template, defaults filled in."""
    return [FieldError(*violation) for violation in template_rules().validate(template, path)]


def toleration_errors(tolerations: list[Spec], path: str) -> list[FieldError]:
    """What is wrong with tolerations outside a pod."""
    return _errors_of_part({"tolerations": tolerations}, "tolerations", path)


def node_selector_errors(selector: Spec, path: str) -> list[FieldError]:
    """What is wrong with a node selector outside a pod."""
    field = "requiredDuringSchedulingIgnoredDuringExecution"
    return _errors_of_part({"affinity": {"nodeAffinity": {field: selector}}}, f"affinity.nodeAffinity.{field}", path)


def _errors_of_part(part: Spec, field: str, path: str) -> list[FieldError]:
    """The errors of a pod that has only this part."""
    pod: Spec = {"spec": {"containers": [{"name": "c", "image": "i"}], **part}}
    default_template(pod)
    inside = f"x.spec.{field}"
    return [
        FieldError(path + error.path.removeprefix(inside), error.reason, error.message)
        for error in template_errors(pod, "x")
        if error.path.startswith(inside)
    ]


def validate_template(template: Spec, path: str, errors: list[FieldError], restart_policies: Iterable[str]) -> None:
    """All rules of a template; its restart policy must be one of those given."""
    errors += template_errors(template, path)
    allowed = tuple(restart_policies)
    if template["spec"]["restartPolicy"] not in allowed:
        errors.append(not_supported(f"{path}.spec.restartPolicy", template["spec"]["restartPolicy"], allowed))


def template_warnings(workload: Spec) -> list[str]:
    """Warnings about the pod template at `spec.template`."""
    return template_rules().warnings(workload["spec"]["template"], "spec.template")


def name_warnings(workload: Spec) -> list[str]:
    """A name that is no DNS label is awkward where pods' names and host names come from it."""
    return template_rules().name_warnings(workload["metadata"].get("name") or "", "Pod names and hostnames")


def changed_template_warnings(new: Spec, old: Spec) -> list[str]:
    """Warnings about the template of a workload that changed."""
    same = new["metadata"].get("generation") == old["metadata"].get("generation")
    return [] if same else template_warnings(new)


def workload_warnings(workload: Spec) -> list[str]:
    """Warnings about a workload whose pods take their names from it, and about its template."""
    return name_warnings(workload) + template_warnings(workload)


def require_selector(spec: Spec, errors: list[FieldError], word: str) -> None:
    """The selector of an apps/v1 workload: there, well-formed, not empty; the word names the kind in the message."""
    selector = spec.get("selector")
    if selector is None:
        errors.append(required("spec.selector"))
    else:
        validate_selector(selector, "spec.selector", errors)
        refuse_empty(selector, errors, word)


def refuse_empty(selector: Spec, errors: list[FieldError], word: str) -> None:
    """A selector that takes everything."""
    if is_empty(selector):
        shown = internal("m.LabelSelector", selector)
        errors.append(invalid("spec.selector", shown, f"empty selector is invalid for {word}"))


def must_match(selector: Spec | None, labels: dict[str, str] | None, errors: list[FieldError]) -> None:
    """Adds an error if the selector does not take the template's labels."""
    if not selector_matches(selector, labels):
        path = "spec.template.metadata.labels"
        errors.append(invalid(path, labels, "`selector` does not match template `labels`"))


def refuse_deadline(template: Spec, errors: list[FieldError], word: str) -> None:
    """Pods that are to run forever have no deadline."""
    if template["spec"].get("activeDeadlineSeconds") is not None:
        path = "spec.template.spec.activeDeadlineSeconds"
        errors.append(forbidden(path, f"activeDeadlineSeconds in {word} is not Supported"))


def validate_replica_template(spec: Spec, errors: list[FieldError]) -> None:
    """The template of Deployments and ReplicaSets, as far as the selector makes sense."""
    selector, template = spec.get("selector"), spec["template"]
    if not is_well_formed(selector):
        errors.append(invalid("spec.selector", internal("m.LabelSelector", selector), "invalid label selector"))
        return
    must_match(selector, template["metadata"].get("labels"), errors)
    validate_template(template, "spec.template", errors, restart_policies=("Always",))
    refuse_deadline(template, errors, "ReplicaSet")


def unchanged_selector(new: Spec, old: Spec, errors: list[FieldError]) -> None:
    """The selector is immutable."""
    selector = new["spec"].get("selector")
    if selector != old["spec"].get("selector"):
        errors.append(invalid("spec.selector", internal("*m.LabelSelector", selector), IMMUTABLE))


def int_or_percent(value: int | str | None) -> int:
    """The number or the percentage, 0 if there is none."""
    if isinstance(value, str):
        digits = value.removesuffix("%") if _PERCENT.fullmatch(value) else value
        return int(digits) if _NUMBER.fullmatch(digits) else 0
    return value or 0


def validate_int_or_percent(value: int | str | None, path: str, errors: list[FieldError]) -> None:
    """A number of at least 0 or a percentage."""
    if not isinstance(value, str):
        non_negative(path, value, errors)
    elif not _PERCENT.fullmatch(value):
        errors.append(invalid(path, value, _PERCENT_RULE))


def at_most_all(value: int | str | None, path: str, errors: list[FieldError]) -> None:
    """A percentage is at most 100."""
    if isinstance(value, str) and _PERCENT.fullmatch(value) and int(value[:-1]) > 100:
        errors.append(invalid(path, value, "must not be greater than 100%"))
