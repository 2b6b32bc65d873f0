"""Rules of the sources of PersistentVolumes (upstream: core/validation)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kfast.api.field_errors import invalid, not_supported, required, too_long
from kfast.api.kind import FieldError
from kfast.api.name_checks import check, dns_label, dns_subdomain

Source = dict[str, Any]
Rule = Callable[[Source, str, str, list[FieldError]], None]
"""(source, path, name of the volume, errors)"""

_PARTITION = "must be between 1 and 255, inclusive"
_LUN = "must be between 0 and 255, inclusive"
_PAIRS = "must be a host:port pair or multiple pairs separated by commas"
_INITIATORS = (
    ("iqn", re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$")),
    ("eui", re.compile(r"^eui.[A-Za-z0-9]{16}$")),
    ("naa", re.compile(r"^naa.[A-Za-z0-9]{32}$")),
)
_HOST_PATHS = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_LONGEST_DRIVER = 63
_LONGEST_PORTAL = 64
_LONGEST_TENANT = 64
_RESERVED = "kubernetes.io and k8s.io namespaces are reserved"


def _require(source: Source, fields: tuple[str, ...], path: str, errors: list[FieldError]) -> None:
    errors += [required(f"{path}.{field}") for field in fields if not source.get(field)]


def _needs(*fields: str) -> Rule:
    def rule(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
        _require(source, fields, path, errors)

    return rule


def _no_backsteps(source: Source, path: str, errors: list[FieldError]) -> None:
    if ".." in source["path"].split("/"):
        errors.append(invalid(f"{path}.path", source["path"], "must not contain '..'"))


def _host_path(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    if not source.get("path"):
        errors.append(required(f"{path}.path"))
        return
    _no_backsteps(source, path, errors)
    kind = source.get("type")
    if kind is not None and kind not in _HOST_PATHS:
        errors.append(not_supported(f"{path}.type", kind, _HOST_PATHS))


def _local(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    if source.get("path"):
        _no_backsteps(source, path, errors)
    else:
        errors.append(required(f"{path}.path"))


def _disk(field: str) -> Rule:
    def rule(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
        _require(source, (field,), path, errors)
        partition = source.get("partition") or 0
        if not 0 <= partition <= 255:
            errors.append(invalid(f"{path}.partition", partition, _PARTITION))

    return rule


def _nfs(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    _require(source, ("server", "path"), path, errors)
    where = source.get("path") or ""
    if not where.startswith("/"):
        errors.append(invalid(f"{path}.path", where, "must be an absolute path"))


def _glusterfs(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    _require(source, ("endpoints", "path"), path, errors)
    namespace, where = source.get("endpointsNamespace"), f"{path}.endpointsNamespace"
    if namespace == "":
        message = "if the endpointnamespace is set, it must be a valid namespace name"
        errors.append(invalid(where, namespace, message))
    elif namespace is not None:
        check(dns_label, namespace, where, errors)


def _flocker(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    name, uid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    if not name and not uid:
        errors.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uid:
        message = "datasetName and datasetUUID can not be specified simultaneously"
        errors.append(invalid(path, "resource", message))
    if "/" in name:
        errors.append(invalid(f"{path}.datasetName", name, "must not contain '/'"))


def _quobyte(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    registry = source.get("registry") or ""
    if not registry:
        errors.append(required(f"{path}.registry", _PAIRS))
    elif len(source.get("tenant") or "") > _LONGEST_TENANT:
        errors.append(required(f"{path}.tenant", "must be a UUID and may not exceed a length of 64 characters"))
    else:
        wrong = [pair for pair in registry.split(",") if pair.count(":") != 1]
        errors += [invalid(f"{path}.registry", registry, _PAIRS) for _ in wrong]
    _require(source, ("volume",), path, errors)


def _is_initiator(name: str) -> bool:
    return any(name.startswith(prefix) and pattern.search(name) for prefix, pattern in _INITIATORS)


def _iscsi(source: Source, path: str, volume: str, errors: list[FieldError]) -> None:
    portal, iqn, initiator = source.get("targetPortal") or "", source.get("iqn") or "", source.get("initiatorName")
    if not portal:
        errors.append(required(f"{path}.targetPortal"))
    if initiator is not None and len(f"{volume}:{portal}") > _LONGEST_PORTAL:
        message = (
            "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is "
            "specified."
        )
        errors.append(invalid(f"{path}.targetportal", portal, message))
    if not iqn:
        errors.append(required(f"{path}.iqn"))
    elif not _is_initiator(iqn):
        errors.append(invalid(f"{path}.iqn", iqn, "must be valid format"))
    lun = source.get("lun") or 0
    if not 0 <= lun <= 255:
        errors.append(invalid(f"{path}.lun", lun, _LUN))
    secret = source.get("secretRef")
    if secret is None and (source.get("chapAuthDiscovery") or source.get("chapAuthSession")):
        errors.append(required(f"{path}.secretRef"))
    if secret is not None:
        _require(secret, ("name",), f"{path}.secretRef", errors)
    if initiator is not None and not _is_initiator(initiator):
        errors.append(invalid(f"{path}.initiatorname", initiator, "must be valid format"))


def _fibre_channel(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    targets, ids, lun = source.get("targetWWNs") or [], source.get("wwids") or [], source.get("lun")
    if not targets and not ids:
        errors.append(required(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both"))
    if targets and ids:
        message = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(invalid(f"{path}.targetWWNs", targets, message))
    if targets and lun is None:
        errors.append(required(f"{path}.lun", "lun is required if targetWWNs is specified"))
    elif targets and lun is not None and not 0 <= lun <= 255:
        errors.append(invalid(f"{path}.lun", lun, _LUN))


def _flex(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    _require(source, ("driver",), path, errors)
    for key in sorted(source.get("options") or {}):
        domain = "." + key.split("/", 1)[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            errors.append(invalid(f"{path}.options[{key}]", key, _RESERVED))


def _azure_file(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    _require(source, ("secretName", "shareName"), path, errors)
    if source.get("secretNamespace") == "":
        errors.append(required(f"{path}.secretNamespace"))


def _azure_disk(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    _require(source, ("diskName", "diskURI"), path, errors)
    for field, values in (
        ("cachingMode", ("None", "ReadOnly", "ReadWrite")),
        ("kind", ("Dedicated", "Managed", "Shared")),
    ):
        value = source.get(field)
        if value is not None and value not in values:
            errors.append(not_supported(f"{path}.{field}", value, values))
    kind, uri = source.get("kind"), source.get("diskURI") or ""
    managed = kind == "Managed"
    start, form = (
        ("/subscriptions/", "{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}")
        if managed
        else ("https://", "{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd")
    )
    if kind is not None and not uri.startswith(start):
        errors.append(not_supported(f"{path}.diskURI", uri, (start + form,)))


def _cinder(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    _require(source, ("volumeID",), path, errors)
    if source.get("secretRef") is not None:
        _require(source["secretRef"], ("name", "namespace"), f"{path}.secretRef", errors)


def _storage_os(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    _require(source, ("volumeName",), path, errors)
    for field in ("volumeName", "volumeNamespace"):
        if source.get(field):
            check(dns_label, source[field], f"{path}.{field}", errors)
    if source.get("secretRef") is not None:
        _require(source["secretRef"], ("name", "namespace"), f"{path}.secretRef", errors)


def check_driver(name: str, path: str, errors: list[FieldError]) -> None:
    """The name of a CSI driver: a DNS subdomain in any case."""
    if not name:
        errors.append(required(path))
        return
    if len(name.encode()) > _LONGEST_DRIVER:
        errors.append(too_long(path, _LONGEST_DRIVER))
    errors += [invalid(path, name, problem) for problem in dns_subdomain(name.lower())]


def _csi(source: Source, path: str, _: str, errors: list[FieldError]) -> None:
    check_driver(source.get("driver") or "", f"{path}.driver", errors)
    _require(source, ("volumeHandle",), path, errors)
    for step in ("controllerPublish", "controllerExpand", "nodePublish", "nodeExpand"):
        secret = source.get(f"{step}SecretRef")
        if secret is None:
            continue
        for field, rule in (("name", dns_subdomain), ("namespace", dns_label)):
            where = f"{path}.{step}SecretRef.{field}"
            if secret.get(field):
                check(rule, secret[field], where, errors)
            else:
                errors.append(required(where))


SOURCES: Mapping[str, tuple[str, Rule]] = {
    "hostPath": ("hostPath", _host_path),
    "gcePersistentDisk": ("persistentDisk", _disk("pdName")),
    "awsElasticBlockStore": ("awsElasticBlockStore", _disk("volumeID")),
    "glusterfs": ("glusterfs", _glusterfs),
    "flocker": ("flocker", _flocker),
    "nfs": ("nfs", _nfs),
    "rbd": ("rbd", _needs("monitors", "image")),
    "quobyte": ("quobyte", _quobyte),
    "cephfs": ("cephfs", _needs("monitors")),
    "iscsi": ("iscsi", _iscsi),
    "cinder": ("cinder", _cinder),
    "fc": ("fc", _fibre_channel),
    "flexVolume": ("flexVolume", _flex),
    "azureFile": ("azureFile", _azure_file),
    "vsphereVolume": ("vsphereVolume", _needs("volumePath")),
    "photonPersistentDisk": ("photonPersistentDisk", _needs("pdID")),
    "portworxVolume": ("portworxVolume", _needs("volumeID")),
    "azureDisk": ("azureDisk", _azure_disk),
    "scaleIO": ("scaleIO", _needs("gateway", "system", "volumeName")),
    "local": ("local", _local),
    "storageos": ("storageos", _storage_os),
    "csi": ("csi", _csi),
}
"""Each source in the order in which they are looked at: its name in messages about its fields, and its rule."""
