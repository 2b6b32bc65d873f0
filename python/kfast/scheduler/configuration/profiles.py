"""From the plugins a profile asks for to the plugins each extension point runs: upstream's merging and expansion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from kfast.meta.configuration import ConfigurationError
from kfast.scheduler.configuration.in_tree import default_plugins
from kfast.scheduler.configuration.types import POINTS, KubeSchedulerProfile, Plugins, PluginSet

_MAX_TOTAL_SCORE = (1 << 63) - 1
_MAX_SCORE = 100
_TYPES = {point: "".join(part.capitalize() for part in point.split("_")) + "Plugin" for point in POINTS}
"""What upstream's errors call the plugins of a point."""


def merged(custom: Plugins | None) -> Plugins:
    """The default plugins with a profile's changes."""
    plugins = default_plugins()
    if custom is None:
        return plugins
    for point in fields(Plugins):
        setattr(plugins, point.name, _merge(getattr(plugins, point.name), getattr(custom, point.name)))
    return plugins


def _merge(default: PluginSet, custom: PluginSet) -> PluginSet:
    """Defaults first, in place where they are configured anew; then what is only custom."""
    disabled = {p.name for p in (*custom.disabled, *default.disabled)}
    configured = {p.name: (at, p) for at, p in enumerate(custom.enabled)}
    enabled, replaced = [], set()
    for plugin in default.enabled if "*" not in disabled else ():
        if plugin.name in disabled:
            continue
        at, plugin = configured.get(plugin.name, (-1, plugin))
        replaced.add(at)
        enabled.append(plugin)
    enabled += [p for at, p in enumerate(custom.enabled) if at not in replaced]
    return PluginSet(enabled=enabled, disabled=[*custom.disabled, *default.disabled])


@dataclass(frozen=True, kw_only=True)
class ResolvedProfile:
    """What runs: by extension point (`pre_filter`) the names of plugins in order, and the weights of scores."""

    scheduler_name: str
    points: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, int]

    def names(self) -> set[str]:
        """All plugins that run somewhere."""
        return {name for names in self.points.values() for name in names}


def resolve(profile: KubeSchedulerProfile, known: Mapping[str, Iterable[str]]) -> ResolvedProfile:
    """The plugins of a profile whose defaults are set, by extension point. `known` gives the points each plugin has.

    Raises ConfigurationError with upstream's text for plugins that do not exist, do not fit or come twice.
    """
    plugins = profile.plugins or default_plugins()
    name = profile.scheduler_name or ""
    points = {point: _expand(point, plugins, known) for point in POINTS}
    if len(points["queue_sort"]) != 1:
        count = len(points["queue_sort"])
        raise ConfigurationError(
            f'only one queue sort plugin required for profile with scheduler name "{name}", but got {count}'
        )
    if not points["bind"]:
        raise ConfigurationError(f'at least one bind plugin is needed for profile with scheduler name "{name}"')
    for point in ("placement_generate", "placement_score"):
        if getattr(plugins, point).enabled:
            raise ConfigurationError(f"{point}: needs the feature gate TopologyAwareWorkloadScheduling, which is off")
    return ResolvedProfile(scheduler_name=name, points=points, weights=_weights(plugins, known))


def _expand(point: str, plugins: Plugins, known: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The point's own plugins and those of multiPoint that have the point."""
    own: PluginSet = getattr(plugins, point)
    names = []
    for plugin in own.enabled:
        if plugin.name not in known:
            raise ConfigurationError(f'{_TYPES[point]} "{plugin.name}" does not exist')
        if point not in known[plugin.name]:
            raise ConfigurationError(f'plugin "{plugin.name}" does not extend {_TYPES[point]} plugin')
        if plugin.name in names:
            raise ConfigurationError(f'plugin "{plugin.name}" already registered as "{_TYPES[point]}"')
        names.append(plugin.name)
    disabled = {p.name for p in own.disabled}
    if "*" in disabled:
        return tuple(names)
    multi: list[str] = []
    overridden = set()
    for plugin in plugins.multi_point.enabled:
        if plugin.name not in known:
            raise ConfigurationError(f'{_TYPES[point]} "{plugin.name}" does not exist')
        if point not in known[plugin.name] or plugin.name in disabled:
            continue
        if plugin.name in names:
            overridden.add(plugin.name)
        elif plugin.name in multi:
            raise ConfigurationError(f'plugin "{plugin.name}" already registered as "{_TYPES[point]}"')
        else:
            multi.append(plugin.name)
    first = [n for n in names if n in overridden]
    return (*first, *multi, *(n for n in names if n not in overridden))


def _weights(plugins: Plugins, known: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """A point's own weight goes before multiPoint's; 0 and none are 1."""
    weights: dict[str, int] = {}
    total = 0
    for plugin in (*plugins.score.enabled, *plugins.multi_point.enabled):
        if "score" not in known[plugin.name] or plugin.name in weights:
            continue
        weights[plugin.name] = plugin.weight or 1
        if weights[plugin.name] * _MAX_SCORE > _MAX_TOTAL_SCORE - total:
            raise ConfigurationError("score plugins: total score of Score plugins could overflow")
        total += weights[plugin.name] * _MAX_SCORE
    return weights


def plugin_names(plugins: Plugins) -> list[str]:
    """Every plugin named as enabled, sorted."""
    sets: list[PluginSet] = [getattr(plugins, point.name) for point in fields(Plugins)]
    return sorted({plugin.name for one in sets for plugin in one.enabled})
