"""HorizontalPodAutoscaler, v2 (stored) and v1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kfast.api.autoscaling.autoscaler_validation import (
    validate_autoscaler,
    validate_autoscaler_status,
    validate_autoscaler_update,
)
from kfast.api.autoscaling.v1_conversion import (
    ANNOTATIONS,
    DEFAULT_CPU_PERCENT,
    cpu_percentage,
    default_percentage,
    from_v2,
    to_v2,
)
from kfast.api.columns import AGE, NAME, NONE, UNKNOWN, UNSET, lookup, number
from kfast.api.kind import Body, Cell, Column, FieldError, Kind, Subresource

_SHOWN = 2
_SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def _policy(kind: str, value: int) -> dict[str, Any]:
    return {"type": kind, "value": value, "periodSeconds": 15}


def _default_behavior(behavior: dict[str, Any]) -> None:
    up = {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [_policy("Pods", 4), _policy("Percent", 100)],
    }
    down = {"selectPolicy": "Max", "policies": [_policy("Percent", 100)]}
    for name, rules in (("scaleUp", up), ("scaleDown", down)):
        given = {key: value for key, value in (behavior.get(name) or {}).items() if value is not None}
        behavior[name] = {**rules, **given}


def _default_minimum(autoscaler: Body) -> None:
    spec = autoscaler.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1


def _defaults_v1(autoscaler: Body) -> None:
    _default_minimum(autoscaler)
    default_percentage(autoscaler)


def _status_defaults_v1(autoscaler: Body) -> None:
    """Upstream's objects have been through the internal form, which keeps the percentage among the current metrics."""
    autoscaler.update(from_v2(to_v2(autoscaler)))


def _defaults(autoscaler: Body) -> None:
    _default_minimum(autoscaler)
    spec = autoscaler["spec"]
    if not spec.get("metrics"):
        spec["metrics"] = [cpu_percentage(DEFAULT_CPU_PERCENT)]
    if spec.get("behavior") is not None:
        _default_behavior(spec["behavior"])


def _prepare_create(autoscaler: Body) -> None:
    autoscaler["status"] = {"desiredReplicas": 0, "currentMetrics": None}


def _prepare_create_v1(autoscaler: Body) -> None:
    autoscaler["status"] = {"currentReplicas": 0, "desiredReplicas": 0}


def _validate_v1(autoscaler: Body) -> list[FieldError]:
    return validate_autoscaler(to_v2(autoscaler))


def _validate_update_v1(new: Body, old: Body) -> list[FieldError]:
    return validate_autoscaler_update(to_v2(new), to_v2(old))


def _percent(value: int | None, absent: str) -> str:
    return absent if value is None else f"{value}%"


def _metric(spec: dict[str, Any], status: dict[str, Any]) -> str:
    kind = spec.get("type", "")
    field = _SOURCES.get(kind)
    if field is None:
        return "<unknown type>"
    source = spec.get(field) or {}
    target, current = source.get("target") or {}, (status.get(field) or {}).get("current") or {}
    average = target.get("averageValue")
    if field in ("resource", "containerResource"):
        if average is not None:
            shown = f"{current.get('averageValue', UNKNOWN)}/{average}"
        else:
            wanted = _percent(target.get("averageUtilization"), "<auto>")
            shown = f"{_percent(current.get('averageUtilization'), UNKNOWN)}/{wanted}"
        return f"{source.get('name', '')}: {shown}"
    if average is None:
        return f"{current.get('value', UNKNOWN)}/{target.get('value', '0')}"
    suffix = "" if field == "pods" else " (avg)"
    return f"{current.get('averageValue', UNKNOWN)}/{average}{suffix}"


def _targets(autoscaler: Body, _: float) -> Cell:
    specs, statuses = lookup(autoscaler, "spec.metrics") or (), lookup(autoscaler, "status.currentMetrics") or ()
    if not specs:
        return NONE
    cells = [_metric(spec, statuses[i] if i < len(statuses) else {}) for i, spec in enumerate(specs)]
    more = f" + {len(cells) - _SHOWN} more..." if len(cells) > _SHOWN else ""
    return ", ".join(cells[:_SHOWN]) + more


def _targets_v1(autoscaler: Body, now: float) -> Cell:
    return _targets(to_v2(autoscaler), now)


def _reference(autoscaler: Body, _: float) -> Cell:
    reference = lookup(autoscaler, "spec.scaleTargetRef") or {}
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _minimum(autoscaler: Body, _: float) -> Cell:
    minimum = lookup(autoscaler, "spec.minReplicas")
    return UNSET if minimum is None else str(minimum)


def _columns(targets: Column) -> tuple[Column, ...]:
    return (
        NAME,
        Column("Reference", _reference),
        targets,
        Column("MinPods", _minimum),
        Column("MaxPods", number("spec.maxReplicas")),
        Column("Replicas", number("status.currentReplicas")),
        AGE,
    )


_STATUS = Subresource("status", validate=validate_autoscaler_status)

KIND = Kind(
    group="autoscaling",
    version="v2",
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    short_names=("hpa",),
    categories=("all",),
    subresources=(_STATUS,),
    columns=_columns(Column("Targets", _targets)),
    has_generation=False,
    defaults=_defaults,
    prepare_create=_prepare_create,
    validate=validate_autoscaler,
    validates_on_update=False,
    validate_update=validate_autoscaler_update,
)

KIND_V1 = Kind(
    group="autoscaling",
    version="v1",
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    short_names=("hpa",),
    categories=("all",),
    subresources=(replace(_STATUS, defaults=_status_defaults_v1),),
    columns=_columns(Column("Targets", _targets_v1)),
    fields_in_annotations=ANNOTATIONS,
    has_generation=False,
    defaults=_defaults_v1,
    prepare_create=_prepare_create_v1,
    validate=_validate_v1,
    validates_on_update=False,
    validate_update=_validate_update_v1,
    storage="autoscaling/v2",
    from_storage=from_v2,
    to_storage=to_v2,
)
