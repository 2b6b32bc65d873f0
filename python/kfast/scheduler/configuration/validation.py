"""Upstream's rules for a configuration whose defaults are set, except those for plugin arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfast.api.field_errors import duplicate, invalid, required
from kfast.api.kind import FieldError
from kfast.meta.configuration import Duration, encode
from kfast.meta.names import qualified_name
from kfast.scheduler.configuration.in_tree import REMOVED
from kfast.scheduler.configuration.types import (
    API_VERSION,
    Extender,
    KubeSchedulerConfiguration,
    KubeSchedulerProfile,
    LeaderElectionConfiguration,
)
from kfast.scheduler.configuration.validation_args import VALIDATE

_NATIVE = "kubernetes.io/"


def validate(c: KubeSchedulerConfiguration) -> Iterator[FieldError]:
    """Everything that is wrong, in upstream's order."""
    if c.client_connection.burst < 0:
        yield invalid("clientConnection.burst", c.client_connection.burst, "must be non-negative")
    yield from _leader_election(c.leader_election)
    if c.parallelism is None or c.parallelism <= 0:
        yield invalid("parallelism", c.parallelism, "should be an integer value greater than zero")
    seen: dict[str, int] = {}
    for i, profile in enumerate(c.profiles):
        path, name = f"profiles[{i}]", profile.scheduler_name or ""
        yield from _profile(profile, path)
        if name in seen:
            yield duplicate(f"{path}.schedulerName", f"profiles[{seen[name]}].schedulerName")
        seen[name] = i
    yield from _queue_sort(c.profiles)
    yield from _percentage(c.percentage_of_nodes_to_score, "percentageOfNodesToScore")
    initial, longest = c.pod_initial_backoff_seconds or 0, c.pod_max_backoff_seconds or 0
    if initial <= 0:
        yield invalid("podInitialBackoffSeconds", initial, "must be greater than 0")
    if longest < initial:
        yield invalid("podMaxBackoffSeconds", longest, "must be greater than or equal to PodInitialBackoffSeconds")
    yield from _extenders(c.extenders)


def _leader_election(c: LeaderElectionConfiguration) -> Iterator[FieldError]:
    if not c.leader_elect:
        return
    times: dict[str, Duration] = {
        "leaseDuration": c.lease_duration,
        "renewDeadline": c.renew_deadline,
        "retryPeriod": c.retry_period,
    }
    for name, value in times.items():
        if value <= 0:
            yield invalid(f"leaderElection.{name}", str(value), "must be greater than zero")
    if c.lease_duration <= c.renew_deadline:
        path = "leaderElection.leaseDuration"
        yield invalid(path, str(c.renew_deadline), "must be greater than `RenewDeadline`")
    if c.resource_lock != "leases":
        yield invalid("leaderElection.resourceLock", c.resource_lock, 'resourceLock value must be "leases"')


def _percentage(value: int | None, path: str) -> Iterator[FieldError]:
    if value is not None and not 0 <= value <= 100:
        yield invalid(path, value, "not in valid range [0-100]")


def _removed(name: str, path: str) -> Iterator[FieldError]:
    if name in REMOVED:
        detail = f'was invalid in version "{API_VERSION}" (KubeSchedulerConfiguration is version "{API_VERSION}")'
        yield invalid(path, name, detail)


def _profile(profile: KubeSchedulerProfile, path: str) -> Iterator[FieldError]:
    if not profile.scheduler_name:
        yield required(f"{path}.schedulerName")
    yield from _percentage(profile.percentage_of_nodes_to_score, f"{path}.percentageOfNodesToScore")
    points: dict[str, Any] = encode(profile.plugins) or {}
    for point, plugins in points.items():
        for i, plugin in enumerate(plugins.get("enabled", ()) if point != "multiPoint" else ()):
            yield from _removed(plugin.get("name", ""), f"{path}.plugins.{point}.enabled[{i}]")
    seen = set()
    for i, plugin in enumerate(profile.plugin_config):
        place = f"{path}.pluginConfig[{i}]"
        if plugin.name in seen:
            yield duplicate(place, plugin.name)
        seen.add(plugin.name)
        yield from _removed(plugin.name, place)
        if plugin.name in VALIDATE:
            yield from VALIDATE[plugin.name](plugin.args, f"{place}.args")


def _queue_sort(profiles: list[KubeSchedulerProfile]) -> Iterator[FieldError]:
    """All profiles share one queue."""
    sets = [p.plugins.queue_sort if p.plugins else None for p in profiles]
    if sets[0] is not None and len(sets[0].enabled) > 1:
        path = "profiles[0].plugins.queueSort.Enabled"
        yield invalid(path, len(sets[0].enabled), "only one queue sort plugin can be enabled")
    for i, other in enumerate(sets[1:], 1):
        if other != sets[0]:
            yield invalid(f"profiles[{i}].plugins.queueSort", encode(other), "must be the same for all profiles")


def _extenders(extenders: list[Extender]) -> Iterator[FieldError]:
    managed = set()
    for i, extender in enumerate(extenders):
        path = f"extenders[{i}]"
        if extender.prioritize_verb and extender.weight <= 0:
            yield invalid(f"{path}.weight", extender.weight, "must have a positive weight applied to it")
        for j, resource in enumerate(extender.managed_resources):
            place = f"{path}.managedResources[{j}].name"
            details = qualified_name(resource.name)
            for detail in details:
                yield invalid(place, resource.name, detail)
            if not details and not _is_extended(resource.name):
                yield invalid(place, resource.name, "is an invalid extended resource name")
            if resource.name in managed:
                yield invalid(place, resource.name, "duplicate extender managed resource name")
            managed.add(resource.name)
    binders = sum(bool(e.bind_verb) for e in extenders)
    if binders > 1:
        shown = f"found {binders} extenders implementing bind"
        yield invalid("extenders", shown, "only one extender can implement bind")


def _is_extended(name: str) -> bool:
    native = "/" not in name or _NATIVE in name
    return not native and not name.startswith("requests.") and not qualified_name(f"requests.{name}")
