"""Configuration files: decoded strictly, defaulted and validated as kube-scheduler does."""

from __future__ import annotations

from pathlib import Path

from kfast.meta.configuration import ConfigurationError, Decoder, Duration, plain, typed, unregistered
from kfast.scheduler.configuration.plugin_args import ARGS, set_defaults
from kfast.scheduler.configuration.profiles import merged, plugin_names
from kfast.scheduler.configuration.types import (
    API_VERSION,
    KIND,
    KubeSchedulerConfiguration,
    KubeSchedulerProfile,
    PluginConfig,
)
from kfast.scheduler.configuration.validation import validate

_GROUP = API_VERSION.partition("/")[0]


def load(path: Path) -> KubeSchedulerConfiguration:
    """Reads a file. Raises ConfigurationError, and OSError if it cannot be read."""
    return parse(path.read_text())


def parse(text: str) -> KubeSchedulerConfiguration:
    """Reads YAML or JSON. Raises ConfigurationError: not well-formed, unknown or repeated fields, or invalid values."""
    configuration = decode(text)
    set_configuration_defaults(configuration)
    if texts := [f"{error.path}: {error.message}" for error in validate(configuration)]:
        raise ConfigurationError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    return configuration


def default_configuration() -> KubeSchedulerConfiguration:
    """What an empty file means."""
    configuration = KubeSchedulerConfiguration(api_version=API_VERSION, kind=KIND)
    set_configuration_defaults(configuration)
    return configuration


def decode(text: str) -> KubeSchedulerConfiguration:
    """The file's own content, without defaults."""
    value, strict = plain(text)
    version, kind = typed(value, text)
    if (version, kind) != (API_VERSION, KIND):
        raise unregistered(version, kind)
    decoder = Decoder()
    configuration = decoder.decode(KubeSchedulerConfiguration, value)
    strict += decoder.unknown
    if strict:
        raise ConfigurationError(f"strict decoding error: {', '.join(strict)}")
    nested = []
    for i, profile in enumerate(configuration.profiles):
        for j, plugin in enumerate(profile.plugin_config):
            place = f"decoding .profiles[{i}].pluginConfig[{j}]"
            try:
                fault = _decode_args(plugin)
            except ConfigurationError as error:
                raise ConfigurationError(f"{place}: {error}") from None
            if fault:
                nested.append(f"{place}: strict decoding error: {fault}")
    if nested:
        raise ConfigurationError(f"strict decoding error: {', '.join(nested)}")
    return configuration


def _decode_args(plugin: PluginConfig) -> str:
    """Gives known arguments their type. What a strict decoder objects to; raises what any decoder would."""
    expected = ARGS.get(plugin.name)
    if expected is None:
        return ""
    value = plugin.args
    if isinstance(value, dict):
        group = str(value.get("apiVersion") or API_VERSION).partition("/")[0]
        kind = value.get("kind") or expected.__name__
        if (group, kind) != (_GROUP, expected.__name__):
            wanted = f"{expected.__name__}.{_GROUP}"
            raise ConfigurationError(f"args for plugin {plugin.name} were not of type {wanted}, got {kind}.{group}")
    decoder = Decoder()
    try:
        plugin.args = decoder.decode(expected, value)
    except ConfigurationError as error:
        raise ConfigurationError(f"decoding args for plugin {plugin.name}: {error}") from None
    if not decoder.unknown:
        return ""
    return f"decoding args for plugin {plugin.name}: strict decoding error: {', '.join(decoder.unknown)}"


def set_configuration_defaults(configuration: KubeSchedulerConfiguration) -> None:
    """Fills in what upstream fills in, the default plugins and arguments included."""
    c = configuration
    if c.parallelism is None:
        c.parallelism = 16
    c.profiles = c.profiles or [KubeSchedulerProfile()]
    if len(c.profiles) == 1 and c.profiles[0].scheduler_name is None:
        c.profiles[0].scheduler_name = "default-scheduler"
    for profile in c.profiles:
        _set_profile_defaults(profile)
    if c.percentage_of_nodes_to_score is None:
        c.percentage_of_nodes_to_score = 0
    election = c.leader_election
    election.leader_elect = True if election.leader_elect is None else election.leader_elect
    election.lease_duration = election.lease_duration or Duration(15)
    election.renew_deadline = election.renew_deadline or Duration(10)
    election.retry_period = election.retry_period or Duration(2)
    election.resource_lock = election.resource_lock or "leases"
    election.resource_namespace = election.resource_namespace or "kube-system"
    election.resource_name = election.resource_name or "kube-scheduler"
    connection = c.client_connection
    connection.content_type = connection.content_type or "application/vnd.kubernetes.protobuf"
    connection.qps = connection.qps or 50.0
    connection.burst = connection.burst or 100
    if c.pod_initial_backoff_seconds is None:
        c.pod_initial_backoff_seconds = 1
    if c.pod_max_backoff_seconds is None:
        c.pod_max_backoff_seconds = 10
    if c.enable_profiling is None:
        c.enable_profiling = True
    if c.enable_profiling and c.enable_contention_profiling is None:
        c.enable_contention_profiling = True


def _set_profile_defaults(profile: KubeSchedulerProfile) -> None:
    profile.plugins = merged(profile.plugins)
    for plugin in profile.plugin_config:
        set_defaults(plugin.args)
    given = {plugin.name for plugin in profile.plugin_config}
    for name in plugin_names(profile.plugins):
        if name in ARGS and name not in given:
            args = ARGS[name]()
            set_defaults(args)
            profile.plugin_config.append(PluginConfig(name=name, args=args))
