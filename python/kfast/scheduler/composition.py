"""From a configuration and the plugins at hand to what runs: the core's configuration, and the Python plugins of each
profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kfast import _core
from kfast.scheduler.configuration import (
    ConfigurationError,
    KubeSchedulerConfiguration,
    KubeSchedulerProfile,
    ResolvedProfile,
    default_configuration,
    encode,
    resolve,
)
from kfast.scheduler.configuration.in_tree import IN_TREE
from kfast.scheduler.configuration.plugin_args import NodeResourcesFitArgs
from kfast.scheduler.configuration.profiles import plugin_names
from kfast.scheduler.configuration.types import Plugin as Named
from kfast.scheduler.configuration.validation_args import fit_errors
from kfast.scheduler.plugins.plugin import Plugin, PluginError, load, make

_CORE_POINTS = {
    "pre_enqueue": "preEnqueue",
    "queue_sort": "queueSort",
    "pre_filter": "preFilter",
    "filter": "filter",
    "post_filter": "postFilter",
    "pre_score": "preScore",
    "score": "score",
    "reserve": "reserve",
    "pre_bind": "preBind",
    "permit": "permit",
    "bind": "bind",
}
EXTENDERS = "Extender"
"""What upstream calls all HTTP extenders together as a plugin."""


@dataclass(frozen=True, kw_only=True)
class RunningProfile:
    """A profile as it runs."""

    resolved: ResolvedProfile
    plugins: Mapping[str, Plugin]
    """The Python plugins by name."""

    def at(self, point: str) -> list[Plugin]:
        """The Python plugins of a point, in order."""
        return [self.plugins[name] for name in self.resolved.points[point] if name in self.plugins]

    @property
    def binds_by_default(self) -> bool:
        """Whether pods are bound by DefaultBinder alone, with no Python plugin in between."""
        after = ("reserve", "permit", "pre_bind", "post_bind")
        return self.resolved.points["bind"] == ("DefaultBinder",) and not any(self.at(point) for point in after)


@dataclass(frozen=True, kw_only=True)
class Composition:
    """All that a scheduler is made of."""

    configuration: KubeSchedulerConfiguration
    profiles: Mapping[str, RunningProfile]
    """By `schedulerName`."""
    core: bytes
    """The configuration of the core, as JSON."""


def compose(
    configuration: KubeSchedulerConfiguration | None = None, plugins: Iterable[Plugin | type[Plugin]] = ()
) -> Composition:
    """Puts a scheduler together. `plugins` run in every profile that does not name them itself; the configuration may
    name more as `module:Class`. Raises ConfigurationError and PluginError."""
    configuration = configuration or default_configuration()
    given = [make(plugin) for plugin in plugins]
    _leave_to_extenders(configuration)
    profiles = {p.scheduler_name or "": _running(p, given) for p in configuration.profiles}
    bodies = [_body(p, profiles[p.scheduler_name or ""], bool(configuration.extenders)) for p in configuration.profiles]
    for profile, body in zip(configuration.profiles, bodies, strict=True):
        own, everyones = profile.percentage_of_nodes_to_score, configuration.percentage_of_nodes_to_score
        body["percentageOfNodesToScore"] = (own if own is not None else everyones) or 0
    core = {
        "profiles": bodies,
        "podInitialBackoffSeconds": configuration.pod_initial_backoff_seconds,
        "podMaxBackoffSeconds": configuration.pod_max_backoff_seconds,
        "asksAboutPreemption": any(extender.preempt_verb for extender in configuration.extenders),
    }
    return Composition(configuration=configuration, profiles=profiles, core=msgspec.json.encode(core))


def _leave_to_extenders(configuration: KubeSchedulerConfiguration) -> None:
    """Resources whose extenders say so are not checked by NodeResourcesFit."""
    left = {r.name for e in configuration.extenders for r in e.managed_resources if r.ignored_by_scheduler}
    for profile in configuration.profiles:
        for plugin in profile.plugin_config:
            if isinstance(plugin.args, NodeResourcesFitArgs):
                plugin.args.ignored_resources += sorted(left - set(plugin.args.ignored_resources))


def _running(profile: KubeSchedulerProfile, given: list[Plugin]) -> RunningProfile:
    assert profile.plugins is not None
    args = {c.name: c.args for c in profile.plugin_config}
    plugins = {plugin.name: plugin for plugin in given}
    if len(plugins) != len(given):
        raise PluginError("two of the plugins have the same name")
    named = plugin_names(profile.plugins)
    for name in named:
        if ":" in name:
            plugin = load(name, args.get(name))
            plugins[name] = plugin
            plugin.name = name
    for plugin in given:
        if plugin.name not in named:
            profile.plugins.multi_point.enabled.append(Named(name=plugin.name, weight=plugin.weight))
    if taken := set(plugins) & set(IN_TREE):
        raise PluginError(f'plugin "{min(taken)}" has the name of one of upstream\'s')
    known = {**IN_TREE, **{name: plugin.points for name, plugin in plugins.items()}}
    resolved = resolve(profile, known)
    return RunningProfile(resolved=resolved, plugins={n: p for n, p in plugins.items() if n in resolved.names()})


def _body(profile: KubeSchedulerProfile, running: RunningProfile, extenders: bool) -> dict[str, Any]:
    """A profile as the core reads it."""
    core = {*_core.Scheduler.plugins(), *running.plugins}
    resolved = running.resolved
    points = {
        camel: [{"name": n, "weight": resolved.weights.get(n, 0)} for n in resolved.points[point] if n in core]
        for point, camel in _CORE_POINTS.items()
    }
    # The core asks Python plugins to filter by its own PreFilter.
    points["preFilter"] += [{"name": plugin.name} for plugin in running.at("filter")]
    external: list[dict[str, Any]] = [
        {"name": p.name, "depends": p.depends, "normalize": p.normalize} for p in running.plugins.values()
    ]
    if extenders:
        external.append({"name": EXTENDERS, "depends": "cycle", "amongFeasible": True})
        for point in ("preFilter", "filter", "score"):
            points[point].append({"name": EXTENDERS, "weight": 1})
    return {
        "schedulerName": resolved.scheduler_name,
        "plugins": points,
        "args": _args(profile, resolved),
        "external": external,
    }


def _args(profile: KubeSchedulerProfile, resolved: ResolvedProfile) -> dict[str, Any]:
    args = {c.name: c.args for c in profile.plugin_config if c.name in IN_TREE and c.name in resolved.names()}
    if (fit := args.get("NodeResourcesFit")) is not None:
        errors = [f"{e.path}: {e.message}" for e in fit_errors(fit)]
        if errors:
            text = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
            raise ConfigurationError(f'initializing plugin "NodeResourcesFit": {text}')
    bodies = {name: encode(value) for name, value in args.items()}
    return {n: {k: v for k, v in b.items() if k not in ("apiVersion", "kind")} for n, b in bodies.items()}
