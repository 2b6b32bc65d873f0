"""Workload files: a list of test cases, each a template of operations with several sets of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from kfast.bench.scheduling.decode import WorkloadError, decode
from kfast.bench.scheduling.operations import OPCODES, CreatePods, CreatePodSets, Operation

OWN = Path(__file__).parents[1] / "workloads"
"""The workloads that come with kfast."""


@dataclass(slots=True)
class Workload:
    """One test case with one set of parameters."""

    testcase: str
    name: str
    directory: Path
    operations: list[Operation]
    params: dict[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    threshold: float | None = None
    """Pods a second upstream's CI must reach on average."""
    feature_gates: dict[str, bool] = field(default_factory=dict)
    """Upstream's gates; kfast has none, so variants that differ in them alone are the same work."""

    @property
    def full_name(self) -> str:
        """`testcase/name`."""
        return f"{self.testcase}/{self.name}"


@dataclass(slots=True)
class _Variant:
    name: str
    params: dict[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    threshold: Any = None
    feature_gates: dict[str, bool] = field(default_factory=dict)
    threshold_metric_selector: dict[str, Any] | None = None


@dataclass(slots=True)
class _Case:
    name: str
    workload_template: list[Any]
    workloads: list[Any]
    default_pod_template_path: str = ""
    labels: list[str] = field(default_factory=list)
    feature_gates: dict[str, bool] = field(default_factory=dict)
    metrics_collector_config: dict[str, Any] | None = None
    default_threshold_metric_selector: dict[str, Any] | None = None


def load(path: Path) -> list[Workload]:
    """All workloads of a file, parameters put in. Raises WorkloadError."""
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise WorkloadError(f"{path}: {error}") from error
    if not isinstance(raw, list):
        raise WorkloadError(f"{path}: expected a list of test cases")
    return [w for number, case in enumerate(raw) for w in _case(case, path, f"{path}[{number}]")]


def _case(raw: Any, path: Path, where: str) -> Iterator[Workload]:
    case = decode(_Case, raw, {}, where)
    for at, raw_variant in enumerate(case.workloads):
        variant = decode(_Variant, raw_variant, {}, f"{where}.workloads[{at}]")
        place = f"{path}: {case.name}/{variant.name}"
        yield Workload(
            testcase=case.name,
            name=variant.name,
            directory=path.parent,
            operations=[
                _operation(op, variant.params, case.default_pod_template_path, f"{place} operation {number}")
                for number, op in enumerate(case.workload_template)
            ],
            params=variant.params,
            labels=case.labels + variant.labels,
            threshold=_threshold(variant.threshold),
            feature_gates=case.feature_gates | variant.feature_gates,
        )


def _threshold(value: Any) -> float | None:
    if isinstance(value, dict):
        value = next(iter(value.values()), None)
    return float(value) if value else None


def _operation(raw: Any, params: dict[str, Any], default_template: str, where: str) -> Operation:
    if not isinstance(raw, dict):
        raise WorkloadError(f"{where}: {raw!r} is no mapping")
    opcode = next((v for k, v in raw.items() if str(k).lower() == "opcode"), None)
    if opcode not in OPCODES:
        raise WorkloadError(f"{where}: no opcode {opcode!r}; there are {', '.join(OPCODES)}")
    operation = decode(OPCODES[opcode], raw, params, where)
    pods = operation.create_pods_op if isinstance(operation, CreatePodSets) else operation
    if isinstance(pods, CreatePods) and not pods.pod_template_path:
        pods.pod_template_path = default_template
    return operation


def select(workloads: list[Workload], pattern: str) -> list[Workload]:
    """Those whose `testcase/name` or test case matches the pattern; without one, upstream's performance workloads,
    each set of parameters once."""
    if pattern:
        return [w for w in workloads if fnmatchcase(w.full_name, pattern) or fnmatchcase(w.testcase, pattern)]
    once: dict[tuple[str, str], Workload] = {}
    for workload in workloads:
        if "performance" in workload.labels:
            once.setdefault((workload.testcase, repr(sorted(workload.params.items()))), workload)
    return list(once.values())
