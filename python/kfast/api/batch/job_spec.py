"""Defaults of job specs, in Jobs and in the templates of CronJobs (upstream: batch/v1 SetDefaults_Job)."""

from __future__ import annotations

from typing import Any

from kfast.api.pod_template import default_template

_MAX_INT32 = 2**31 - 1
_MANY_COMPLETIONS = 100_000
_MANY_PODS = 10_000


def default_job_template(spec: dict[str, Any]) -> None:
    """What upstream defaults in a job spec wherever it occurs: its pod template and failure policy."""
    default_template(spec.setdefault("template", {}))
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            if not pattern.get("status"):
                pattern["status"] = "True"


def default_job_spec(spec: dict[str, Any]) -> None:
    """What upstream defaults in the spec of a Job itself."""
    default_job_template(spec)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    if spec.get("parallelism") is None:
        spec["parallelism"] = 1
    if spec.get("backoffLimit") is None:
        spec["backoffLimit"] = 6 if spec.get("backoffLimitPerIndex") is None else _MAX_INT32
    if spec.get("completionMode") is None:
        spec["completionMode"] = "NonIndexed"
    if spec.get("suspend") is None:
        spec["suspend"] = False
    if spec.get("podReplacementPolicy") is None:
        spec["podReplacementPolicy"] = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    if spec.get("manualSelector") is None:
        spec["manualSelector"] = False


def crowd_warnings(spec: dict[str, Any], path: str) -> list[str]:
    """A warning where failed indexes might be too many to be tracked."""
    if spec.get("completionMode") != "Indexed":
        return []
    if (spec.get("completions") or 0) <= _MANY_COMPLETIONS or (spec.get("parallelism") or 0) <= _MANY_PODS:
        return []
    return [
        f"{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
        "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
    ]
