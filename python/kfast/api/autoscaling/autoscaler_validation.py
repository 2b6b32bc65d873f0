"""Validation of HorizontalPodAutoscalers in the form of v2 (upstream: autoscaling/validation)."""

from __future__ import annotations

from typing import Any

from kfast.api.field_errors import (
    NON_NEGATIVE,
    POSITIVE,
    forbidden,
    invalid,
    not_supported,
    required,
)
from kfast.api.kind import Body, FieldError
from kfast.api.name_checks import check, dns_label
from kfast.api.resource_lists import milli
from kfast.api.resource_names import check_container_name
from kfast.api.status_counts import counts
from kfast.meta.names import path_segment

Part = dict[str, Any]

_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_SOURCES = ("object", "external", "pods", "resource", "containerResource")
_TARGETS = ("Utilization", "Value", "AverageValue")
_SELECT = ("Disabled", "Max", "Min")
_POLICIES = ("Percent", "Pods")
_LONGEST_PERIOD = 1800
_LONGEST_WINDOW = 3600
_TWO_TARGETS = "may not set both a target raw value and a target utilization"
_NO_TARGET = "must set either a target raw value or a target utilization"


def version_problem(api_version: str, core: bool) -> str:
    """What is wrong with a reference's apiVersion; `core`: whether the group may be empty."""
    if api_version.count("/") > 1:
        return f"unexpected GroupVersion string: {api_version}"
    group = api_version.partition("/")[0] if "/" in api_version else ""
    return "" if core or group else "apiVersion must specify API group"


def _validate_reference(reference: Part, path: str, core: bool | None, errors: list[FieldError]) -> None:
    """`core`: whether the group may be empty; None: the version is not looked at."""
    for field in ("kind", "name"):
        text = reference.get(field) or ""
        if not text:
            errors.append(required(f"{path}.{field}"))
        errors += [invalid(f"{path}.{field}", text, problem) for problem in path_segment(text)]
    version = reference.get("apiVersion") or ""
    problem = "" if core is None else version_problem(version, core)
    if problem:
        errors.append(invalid(f"{path}.apiVersion", version, problem))


def _validate_metric(metric: Part, path: str, errors: list[FieldError]) -> None:
    name = metric.get("name") or ""
    if not name:
        errors.append(required(f"{path}.name", "must specify a metric name"))
    errors += [invalid(f"{path}.name", name, problem) for problem in path_segment(name)]


def _validate_target(target: Part, path: str, errors: list[FieldError]) -> None:
    kind = target.get("type") or ""
    if not kind:
        errors.append(required(f"{path}.type", "must specify a metric target type"))
    if kind not in _TARGETS:
        errors.append(invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for field in ("value", "averageValue"):
        amount = target.get(field)
        if amount is not None and milli(amount) <= 0:
            errors.append(invalid(f"{path}.{field}", amount, "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errors.append(invalid(f"{path}.averageUtilization", utilization, "must be greater than 0"))


def _validate_resource(source: Part, path: str, contained: bool, errors: list[FieldError]) -> None:
    name, container = source.get("name") or "", source.get("container") or ""
    if not name:
        errors.append(required(f"{path}.name", "must specify a resource name"))
    elif contained:
        check_container_name(name, f"{path}.name", errors)
    if contained and not container:
        errors.append(required(f"{path}.container", "must specify a container"))
    elif contained:
        check(dns_label, container, f"{path}.container", errors)
    target = source.get("target") or {}
    _validate_target(target, f"{path}.target", errors)
    utilization, value = target.get("averageUtilization"), target.get("averageValue")
    if utilization is None and value is None:
        errors.append(required(f"{path}.target.averageUtilization", _NO_TARGET))
    if utilization is not None and value is not None:
        errors.append(forbidden(f"{path}.target.averageValue", _TWO_TARGETS))


def _validate_source(name: str, source: Part, path: str, core: bool | None, errors: list[FieldError]) -> None:
    if name in ("resource", "containerResource"):
        _validate_resource(source, path, name == "containerResource", errors)
        return
    if name == "object":
        _validate_reference(source.get("describedObject") or {}, f"{path}.describedObject", core, errors)
    _validate_metric(source.get("metric") or {}, f"{path}.metric", errors)
    target = source.get("target") or {}
    _validate_target(target, f"{path}.target", errors)
    value, average = target.get("value"), target.get("averageValue")
    where = f"{path}.target.averageValue"
    if name == "pods":
        if average is None:
            errors.append(required(where, "must specify a positive target averageValue"))
    elif value is None and average is None:
        other = "averageValue" if name == "object" else "for metric or a per-pod target"
        message = f"must set either a target value {'or ' if name == 'object' else ''}{other}"
        errors.append(required(where, message))
    elif name == "external" and value is not None and average is not None:
        message = "may not set both a target value for metric and a per-pod target"
        errors.append(forbidden(f"{path}.target.value", message))


def _validate_metric_spec(spec: Part, path: str, core: bool | None, errors: list[FieldError]) -> None:
    kind = spec.get("type") or ""
    if not kind:
        errors.append(required(f"{path}.type", "must specify a metric source type"))
    unknown = not_supported(f"{path}.type", kind, _TYPES)
    if kind not in _TYPES:
        errors.append(unknown)
    present = [name for name in _SOURCES if spec.get(name) is not None]
    if present:
        _validate_source(present[0], spec[present[0]], f"{path}.{present[0]}", core, errors)
    expected = kind[:1].lower() + kind[1:]
    if kind not in _TYPES:
        errors.append(unknown)
    elif expected not in present:
        errors.append(required(f"{path}.{expected}", "must populate information for the given metric source"))
    if len(present) > 1:
        message = "must populate the given metric source only"
        errors += [forbidden(f"{path}.{name}", message) for name in sorted(present) if name != expected]


def _validate_policy(policy: Part, path: str, errors: list[FieldError]) -> None:
    if policy.get("type") not in _POLICIES:
        errors.append(not_supported(f"{path}.type", policy.get("type") or "", _POLICIES))
    for field in ("value", "periodSeconds"):
        if (policy.get(field) or 0) <= 0:
            errors.append(invalid(f"{path}.{field}", policy.get(field) or 0, POSITIVE))
    period = policy.get("periodSeconds") or 0
    if period > _LONGEST_PERIOD:
        errors.append(invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {_LONGEST_PERIOD}"))


def _validate_rules(rules: Part, path: str, errors: list[FieldError]) -> None:
    window, select, tolerance = (rules.get(f) for f in ("stabilizationWindowSeconds", "selectPolicy", "tolerance"))
    where = f"{path}.stabilizationWindowSeconds"
    if window is not None and window < 0:
        errors.append(invalid(where, window, "must be greater than or equal to zero"))
    if window is not None and window > _LONGEST_WINDOW:
        errors.append(invalid(where, window, f"must be less than or equal to {_LONGEST_WINDOW}"))
    if select is not None and select not in _SELECT:
        errors.append(not_supported(f"{path}.selectPolicy", select, _SELECT))
    if not rules.get("policies"):
        errors.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(rules.get("policies") or ()):
        _validate_policy(policy, f"{path}.policies[{index}]", errors)
    if tolerance is not None and milli(tolerance) < 0:
        errors.append(invalid(f"{path}.tolerance", tolerance, NON_NEGATIVE))


def _validate(autoscaler: Body, old: Body | None) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = autoscaler["spec"]
    before = old["spec"] if old is not None else {}
    minimum, maximum = spec["minReplicas"], spec.get("maxReplicas") or 0
    least = 0 if before.get("minReplicas") == 0 else 1
    if minimum < least:
        errors.append(invalid("spec.minReplicas", minimum, f"must be greater than or equal to {least}"))
    if maximum == 0:
        errors.append(required("spec.maxReplicas", "must be set and greater than 0"))
    elif maximum < 0:
        errors.append(invalid("spec.maxReplicas", maximum, "must be greater than or equal to 1"))
    if maximum < minimum:
        errors.append(invalid("spec.maxReplicas", maximum, "must be greater than or equal to `minReplicas`"))
    reference, known = spec.get("scaleTargetRef") or {}, before.get("scaleTargetRef") or {}
    same = old is not None and all(reference.get(field) == known.get(field) for field in ("apiVersion", "kind"))
    core = None if same else reference.get("kind") == "ReplicationController"
    _validate_reference(reference, "spec.scaleTargetRef", core, errors)
    lenient = None if any(_is_wrong_object(metric) for metric in before.get("metrics") or ()) else True
    metrics = spec.get("metrics") or ()
    for index, metric in enumerate(metrics):
        _validate_metric_spec(metric, f"spec.metrics[{index}]", lenient, errors)
    if minimum == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        message = "must specify at least one Object or External metric to support scaling to zero replicas"
        errors.append(forbidden("spec.metrics", message))
    for name in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(name)
        if rules is not None:
            _validate_rules(rules, f"spec.behavior.{name}", errors)
    return errors


def _is_wrong_object(metric: Part) -> bool:
    described = (metric.get("object") or {}).get("describedObject") or {}
    return metric.get("type") == "Object" and bool(version_problem(described.get("apiVersion") or "", core=True))


def validate_autoscaler(autoscaler: Body) -> list[FieldError]:
    """All rules of an autoscaler."""
    return _validate(autoscaler, None)


def validate_autoscaler_update(new: Body, old: Body) -> list[FieldError]:
    """All rules; what older servers accepted may stay."""
    return _validate(new, old)


def validate_autoscaler_status(new: Body, _: Body) -> list[FieldError]:
    """The counters."""
    errors: list[FieldError] = []
    counts(new.get("status") or {}, ("currentReplicas", "desiredReplicas"), errors)
    return errors
