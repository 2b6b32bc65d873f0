"""Warnings about pods and pod templates (upstream: api/pod/warnings.go)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from kfast.api.field_errors import quoted
from kfast.api.name_checks import dns_label
from kfast.api.resource_lists import Amounts, limits_and_requests, milli

Spec = dict[str, Any]

_NODE_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}
_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}


def _deprecated_label(key: str) -> str:
    since, instead = _NODE_LABELS[key]
    return f"deprecated since {since}; use {quoted(instead)} instead"


def name_warnings(metadata: Spec, use: str) -> list[str]:
    """A name that is no DNS label is awkward where pods' host names come from it."""
    name = metadata.get("name")
    problems = dns_label(name) if name else ()
    if not problems:
        return []
    advice = f"which can result in surprising behavior; a DNS label is recommended: [{' '.join(problems)}]"
    return [f"metadata.name: this is used in {use}, {advice}"]


def _env_warnings(container: Spec, path: str) -> list[str]:
    env = container.get("env") or ()
    if len({entry.get("name", "") for entry in env}) == len(env):
        return []
    seen: set[str] = set()
    warnings = []
    for index, entry in enumerate(env):
        name, value = entry.get("name", ""), entry.get("value") or ""
        if name in seen:
            reference = f"$({name})"
            if entry.get("valueFrom") is not None or value == reference or reference not in value:
                hides = f"hides previous definition of {quoted(name)}, which may be dropped when using apply"
                warnings.append(f"{path}.env[{index}]: {hides}")
        seen.add(name)
    return warnings


def _amount_warnings(container: Spec, path: str) -> list[str]:
    resources = container["resources"]
    if not resources:
        return []
    return [f"{path}.resources.{warning}" for warning in _fractions(*limits_and_requests(resources))]


@lru_cache(maxsize=4096)
def _fractions(limits: Amounts, requests: Amounts) -> tuple[str, ...]:
    lists = (("limits", dict(limits)), ("requests", dict(requests)))
    return tuple(
        f"{group}[{name}]: fractional byte value {quoted(amounts[name])} is invalid, must be an integer"
        for name in ("memory", "ephemeral-storage")
        for group, amounts in lists
        if name in amounts and milli(amounts[name]) % 1000
    )


def spec_warnings(spec: Spec, path: str) -> list[str]:
    """Warnings about a valid pod spec at the path."""
    warnings = [
        f"{path}.nodeSelector[{key}]: {_deprecated_label(key)}"
        for key in spec.get("nodeSelector") or ()
        if key in _NODE_LABELS
    ]
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        at, key = f"{path}.topologySpreadConstraints[{index}]", constraint.get("topologyKey", "")
        if key in _NODE_LABELS:
            warnings.append(f"{at}.topologyKey: {key} is {_deprecated_label(key)}")
        if constraint.get("labelSelector") is None:
            warnings.append(f"{at}.labelSelector: a null labelSelector results in matching no pod")
    for index, volume in enumerate(spec.get("volumes") or ()):
        warnings += [f"{path}.volumes[{index}].{name}: {_VOLUMES[name]}" for name in volume if name in _VOLUMES]
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or ()):
            at = f"{path}.{group}[{index}]"
            warnings += _amount_warnings(container, at)
            warnings += _env_warnings(container, at)
    return warnings


def template_warnings(workload: Spec) -> list[str]:
    """Warnings about the pod template at `spec.template`."""
    return spec_warnings(workload["spec"]["template"]["spec"], "spec.template.spec")


def workload_warnings(workload: Spec) -> list[str]:
    """Warnings about a workload whose pods take their names from it, and about its template."""
    return name_warnings(workload["metadata"], "Pod names and hostnames") + template_warnings(workload)


def pod_warnings(pod: Spec) -> list[str]:
    """Warnings about a pod."""
    return name_warnings(pod["metadata"], "the Pod's hostname") + spec_warnings(pod["spec"], "spec")
