"""Validation of the pod templates of workloads, and of the selectors that must match them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kfast.api.field_errors import forbidden, invalid, non_negative, not_supported, required
from kfast.api.kind import FieldError
from kfast.api.label_selectors import is_empty, selector_matches, validate_selector
from kfast.api.pod_validation import validate_pod_metadata, validate_pod_spec

Spec = dict[str, Any]

_PERCENT = re.compile(r"[0-9]+%")
_PERCENT_RULE = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


def validate_template(template: Spec, path: str, errors: list[FieldError], restart_policies: Iterable[str]) -> None:
    """All rules of a template; its restart policy must be one of those given."""
    spec = template["spec"]
    validate_pod_metadata(template["metadata"], f"{path}", errors)
    validate_pod_spec(spec, f"{path}.spec", errors)
    if spec.get("ephemeralContainers"):
        errors.append(forbidden(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template"))
    allowed = tuple(restart_policies)
    if spec["restartPolicy"] not in allowed:
        errors.append(not_supported(f"{path}.spec.restartPolicy", spec["restartPolicy"], allowed))


def validate_workload(spec: Spec, errors: list[FieldError], word: str, deadline_word: str = "ReplicaSet") -> None:
    """The replicas, selector and template of an apps/v1 workload; the words name it in upstream's messages."""
    non_negative("spec.replicas", spec.get("replicas"), errors)
    non_negative("spec.minReadySeconds", spec.get("minReadySeconds"), errors)
    non_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"), errors)
    selector, template = spec.get("selector"), spec["template"]
    if selector is None:
        errors.append(required("spec.selector"))
    else:
        validate_selector(selector, "spec.selector", errors)
        if is_empty(selector):
            errors.append(invalid("spec.selector", selector, f"empty selector is invalid for {word}"))
    labels = template["metadata"].get("labels")
    if not selector_matches(selector, labels):
        path = "spec.template.metadata.labels"
        errors.append(invalid(path, labels, "`selector` does not match template `labels`"))
    validate_template(template, "spec.template", errors, restart_policies=("Always",))
    if template["spec"].get("activeDeadlineSeconds") is not None:
        path = "spec.template.spec.activeDeadlineSeconds"
        errors.append(forbidden(path, f"activeDeadlineSeconds in {deadline_word} is not Supported"))


def int_or_percent(value: int | str | None) -> int:
    """The number or the percentage, 0 if there is none."""
    if isinstance(value, str):
        return int(value[:-1]) if _PERCENT.fullmatch(value) else 0
    return value or 0


def validate_int_or_percent(value: int | str | None, path: str, errors: list[FieldError], at_most_all: bool) -> None:
    """A number of at least 0 or a percentage, which `at_most_all` bounds at 100."""
    if isinstance(value, str):
        if not _PERCENT.fullmatch(value):
            errors.append(invalid(path, value, _PERCENT_RULE))
        elif at_most_all and int(value[:-1]) > 100:
            errors.append(invalid(path, value, "must not be greater than 100%"))
    else:
        non_negative(path, value, errors)
