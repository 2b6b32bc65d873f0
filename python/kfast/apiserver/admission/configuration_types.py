"""The documents of apiserver.config.k8s.io and pod-security.admission.config.k8s.io, as written in files. Classes are
called as upstream's: error texts name them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class AdmissionPluginConfiguration:
    """The configuration of one plugin: a file, or the configuration itself."""

    name: str = ""
    path: str = ""
    configuration: Any = None


@dataclass(kw_only=True)
class AdmissionConfiguration:
    """The file."""

    api_version: str = ""
    kind: str = ""
    plugins: list[AdmissionPluginConfiguration] = field(default_factory=list)


@dataclass(kw_only=True)
class PodSecurityDefaults:
    """What holds for namespaces without labels."""

    enforce: str = ""
    enforce_version: str = field(default="", metadata={"json": "enforce-version"})
    audit: str = ""
    audit_version: str = field(default="", metadata={"json": "audit-version"})
    warn: str = ""
    warn_version: str = field(default="", metadata={"json": "warn-version"})


@dataclass(kw_only=True)
class PodSecurityExemptions:
    """Who and what no standard is asked of."""

    usernames: list[str] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    runtime_classes: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class PodSecurityConfiguration:
    """Of PodSecurity."""

    api_version: str = ""
    kind: str = ""
    defaults: PodSecurityDefaults = field(default_factory=PodSecurityDefaults)
    exemptions: PodSecurityExemptions = field(default_factory=PodSecurityExemptions)


@dataclass(kw_only=True)
class ScopedResourceSelectorRequirement:
    """A scope, and for some its values."""

    scope_name: str = ""
    operator: str = ""
    values: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class LimitedResource:
    """What may be consumed only where a quota says how much."""

    api_group: str = ""
    resource: str = ""
    match_contains: list[str] = field(default_factory=list)
    match_scopes: list[ScopedResourceSelectorRequirement] = field(default_factory=list)


@dataclass(kw_only=True)
class Configuration:
    """Of ResourceQuota (ResourceQuotaConfiguration)."""

    api_version: str = ""
    kind: str = ""
    limited_resources: list[LimitedResource] = field(default_factory=list)


@dataclass(kw_only=True)
class WebhookAdmission:
    """Of the plugins of webhooks (WebhookAdmissionConfiguration)."""

    api_version: str = ""
    kind: str = ""
    kube_config_file: str = ""
    static_manifests_dir: str = ""
