"""The typed arguments of upstream's plugins, with their defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from kfast.meta.configuration import Duration


def _int32(default: Any = None) -> Any:
    return field(default=default, metadata={"go": "int32"})


@dataclass(kw_only=True)
class NodeSelectorRequirement:
    """`spec.affinity.nodeAffinity...matchExpressions[]` of a pod."""

    key: str = ""
    operator: str = ""
    values: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class NodeSelectorTerm:
    """A conjunction of requirements."""

    match_expressions: list[NodeSelectorRequirement] = field(default_factory=list)
    match_fields: list[NodeSelectorRequirement] = field(default_factory=list)


@dataclass(kw_only=True)
class NodeSelector:
    """A disjunction of terms."""

    node_selector_terms: list[NodeSelectorTerm] = field(default_factory=list)


@dataclass(kw_only=True)
class PreferredSchedulingTerm:
    """A term with a weight."""

    weight: int = _int32(0)
    preference: NodeSelectorTerm = field(default_factory=NodeSelectorTerm)


@dataclass(kw_only=True)
class NodeAffinity:
    """Node affinity as in a pod's spec."""

    required: NodeSelector | None = field(
        default=None, metadata={"json": "requiredDuringSchedulingIgnoredDuringExecution"}
    )
    preferred: list[PreferredSchedulingTerm] = field(
        default_factory=list, metadata={"json": "preferredDuringSchedulingIgnoredDuringExecution"}
    )


@dataclass(kw_only=True)
class TopologySpreadConstraint:
    """A spread constraint as in a pod's spec."""

    max_skew: int = _int32(0)
    topology_key: str = ""
    when_unsatisfiable: str = ""
    label_selector: dict[str, Any] | None = None
    min_domains: int | None = _int32()
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None
    match_label_keys: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class ResourceSpec:
    """A resource with its weight in a score."""

    name: str = ""
    weight: int = 0


@dataclass(kw_only=True)
class UtilizationShapePoint:
    """A score (0 to 10) at a used percentage."""

    utilization: int = _int32(0)
    score: int = _int32(0)


@dataclass(kw_only=True)
class RequestedToCapacityRatioParam:
    """The shape of the function."""

    shape: list[UtilizationShapePoint] = field(default_factory=list)


@dataclass(kw_only=True)
class ScoringStrategy:
    """How NodeResourcesFit scores."""

    type: str = ""
    resources: list[ResourceSpec] = field(default_factory=list)
    requested_to_capacity_ratio: RequestedToCapacityRatioParam | None = None


@dataclass(kw_only=True)
class _Args:
    api_version: str = ""
    kind: str = ""


@dataclass(kw_only=True)
class DefaultPreemptionArgs(_Args):
    """How many candidate nodes preemption looks at."""

    min_candidate_nodes_percentage: int | None = _int32()
    min_candidate_nodes_absolute: int | None = _int32()


@dataclass(kw_only=True)
class InterPodAffinityArgs(_Args):
    """What required affinity of running pods is worth."""

    hard_pod_affinity_weight: int | None = _int32()
    ignore_preferred_terms_of_existing_pods: bool = False


@dataclass(kw_only=True)
class NodeAffinityArgs(_Args):
    """Affinity all pods of the profile get."""

    added_affinity: NodeAffinity | None = None


@dataclass(kw_only=True)
class NodeResourcesBalancedAllocationArgs(_Args):
    """The resources to even out."""

    resources: list[ResourceSpec] = field(default_factory=list)


@dataclass(kw_only=True)
class NodeResourcesFitArgs(_Args):
    """What is left to others, and how nodes are ranked."""

    ignored_resources: list[str] = field(default_factory=list)
    ignored_resource_groups: list[str] = field(default_factory=list)
    scoring_strategy: ScoringStrategy | None = None


@dataclass(kw_only=True)
class PodTopologySpreadArgs(_Args):
    """Constraints of pods that have none."""

    default_constraints: list[TopologySpreadConstraint] = field(default_factory=list)
    defaulting_type: str = ""


@dataclass(kw_only=True)
class VolumeBindingArgs(_Args):
    """How long binding may take, and how capacity scores."""

    bind_timeout_seconds: int | None = None
    shape: list[UtilizationShapePoint] | None = None


@dataclass(kw_only=True)
class DynamicResourcesArgs(_Args):
    """How long allocation and binding of devices may take."""

    filter_timeout: Duration | None = None
    binding_timeout: Duration | None = None


ARGS: dict[str, type[_Args]] = {
    "DefaultPreemption": DefaultPreemptionArgs,
    "DynamicResources": DynamicResourcesArgs,
    "InterPodAffinity": InterPodAffinityArgs,
    "NodeAffinity": NodeAffinityArgs,
    "NodeResourcesBalancedAllocation": NodeResourcesBalancedAllocationArgs,
    "NodeResourcesFit": NodeResourcesFitArgs,
    "PodTopologySpread": PodTopologySpreadArgs,
    "VolumeBinding": VolumeBindingArgs,
}
"""By plugin."""


def set_defaults(args: Any) -> None:
    """Fills in what upstream fills in."""
    if (fill := _DEFAULTS.get(type(args))) is not None:
        fill(args)


def _preemption(args: DefaultPreemptionArgs) -> None:
    if args.min_candidate_nodes_percentage is None:
        args.min_candidate_nodes_percentage = 10
    if args.min_candidate_nodes_absolute is None:
        args.min_candidate_nodes_absolute = 100


def _affinity(args: InterPodAffinityArgs) -> None:
    if args.hard_pod_affinity_weight is None:
        args.hard_pod_affinity_weight = 1


def _weighted(resources: list[ResourceSpec]) -> list[ResourceSpec]:
    for resource in resources:
        resource.weight = resource.weight or 1
    return resources or [ResourceSpec(name="cpu", weight=1), ResourceSpec(name="memory", weight=1)]


def _balanced(args: NodeResourcesBalancedAllocationArgs) -> None:
    args.resources = _weighted(args.resources)


def _fit(args: NodeResourcesFitArgs) -> None:
    if args.scoring_strategy is None:
        args.scoring_strategy = ScoringStrategy(type="LeastAllocated")
    args.scoring_strategy.resources = _weighted(args.scoring_strategy.resources)


def _spread(args: PodTopologySpreadArgs) -> None:
    args.defaulting_type = args.defaulting_type or "System"


def _volumes(args: VolumeBindingArgs) -> None:
    if args.bind_timeout_seconds is None:
        args.bind_timeout_seconds = 600


def _devices(args: DynamicResourcesArgs) -> None:
    if args.filter_timeout is None:
        args.filter_timeout = Duration(10)
    if args.binding_timeout is None:
        args.binding_timeout = Duration(600)


_DEFAULTS = cast(
    "dict[type, Callable[[Any], None]]",
    {
        DefaultPreemptionArgs: _preemption,
        InterPodAffinityArgs: _affinity,
        NodeResourcesBalancedAllocationArgs: _balanced,
        NodeResourcesFitArgs: _fit,
        PodTopologySpreadArgs: _spread,
        VolumeBindingArgs: _volumes,
        DynamicResourcesArgs: _devices,
    },
)
