"""Upstream's own plugins: extension points and default weights, in the default order of v1.36."""

from __future__ import annotations

from collections.abc import Mapping

from kfast.scheduler.configuration.types import Plugin, Plugins, PluginSet

_FILTER = "pre_filter filter"
_SCORE = "pre_score score"

_DEFAULT = (
    ("SchedulingGates", None, "pre_enqueue"),
    ("PrioritySort", None, "queue_sort"),
    ("NodeUnschedulable", None, "filter"),
    ("NodeName", None, "filter"),
    ("TaintToleration", 3, f"filter {_SCORE}"),
    ("NodeAffinity", 2, f"{_FILTER} {_SCORE}"),
    ("NodePorts", None, _FILTER),
    ("NodeResourcesFit", 1, f"{_FILTER} {_SCORE}"),
    ("VolumeRestrictions", None, _FILTER),
    ("NodeVolumeLimits", None, _FILTER),
    ("VolumeBinding", None, f"{_FILTER} reserve pre_bind {_SCORE}"),
    ("VolumeZone", None, _FILTER),
    ("PodTopologySpread", 2, f"{_FILTER} {_SCORE}"),
    ("InterPodAffinity", 2, f"{_FILTER} {_SCORE}"),
    ("DynamicResources", 2, f"pre_enqueue {_FILTER} post_filter score reserve pre_bind"),
    ("DefaultPreemption", None, "post_filter pre_enqueue"),
    ("NodeResourcesBalancedAllocation", 1, _SCORE),
    ("ImageLocality", 1, "score"),
    ("DefaultBinder", None, "bind"),
    ("NodeDeclaredFeatures", None, _FILTER),
)

IN_TREE: Mapping[str, frozenset[str]] = {name: frozenset(points.split()) for name, _, points in _DEFAULT}
"""The extension points of each plugin."""

REMOVED = ("AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits")
"""Plugins v1 no longer knows."""


def default_plugins() -> Plugins:
    """All plugins, at every point they have."""
    return Plugins(multi_point=PluginSet(enabled=[Plugin(name=name, weight=weight) for name, weight, _ in _DEFAULT]))
