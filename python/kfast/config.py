"""What a cluster is told at start: addresses, ranges, places. Defaults are upstream's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

KUBERNETES_VERSION = "v1.36.2"
"""The upstream release whose behaviour is served."""

SERVICE_CIDR = "10.96.0.0/12"
CLUSTER_CIDR = "10.244.0.0/16"
NODE_PORTS = (30000, 32767)
SECURE_PORT = 6443

COMPACTION_INTERVAL = 300.0
"""Seconds; upstream's --etcd-compaction-interval."""
EVENT_TTL = 3600.0
"""Seconds from an event's last write to its removal; 0: they stay."""

COMPONENTS = ("controllers", "scheduler", "nodes")
"""What runs beside the API server."""

ADMISSION_PLUGINS = (
    "NamespaceLifecycle",
    "LimitRanger",
    "ServiceAccount",
    "TaintNodesByCondition",
    "AlwaysPullImages",
    "PodSecurity",
    "Priority",
    "DefaultTolerationSeconds",
    "ExtendedResourceToleration",
    "DefaultStorageClass",
    "StorageObjectInUseProtection",
    "PersistentVolumeClaimResize",
    "RuntimeClass",
    "CertificateApproval",
    "CertificateSigning",
    "CertificateSubjectRestriction",
    "DefaultIngressClass",
    "DenyServiceExternalIPs",
    "PodTopologyLabels",
    "NodeDeclaredFeatureValidator",
    "PodResizeValidator",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionWebhook",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionWebhook",
    "ResourceQuota",
)
"""What looks at writes, in this order: upstream's (pkg/kubeapiserver/options/plugins.go)."""
OFF_BY_DEFAULT = frozenset({"AlwaysPullImages", "ExtendedResourceToleration", "DenyServiceExternalIPs"})
"""Those of them that run only where they are asked for."""
LEAN_ON_CONTROLLERS = ("ServiceAccount", "TaintNodesByCondition", "StorageObjectInUseProtection")
"""Those of them that keep pods from being made or placed, and volumes from going, where no controllers run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditBatchConfig:
    """How audit events are sent behind requests: at most `max_size` together, `max_wait` seconds after the first of
    them, `throttle_qps` times a second (0: one batch after the other); `buffer_size` may wait."""

    buffer_size: int = 10_000
    max_size: int = 400
    max_wait: float = 30.0
    throttle_qps: float = 10.0
    throttle_burst: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditConfig:
    """The audit log: its policy; its file (`-` is standard output), `json` or `legacy`, and how that is rotated (0 is
    no limit); the kubeconfig of a webhook that gets the events. Modes are `batch`, `blocking` and `blocking-strict`."""

    policy_file: Path
    log_path: Path | None = None
    log_format: str = "json"
    log_mode: str = "blocking"
    webhook_config_file: Path | None = None
    webhook_mode: str = "batch"
    webhook_batch: AuditBatchConfig = AuditBatchConfig()
    webhook_initial_backoff: float = 10.0
    max_age_days: int = 366
    max_backups: int = 100
    max_size_megabytes: int = 100
    compress: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig:
    """One cluster.

    `port` None serves no HTTPS, 0 takes a free port. `data_dir` None keeps everything in memory. `seed` decides ties
    in scheduling and generated names where a cluster must be reproducible. `scheduler_config` is a
    KubeSchedulerConfiguration file. `without` names COMPONENTS that run elsewhere or not at all,
    `disable_admission_plugins` those of ADMISSION_PLUGINS that do not run; `admission_control_config_file` is an
    AdmissionConfiguration. Without `audit` nothing is recorded.
    `kubelet_port` is where simulated nodes serve HTTPS (0: a free port), each at a loopback address of its own; with
    None only the cluster's own API server reaches them.
    """

    nodes: int = 3
    host: str = "127.0.0.1"
    port: int | None = None
    kubelet_port: int | None = None
    data_dir: Path | None = None
    seed: int = 0
    scheduler_config: Path | None = None
    without: frozenset[str] = frozenset()
    disable_admission_plugins: frozenset[str] = frozenset()
    enable_admission_plugins: frozenset[str] = frozenset()
    admission_control_config_file: Path | None = None
    audit: AuditConfig | None = None
    event_ttl: float = EVENT_TTL
    etcd_compaction_interval: float = COMPACTION_INTERVAL
    node_capacity: tuple[tuple[str, str], ...] = (
        ("cpu", "4"),
        ("memory", "32Gi"),
        ("ephemeral-storage", "100Gi"),
        ("pods", "110"),
    )
