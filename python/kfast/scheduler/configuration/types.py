"""KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1, as written in files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kfast.meta.configuration import Duration

API_VERSION = "kubescheduler.config.k8s.io/v1"
KIND = "KubeSchedulerConfiguration"
_NONE = Duration(0)


def _int32(default: Any = None) -> Any:
    return field(default=default, metadata={"go": "int32"})


@dataclass(kw_only=True)
class Plugin:
    """A plugin at an extension point."""

    name: str = ""
    weight: int | None = _int32()


@dataclass(kw_only=True)
class PluginSet:
    """What an extension point runs besides, or instead of, the default."""

    enabled: list[Plugin] = field(default_factory=list)
    disabled: list[Plugin] = field(default_factory=list)


@dataclass(kw_only=True)
class Plugins:
    """One set per extension point; `multi_point` is for all points a plugin has."""

    pre_enqueue: PluginSet = field(default_factory=PluginSet)
    queue_sort: PluginSet = field(default_factory=PluginSet)
    pre_filter: PluginSet = field(default_factory=PluginSet)
    filter: PluginSet = field(default_factory=PluginSet)
    post_filter: PluginSet = field(default_factory=PluginSet)
    pre_score: PluginSet = field(default_factory=PluginSet)
    score: PluginSet = field(default_factory=PluginSet)
    reserve: PluginSet = field(default_factory=PluginSet)
    permit: PluginSet = field(default_factory=PluginSet)
    pre_bind: PluginSet = field(default_factory=PluginSet)
    bind: PluginSet = field(default_factory=PluginSet)
    post_bind: PluginSet = field(default_factory=PluginSet)
    multi_point: PluginSet = field(default_factory=PluginSet)
    placement_generate: PluginSet = field(default_factory=PluginSet)
    placement_score: PluginSet = field(default_factory=PluginSet)


POINTS = (
    "pre_filter",
    "filter",
    "post_filter",
    "reserve",
    "pre_score",
    "score",
    "pre_bind",
    "bind",
    "post_bind",
    "permit",
    "pre_enqueue",
    "queue_sort",
)
"""The extension points that are run, in the order upstream sets them up."""


@dataclass(kw_only=True)
class PluginConfig:
    """Arguments of a plugin: of a known type for upstream's own, any value for others."""

    name: str = ""
    args: Any = None


@dataclass(kw_only=True)
class KubeSchedulerProfile:
    """How pods with one `schedulerName` are scheduled."""

    scheduler_name: str | None = None
    percentage_of_nodes_to_score: int | None = _int32()
    plugins: Plugins | None = None
    plugin_config: list[PluginConfig] = field(default_factory=list)


@dataclass(kw_only=True)
class ExtenderManagedResource:
    """An extended resource an extender answers for."""

    name: str = ""
    ignored_by_scheduler: bool = False


@dataclass(kw_only=True)
class ExtenderTLSConfig:
    """TLS towards an extender; data take precedence over files."""

    insecure: bool = False
    server_name: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = field(default="", metadata={"json": "caFile"})
    cert_data: bytes = b""
    key_data: bytes = b""
    ca_data: bytes = field(default=b"", metadata={"json": "caData"})


@dataclass(kw_only=True)
class Extender:
    """An HTTP extender; an empty verb is not offered."""

    url_prefix: str = ""
    filter_verb: str = ""
    preempt_verb: str = ""
    prioritize_verb: str = ""
    weight: int = 0
    bind_verb: str = ""
    enable_https: bool = field(default=False, metadata={"json": "enableHTTPS"})
    tls_config: ExtenderTLSConfig | None = None
    http_timeout: Duration = _NONE
    node_cache_capable: bool = False
    managed_resources: list[ExtenderManagedResource] = field(default_factory=list)
    ignorable: bool = False


@dataclass(kw_only=True)
class LeaderElectionConfiguration:
    """On which lease schedulers compete, and how patiently."""

    leader_elect: bool | None = None
    lease_duration: Duration = _NONE
    renew_deadline: Duration = _NONE
    retry_period: Duration = _NONE
    resource_lock: str = ""
    resource_name: str = ""
    resource_namespace: str = ""


@dataclass(kw_only=True)
class ClientConnectionConfiguration:
    """How to reach the API server."""

    kubeconfig: str = ""
    accept_content_types: str = ""
    content_type: str = ""
    qps: float = 0.0
    burst: int = _int32(0)


@dataclass(kw_only=True)
class KubeSchedulerConfiguration:
    """The whole file."""

    api_version: str = ""
    kind: str = ""
    parallelism: int | None = _int32()
    leader_election: LeaderElectionConfiguration = field(default_factory=LeaderElectionConfiguration)
    client_connection: ClientConnectionConfiguration = field(default_factory=ClientConnectionConfiguration)
    enable_profiling: bool | None = None
    enable_contention_profiling: bool | None = None
    percentage_of_nodes_to_score: int | None = _int32()
    pod_initial_backoff_seconds: int | None = None
    pod_max_backoff_seconds: int | None = None
    profiles: list[KubeSchedulerProfile] = field(default_factory=list)
    extenders: list[Extender] = field(default_factory=list)
    delay_cache_until_active: bool = False
