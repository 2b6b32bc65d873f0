"""autoscaling/v1 and v2: what v1 has no field for travels in annotations (upstream: autoscaling/v1 conversion)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from kfast._core import CoreError
from kfast.api.kind import Body
from kfast.api.schema import load_schema

ANNOTATIONS = "autoscaling.alpha.kubernetes.io/"
"""The prefix of what v1 has no fields for."""
_METRICS, _CURRENT = f"{ANNOTATIONS}metrics", f"{ANNOTATIONS}current-metrics"
_CONDITIONS, _BEHAVIOR = f"{ANNOTATIONS}conditions", f"{ANNOTATIONS}behavior"
_V2 = "autoscaling/v2/HorizontalPodAutoscaler"
DEFAULT_CPU_PERCENT = 80

Metric = dict[str, Any]


def _present(**fields: Any) -> Metric:
    return {name: value for name, value in fields.items() if value is not None}


def _identifier(source: Metric, selector: str = "selector") -> Metric:
    return _present(name=source.get("metricName", ""), selector=source.get(selector))


def _target(kind: str, **amounts: Any) -> Metric:
    return {"type": kind, **_present(**amounts)}


def _spec_to_v2(metric: Metric) -> Metric:
    """One metric of the annotation as a v2 metric."""
    out: Metric = {"type": metric.get("type", "")}
    for name, source in metric.items():
        if not isinstance(source, dict):
            continue
        if name == "object":
            average, value = source.get("averageValue"), source.get("targetValue")
            kind = "Value" if average is None else "AverageValue"
            value = None if average is not None and value in ("0", 0) else value
            out[name] = {
                "describedObject": source.get("target", {}),
                "target": _target(kind, value=value, averageValue=average),
                "metric": _identifier(source),
            }
        elif name == "pods":
            target = _target("AverageValue", averageValue=source.get("targetAverageValue"))
            out[name] = {"metric": _identifier(source), "target": target}
        elif name == "external":
            value, average = source.get("targetValue"), source.get("targetAverageValue")
            kind = "AverageValue" if value is None else "Value"
            out[name] = {
                "metric": _identifier(source, "metricSelector"),
                "target": _target(kind, value=value, averageValue=average),
            }
        elif name in ("resource", "containerResource"):
            percent, average = source.get("targetAverageUtilization"), source.get("targetAverageValue")
            kind = "AverageValue" if percent is None else "Utilization"
            out[name] = {
                **_present(name=source.get("name", ""), container=source.get("container")),
                "target": _target(kind, averageValue=average, averageUtilization=percent),
            }
    return out


def _spec_to_v1(metric: Metric) -> Metric:
    out: Metric = {"type": metric.get("type", "")}
    for name, source in metric.items():
        if not isinstance(source, dict):
            continue
        target, identity = source.get("target") or {}, source.get("metric") or {}
        metric_name, selector = identity.get("name", ""), identity.get("selector")
        average, value = target.get("averageValue"), target.get("value")
        if name == "object":
            described = source.get("describedObject", {})
            out[name] = _present(
                target=described,
                metricName=metric_name,
                targetValue=value or "0",
                selector=selector,
                averageValue=average,
            )
        elif name == "pods":
            out[name] = _present(metricName=metric_name, targetAverageValue=average or "0", selector=selector)
        elif name == "external":
            out[name] = _present(
                metricName=metric_name, metricSelector=selector, targetValue=value, targetAverageValue=average
            )
        else:
            out[name] = _present(
                name=source.get("name", ""),
                targetAverageUtilization=target.get("averageUtilization"),
                targetAverageValue=average,
                container=source.get("container"),
            )
    return out


def _status_to_v1(metric: Metric) -> Metric:
    out: Metric = {"type": metric.get("type", "")}
    for name, source in metric.items():
        if not isinstance(source, dict):
            continue
        current, identity = source.get("current") or {}, source.get("metric") or {}
        metric_name, selector = identity.get("name", ""), identity.get("selector")
        average, value = current.get("averageValue"), current.get("value")
        if name == "object":
            described = source.get("describedObject", {})
            out[name] = _present(
                target=described,
                metricName=metric_name,
                currentValue=value or "0",
                selector=selector,
                averageValue=average,
            )
        elif name == "pods":
            out[name] = _present(metricName=metric_name, currentAverageValue=average or "0", selector=selector)
        elif name == "external":
            out[name] = _present(
                metricName=metric_name,
                metricSelector=selector,
                currentValue=value or "0",
                currentAverageValue=average,
            )
        else:
            out[name] = _present(
                name=source.get("name", ""),
                currentAverageUtilization=current.get("averageUtilization"),
                currentAverageValue=average or "0",
                container=source.get("container"),
            )
    return out


def _status_to_v2(metric: Metric) -> Metric:
    out: Metric = {"type": metric.get("type", "")}
    for name, source in metric.items():
        if not isinstance(source, dict):
            continue
        if name in ("object", "pods", "external"):
            selector = "metricSelector" if name == "external" else "selector"
            average = source.get("averageValue", source.get("currentAverageValue"))
            out[name] = {
                "metric": _identifier(source, selector),
                "current": _present(value=source.get("currentValue"), averageValue=average),
            }
            if name == "object":
                out[name]["describedObject"] = source.get("target", {})
        elif name in ("resource", "containerResource"):
            out[name] = {
                **_present(name=source.get("name", ""), container=source.get("container")),
                "current": _present(
                    averageValue=source.get("currentAverageValue"),
                    averageUtilization=source.get("currentAverageUtilization"),
                ),
            }
    return out


def _is_cpu_percentage(metric: Metric) -> bool:
    resource = metric.get("resource") or {}
    return (
        metric.get("type") == "Resource"
        and resource.get("name") == "cpu"
        and (resource.get("target") or {}).get("averageUtilization") is not None
    )


def cpu_percentage(percent: int) -> Metric:
    """The v2 metric that v1 calls targetCPUUtilizationPercentage."""
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _decoded(annotations: dict[str, str], name: str) -> Any:
    """The value kept in the annotation as v2 has it, None if it is absent or damaged."""
    form, section, field, convert = _KEPT[name]
    try:
        value = convert(msgspec.json.decode(annotations[name], type=form))
        text = msgspec.json.encode({section: {field: value}})
        body, _ = load_schema().decode(_V2, text, "application/json", "Ignore")
    except (KeyError, RecursionError, msgspec.DecodeError, CoreError):
        return None
    return (body.get(section) or {}).get(field)


def _with_annotations(body: Body, annotations: dict[str, str]) -> Body:
    metadata = {k: v for k, v in body["metadata"].items() if k != "annotations"}
    if annotations:
        metadata["annotations"] = annotations
    return metadata


def default_percentage(body: Body) -> None:
    """What a v1 object without any metric is scaled by."""
    spec = body["spec"]
    if spec.get("targetCPUUtilizationPercentage") is None:
        annotations = (body.get("metadata") or {}).get("annotations") or {}
        if not _decoded(annotations, _METRICS):
            spec["targetCPUUtilizationPercentage"] = DEFAULT_CPU_PERCENT


def to_v2(body: Body) -> Body:
    """A v1 object as v2."""
    annotations = dict(body["metadata"].get("annotations") or {})
    spec, status = dict(body.get("spec") or {}), dict(body.get("status") or {})
    metrics = _decoded(annotations, _METRICS) or []
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is not None:
        metrics.append(cpu_percentage(percent))
    spec["metrics"] = metrics or [cpu_percentage(DEFAULT_CPU_PERCENT)]
    behavior = _decoded(annotations, _BEHAVIOR)
    if behavior:
        spec["behavior"] = behavior
    if not status.get("currentReplicas"):
        status.pop("currentReplicas", None)
    used = status.pop("currentCPUUtilizationPercentage", None)
    current = _decoded(annotations, _CURRENT)
    if current is not None:
        status["currentMetrics"] = current
    elif used is not None:
        resource = {"name": "cpu", "current": {"averageUtilization": used}}
        status["currentMetrics"] = [{"type": "Resource", "resource": resource}]
    else:
        status["currentMetrics"] = None
    conditions = _decoded(annotations, _CONDITIONS)
    if conditions is not None:
        status["conditions"] = conditions
    for name in (_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR):
        annotations.pop(name, None)
    metadata = _with_annotations(body, annotations)
    return {**body, "apiVersion": "autoscaling/v2", "metadata": metadata, "spec": spec, "status": status}


def _lower_keys(value: Any) -> Any:
    """Upstream keeps the behavior under its Go field names."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lower_keys(item) for key, item in value.items() if item is not None}
    return [_lower_keys(item) for item in value] if isinstance(value, list) else value


def _each(convert: Callable[[Metric], Metric]) -> Callable[[list[Metric] | None], list[Metric] | None]:
    def convert_all(metrics: list[Metric] | None) -> list[Metric] | None:
        return None if metrics is None else [convert(_present(**metric)) for metric in metrics]

    return convert_all


_METRIC_LIST = list[dict[str, str | dict[str, Any] | None]] | None
_KEPT: dict[str, tuple[Any, str, str, Callable[[Any], Any]]] = {
    _METRICS: (_METRIC_LIST, "spec", "metrics", _each(_spec_to_v2)),
    _CURRENT: (_METRIC_LIST, "status", "currentMetrics", _each(_status_to_v2)),
    _CONDITIONS: (list[dict[str, Any]] | None, "status", "conditions", lambda conditions: conditions),
    _BEHAVIOR: (dict[str, Any] | None, "spec", "behavior", _lower_keys),
}
"""The annotations: their form, where v2 has their value, and how it is read."""


def _named_as_in_go(value: dict[str, Any] | None, *names: str) -> dict[str, Any] | None:
    """A struct as Go writes it without tags: every field."""
    return None if value is None else {name: value.get(name[:1].lower() + name[1:]) for name in names}


def _kept_rules(rules: dict[str, Any] | None) -> dict[str, Any] | None:
    out = _named_as_in_go(rules, "StabilizationWindowSeconds", "SelectPolicy", "Policies", "Tolerance")
    if out and out["Policies"] is not None:
        out["Policies"] = [_named_as_in_go(policy, "Type", "Value", "PeriodSeconds") for policy in out["Policies"]]
    return out


def _kept_behavior(behavior: dict[str, Any] | None) -> dict[str, Any] | None:
    if not behavior:
        return None
    return {name: _kept_rules(behavior.get(name[:1].lower() + name[1:])) for name in ("ScaleUp", "ScaleDown")}


def from_v2(body: Body) -> Body:
    """A v2 object as v1."""
    annotations = dict(body["metadata"].get("annotations") or {})
    spec, status = dict(body.get("spec") or {}), dict(body.get("status") or {})
    metrics, behavior = spec.pop("metrics", None) or [], spec.pop("behavior", None)
    current, conditions = status.pop("currentMetrics", None) or [], status.pop("conditions", None)
    others = [_spec_to_v1(metric) for metric in metrics if not _is_cpu_percentage(metric)]
    kept = {
        _METRICS: others,
        _CURRENT: [_status_to_v1(metric) for metric in current],
        _BEHAVIOR: _kept_behavior(behavior),
        _CONDITIONS: conditions,
    }
    annotations.update({name: msgspec.json.encode(value).decode() for name, value in kept.items() if value})
    for metric in metrics:
        if _is_cpu_percentage(metric):
            spec["targetCPUUtilizationPercentage"] = metric["resource"]["target"]["averageUtilization"]
    for metric in current:
        resource = metric.get("resource") or {}
        percent = (resource.get("current") or {}).get("averageUtilization")
        if resource.get("name") == "cpu" and percent is not None:
            status["currentCPUUtilizationPercentage"] = percent
    status.setdefault("currentReplicas", 0)
    status.setdefault("desiredReplicas", 0)
    metadata = _with_annotations(body, annotations)
    return {**body, "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}
