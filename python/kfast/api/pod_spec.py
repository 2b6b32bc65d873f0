"""Defaults of pod specs, wherever they occur: pods and the templates of workloads (upstream: core/v1 SetDefaults_*)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from kfast.api.resource_lists import canonical_quantities

Spec = dict[str, Any]

_VOLUME_MODE = 0o644
_MODE_SOURCES = ("secret", "configMap", "downwardAPI", "projected")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_TOKEN_SECONDS = 3600


@lru_cache(maxsize=4096)
def pull_policy(image: str) -> str:
    """Always for the tag `latest` or none (without a digest), else IfNotPresent."""
    name, at, _ = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    latest = tag == "latest" or (not tag and not at)
    return "Always" if latest else "IfNotPresent"


def _default_http_get(action: Spec | None) -> None:
    if action is not None:
        if not action.get("path"):
            action["path"] = "/"
        if not action.get("scheme"):
            action["scheme"] = "HTTP"


def _default_probe(probe: Spec) -> None:
    if not probe.get("timeoutSeconds"):
        probe["timeoutSeconds"] = 1
    if not probe.get("periodSeconds"):
        probe["periodSeconds"] = 10
    if not probe.get("successThreshold"):
        probe["successThreshold"] = 1
    if not probe.get("failureThreshold"):
        probe["failureThreshold"] = 3
    _default_http_get(probe.get("httpGet"))
    grpc = probe.get("grpc")
    if grpc is not None:
        grpc.setdefault("service", "")


def _default_env(entries: list[Spec]) -> None:
    for entry in entries:
        source = entry.get("valueFrom")
        if source:
            if source.get("fieldRef") is not None and not source["fieldRef"].get("apiVersion"):
                source["fieldRef"]["apiVersion"] = "v1"
            if source.get("fileKeyRef") is not None:
                source["fileKeyRef"].setdefault("optional", False)


def default_container(container: Spec) -> None:
    """Fills the defaults of a container, init container or ephemeral container."""
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = pull_policy(container.get("image") or "")
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    resources = container.get("resources")
    if resources is None:
        container["resources"] = {}
    else:
        canonical_quantities(resources.get("limits"))
        canonical_quantities(resources.get("requests"))
    for port in container.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
    env = container.get("env")
    if env:
        _default_env(env)
    for name in _PROBES:
        probe = container.get(name)
        if probe is not None:
            _default_probe(probe)
    lifecycle = container.get("lifecycle")
    if lifecycle:
        for hook in lifecycle.values():
            if isinstance(hook, dict):
                _default_http_get(hook.get("httpGet"))


def _default_field_refs(items: list[Spec] | None) -> None:
    for item in items or ():
        if item.get("fieldRef") is not None and not item["fieldRef"].get("apiVersion"):
            item["fieldRef"]["apiVersion"] = "v1"


def _default_projections(sources: list[Spec] | None) -> None:
    for source in sources or ():
        token = source.get("serviceAccountToken")
        if token is not None:
            token.setdefault("expirationSeconds", _TOKEN_SECONDS)
        downward = source.get("downwardAPI")
        if downward is not None:
            _default_field_refs(downward.get("items"))


_DISK_DEFAULTS: dict[str, dict[str, Any]] = {
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def default_disk_source(source: Spec) -> None:
    """Fills the defaults of the volume sources that pods and persistent volumes share."""
    for name, defaults in _DISK_DEFAULTS.items():
        disk = source.get(name)
        if disk is not None:
            for field, value in defaults.items():
                disk.setdefault(field, value)


def default_claim_spec(spec: Spec) -> None:
    """Fills the defaults of a PersistentVolumeClaim's spec."""
    spec.setdefault("volumeMode", "Filesystem")
    resources = spec.setdefault("resources", {})
    canonical_quantities(resources.get("limits"))
    canonical_quantities(resources.get("requests"))


def _default_volume(volume: Spec) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
        return
    for name in _MODE_SOURCES:
        source = volume.get(name)
        if source is not None:
            source.setdefault("defaultMode", _VOLUME_MODE)
            if name == "downwardAPI":
                _default_field_refs(source.get("items"))
            elif name == "projected":
                _default_projections(source.get("sources"))
            return
    ephemeral = volume.get("ephemeral")
    if ephemeral is not None and ephemeral.get("volumeClaimTemplate"):
        default_claim_spec(ephemeral["volumeClaimTemplate"].setdefault("spec", {}))
        return
    image = volume.get("image")
    if image is not None and not image.get("pullPolicy"):
        image["pullPolicy"] = pull_policy(image.get("reference") or "")
        return
    default_disk_source(volume)


def default_pod_spec(spec: Spec) -> None:
    """Fills what upstream defaults in every pod spec, template or pod."""
    for container in spec.get("containers") or ():
        default_container(container)
    for container in spec.get("initContainers") or ():
        default_container(container)
    for container in spec.get("ephemeralContainers") or ():
        default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)
    if not spec.get("restartPolicy"):
        spec["restartPolicy"] = "Always"
    if spec.get("terminationGracePeriodSeconds") is None:
        spec["terminationGracePeriodSeconds"] = 30
    if not spec.get("dnsPolicy"):
        spec["dnsPolicy"] = "ClusterFirst"
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = account
        spec["serviceAccount"] = account
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    if not spec.get("schedulerName"):
        spec["schedulerName"] = "default-scheduler"
    canonical_quantities(spec.get("overhead"))


def default_host_ports(spec: Spec) -> None:
    """With the host's network a container port is the host port: in pods only, not in templates."""
    for group in ("containers", "initContainers"):
        for container in spec.get(group) or ():
            for port in container.get("ports") or ():
                if not port.get("hostPort"):
                    port["hostPort"] = port.get("containerPort")


def default_requests(spec: Spec) -> None:
    """Requests default to limits: in pods only, not in templates."""
    for group in ("containers", "initContainers"):
        for container in spec.get(group) or ():
            limits = container["resources"].get("limits")
            if limits is not None:
                requests = container["resources"].setdefault("requests", {})
                for name, amount in limits.items():
                    requests.setdefault(name, amount)


def default_template(template: Spec | None) -> None:
    """Fills the defaults of a pod template."""
    if template is not None:
        template.setdefault("metadata", {})
        default_pod_spec(template.setdefault("spec", {}))
