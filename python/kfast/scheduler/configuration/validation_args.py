"""Upstream's rules for the arguments of its plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from kfast.api.kind import FieldError
from kfast.api.pod_template import template_rules
from kfast.meta.configuration import encode
from kfast.meta.names import qualified_name
from kfast.scheduler.configuration.plugin_args import (
    DefaultPreemptionArgs,
    DynamicResourcesArgs,
    InterPodAffinityArgs,
    NodeAffinityArgs,
    NodeResourcesBalancedAllocationArgs,
    NodeResourcesFitArgs,
    PodTopologySpreadArgs,
    ResourceSpec,
    ScoringStrategy,
    TopologySpreadConstraint,
    UtilizationShapePoint,
    VolumeBindingArgs,
)

Errors = Iterator[FieldError]
_TOGETHER = "cannot be zero at the same time as "


def _names(name: str, path: str) -> Errors:
    yield from (invalid(path, name, detail) for detail in qualified_name(name))


def _preemption(args: DefaultPreemptionArgs, path: str) -> Errors:
    percentage, absolute = args.min_candidate_nodes_percentage or 0, args.min_candidate_nodes_absolute or 0
    of_percentage, of_absolute = f"{path}.minCandidateNodesPercentage", f"{path}.minCandidateNodesAbsolute"
    if not 0 <= percentage <= 100:
        yield invalid(of_percentage, percentage, "not in valid range [0, 100]")
    if absolute < 0:
        yield invalid(of_absolute, absolute, "not in valid range [0, inf)")
    if percentage == absolute == 0:
        yield invalid(of_percentage, percentage, _TOGETHER + "minCandidateNodesAbsolute")
        yield invalid(of_absolute, absolute, _TOGETHER + "minCandidateNodesPercentage")


def _pod_affinity(args: InterPodAffinityArgs, path: str) -> Errors:
    weight = args.hard_pod_affinity_weight or 0
    if not 0 <= weight <= 100:
        yield invalid(f"{path}.hardPodAffinityWeight", weight, "not in valid range [0, 100]")


def _node_affinity(args: NodeAffinityArgs, path: str) -> Errors:
    if args.added_affinity is not None:
        affinity = encode(args.added_affinity)
        for violation in template_rules().validate_node_affinity(affinity, f"{path}.addedAffinity"):
            yield FieldError(*violation)


def _balanced(args: NodeResourcesBalancedAllocationArgs, path: str) -> Errors:
    seen = set()
    for i, resource in enumerate(args.resources):
        if resource.name in seen:
            yield duplicate(f"{path}.resources[{i}].name", resource.name)
        seen.add(resource.name)
        if resource.weight != 1:
            yield invalid(f"{path}.resources[{i}].weight", resource.weight, "must be 1")


def fit_errors(args: NodeResourcesFitArgs, prefix: str = "") -> Errors:
    """Upstream checks these when the plugin is made, with paths that begin at the arguments."""
    for i, name in enumerate(args.ignored_resources):
        yield from _names(name, f"{prefix}ignoredResources[{i}]")
    for i, group in enumerate(args.ignored_resource_groups):
        path = f"{prefix}ignoredResourceGroups[{i}]"
        if "/" in group:
            yield invalid(path, group, "resource group name can't contain '/'")
        yield from _names(group, path)
    if args.scoring_strategy is None:
        yield required(f"{prefix}scoringStrategy", "ScoringStrategy field is required")
    else:
        yield from _strategy(args.scoring_strategy, f"{prefix}scoringStrategy")


def _strategy(strategy: ScoringStrategy, path: str) -> Errors:
    types = ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")
    if strategy.type not in types:
        yield not_supported(f"{path}.type", strategy.type, types)
    yield from _weights(strategy.resources, f"{path}.resources")
    ratio, place = strategy.requested_to_capacity_ratio, f"{path}.requestedToCapacityRatio"
    if strategy.type != "RequestedToCapacityRatio":
        if ratio is not None:
            yield forbidden(place, "must be nil when type is not RequestedToCapacityRatio")
    elif ratio is None:
        yield required(place, "must be specified when type is RequestedToCapacityRatio")
    else:
        yield from _shape(ratio.shape, f"{place}.shape")


def _weights(resources: list[ResourceSpec], path: str) -> Errors:
    for i, resource in enumerate(resources):
        if not 0 < resource.weight <= 100:
            detail = f"resource weight of {resource.name} not in valid range (0, 100]"
            yield invalid(f"{path}[{i}].weight", resource.weight, detail)


def _shape(shape: list[UtilizationShapePoint], path: str) -> Errors:
    if not shape:
        yield required(path, "at least one point must be specified")
    for i in range(1, len(shape)):
        if shape[i - 1].utilization >= shape[i].utilization:
            detail = "values must be sorted in increasing order"
            yield invalid(f"{path}[{i}].utilization", shape[i].utilization, detail)
            break
    for i, point in enumerate(shape):
        if not 0 <= point.utilization <= 100:
            yield invalid(f"{path}[{i}].utilization", point.utilization, "not in valid range [0, 100]")
        if not 0 <= point.score <= 10:
            yield invalid(f"{path}[{i}].score", point.score, "not in valid range [0, 10]")


def _spread(args: PodTopologySpreadArgs, path: str) -> Errors:
    kind, of_kind = args.defaulting_type, f"{path}.defaultingType"
    if kind not in ("System", "List"):
        yield not_supported(of_kind, kind, ("System", "List"))
    elif kind == "System" and args.default_constraints:
        yield invalid(of_kind, kind, "when .defaultConstraints are not empty")
    seen = set()
    for i, constraint in enumerate(args.default_constraints):
        place = f"{path}.defaultConstraints[{i}]"
        yield from _constraint(constraint, place)
        key = f"{{{constraint.topology_key}, {constraint.when_unsatisfiable}}}"
        if key in seen:
            yield duplicate(place, key)
        seen.add(key)


def _constraint(constraint: TopologySpreadConstraint, path: str) -> Errors:
    if constraint.max_skew <= 0:
        yield invalid(f"{path}.maxSkew", constraint.max_skew, "not in valid range (0, inf)")
    if not constraint.topology_key:
        yield required(f"{path}.topologyKey", "can not be empty")
    else:
        yield from _names(constraint.topology_key, f"{path}.topologyKey")
    action, actions = constraint.when_unsatisfiable, ("DoNotSchedule", "ScheduleAnyway")
    if not action:
        yield required(f"{path}.whenUnsatisfiable", "can not be empty")
    elif action not in actions:
        yield not_supported(f"{path}.whenUnsatisfiable", action, actions)
    if constraint.label_selector is not None:
        detail = "constraint must not define a selector, as they deduced for each pod"
        yield forbidden(f"{path}.labelSelector", detail)


def _volumes(args: VolumeBindingArgs, path: str) -> Errors:
    seconds = args.bind_timeout_seconds or 0
    if seconds < 0:
        detail = "invalid BindTimeoutSeconds, should not be a negative value"
        yield invalid(f"{path}.bindTimeoutSeconds", seconds, detail)
    if args.shape is not None:
        gate = "remove it or turn on the feature gate StorageCapacityScoring"
        yield invalid(f"{path}.shape", encode(args.shape), f"unexpected field `shape`, {gate}")


def _devices(args: DynamicResourcesArgs, path: str) -> Errors:
    if args.filter_timeout is not None and args.filter_timeout < 0:
        yield invalid(f"{path}.filterTimeout", str(args.filter_timeout), "must be zero or positive")
    if args.binding_timeout is not None and args.binding_timeout < 1:
        yield invalid(f"{path}.bindingTimeout", str(args.binding_timeout), "must be at least 1 second")


VALIDATE: Mapping[str, Callable[[Any, str], Errors]] = {
    "DefaultPreemption": _preemption,
    "InterPodAffinity": _pod_affinity,
    "NodeAffinity": _node_affinity,
    "NodeResourcesBalancedAllocation": _balanced,
    "PodTopologySpread": _spread,
    "VolumeBinding": _volumes,
    "DynamicResources": _devices,
}
"""By plugin; NodeResourcesFit checks its own when it is made."""
