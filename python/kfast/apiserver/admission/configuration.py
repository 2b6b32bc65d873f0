"""What plugins are told by `--admission-control-config-file` (upstream: admission/config.go)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfast.api.field_errors import duplicate, forbidden, invalid, required
from kfast.api.kind import FieldError
from kfast.apiserver.admission import configuration_types as types
from kfast.apiserver.admission.pod_security import LEVELS, PodSecurityConfiguration, Policy, is_version
from kfast.apiserver.webhook_users import WebhookUsers
from kfast.errors import KfastError
from kfast.meta.configuration import ConfigurationError, document
from kfast.meta.kubeconfig import KubeconfigError, read
from kfast.meta.name_rules import dns_label, dns_subdomain

_log = logging.getLogger(__name__)
WEBHOOK_PLUGINS = ("MutatingAdmissionWebhook", "ValidatingAdmissionWebhook")
_CONFIG = "apiserver.config.k8s.io/v1"
_MODES = ("enforce", "audit", "warn")


_FILES: Mapping[tuple[str, str], type[Any]] = {
    (version, "AdmissionConfiguration"): types.AdmissionConfiguration
    for version in (_CONFIG, "apiserver.k8s.io/v1alpha1")
}
_POD_SECURITY: Mapping[tuple[str, str], type[Any]] = {
    (f"pod-security.admission.config.k8s.io/{version}", "PodSecurityConfiguration"): types.PodSecurityConfiguration
    for version in ("v1", "v1beta1", "v1alpha1")
}
_QUOTA: Mapping[tuple[str, str], type[Any]] = {(_CONFIG, "ResourceQuotaConfiguration"): types.Configuration}
_WEBHOOKS: Mapping[tuple[str, str], type[Any]] = {(_CONFIG, "WebhookAdmissionConfiguration"): types.WebhookAdmission}


@dataclass(frozen=True, slots=True)
class Configured:
    """What the plugins that can be configured are told."""

    pod_security: PodSecurityConfiguration = field(default_factory=PodSecurityConfiguration)
    limited_resources: tuple[types.LimitedResource, ...] = ()
    webhook_users: Mapping[str, WebhookUsers] = field(default_factory=dict)
    """Who plugins of webhooks are to these."""

    @classmethod
    def load(cls, path: Path) -> Configured:
        """Reads a file and those it names. Raises KfastError, in upstream's words."""
        texts = _plugins(path)
        return cls(
            _configured("PodSecurity", texts, _pod_security) or PodSecurityConfiguration(),
            _configured("ResourceQuota", texts, _limited_resources) or (),
            {name: users for name in WEBHOOK_PLUGINS if (users := _configured(name, texts, _webhook_users))},
        )


def _plugins(path: Path) -> dict[str, str]:
    """The configurations in a file, by plugin; the first of several counts."""
    try:
        text = path.read_text()
    except OSError as error:
        why = f"open {path}: {(error.strerror or '').lower()}"
        raise KfastError(
            f'failed to read plugin config: unable to read admission control configuration from "{path}" [{why}]'
        ) from error
    try:
        file: types.AdmissionConfiguration = document(text, _FILES)
    except ConfigurationError as error:
        raise KfastError(f"failed to read plugin config: {error}") from error
    texts: dict[str, str] = {}
    for plugin in file.plugins:
        text = ""
        if plugin.configuration is not None:
            text = json.dumps(plugin.configuration, separators=(",", ":"))
        elif plugin.path:
            try:
                text = (path.parent / plugin.path).read_text()
            except OSError as error:
                why = (error.strerror or "").lower()
                raise KfastError(f"Couldn't open admission plugin configuration {plugin.path}: {why}") from error
        if text and plugin.name not in ("PodSecurity", "ResourceQuota", *WEBHOOK_PLUGINS):
            _log.warning("%s tells of the plugin %s, which has nothing to be told", path, plugin.name)
        texts.setdefault(plugin.name, text)
    return texts


def _configured(name: str, texts: Mapping[str, str], read: Any) -> Any:
    text = texts.get(name)
    if not text:
        return None
    try:
        return read(text)
    except ConfigurationError as error:
        raise KfastError(f'couldn\'t init admission plugin "{name}": {error}') from error


def _pod_security(text: str) -> PodSecurityConfiguration:
    stated: types.PodSecurityConfiguration = document(text, _POD_SECURITY)
    found, wrong = {}, []
    for mode in _MODES:
        level = getattr(stated.defaults, mode) or "privileged"
        version = getattr(stated.defaults, f"{mode}_version") or "latest"
        if level not in LEVELS:
            wrong.append(f"{mode}: must be one of {', '.join(LEVELS)}")
        if not is_version(version):
            wrong.append(f'{mode}-version: must be "latest" or "v1.x"')
        found[mode] = (level, version)
    what = 'failed to initialize admission plugin "PodSecurity": PodSecurity'
    if wrong:
        raise KfastError(f"{what} configuration error: {_joined(wrong)}")
    exemptions = stated.exemptions
    errors = [
        *_names("namespaces", exemptions.namespaces, dns_label),
        *_names("runtimeClasses", exemptions.runtime_classes, dns_subdomain),
        *_names("usernames", exemptions.usernames, lambda name: [] if name else ["username must not be empty"]),
    ]
    if errors:
        raise KfastError(f"{what} invalid: {_told(errors)}")
    return PodSecurityConfiguration(
        Policy(**found),
        frozenset(exemptions.usernames),
        frozenset(exemptions.namespaces),
        frozenset(exemptions.runtime_classes),
    )


def _names(of: str, names: list[str], check: Any) -> list[FieldError]:
    errors, seen = [], set()
    for i, name in enumerate(names):
        path = f"exemptions.{of}[{i}]"
        if problems := check(name):
            errors.append(invalid(path, name, ", ".join(problems)))
        elif name in seen:
            errors.append(duplicate(path, name))
        seen.add(name)
    return errors


def _limited_resources(text: str) -> tuple[types.LimitedResource, ...]:
    stated: types.Configuration = document(text, _QUOTA)
    found = stated.limited_resources
    errors = [required(f"limitedResources[{i}].resource") for i, limited in enumerate(found) if not limited.resource]
    if errors:
        raise ConfigurationError(_told(errors))
    return tuple(found)


def _webhook_users(text: str) -> WebhookUsers | None:
    stated: types.WebhookAdmission = document(text, _WEBHOOKS)
    if stated.kube_config_file and not Path(stated.kube_config_file).is_absolute():
        wrong = invalid("kubeConfigFile", stated.kube_config_file, "must be an absolute file path")
        raise ConfigurationError(_told([wrong]))
    if stated.static_manifests_dir:
        why = "staticManifestsDir requires the ManifestBasedAdmissionControlConfig feature gate to be enabled"
        raise ConfigurationError(_told([forbidden("staticManifestsDir", why)]))
    if not stated.kube_config_file:
        return None
    path = Path(stated.kube_config_file)
    if not path.exists():
        raise ConfigurationError(f"stat {path}: no such file or directory")
    try:
        return WebhookUsers(read(path))
    except KubeconfigError as error:
        raise ConfigurationError(f'error loading config file "{path}": {error}') from error


def _told(errors: Iterable[FieldError]) -> str:
    return _joined([f"{error.path}: {error.message}" for error in errors])


def _joined(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
