"""PersistentVolume."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, UNSET, lookup, text
from kfast.api.core.persistent_volume_validation import validate_volume, validate_volume_update
from kfast.api.kind import Body, Cell, Column, Kind, Subresource
from kfast.api.pod_template import replace, template_rules
from kfast.api.resource_lists import canonical_quantities
from kfast.clock import rfc3339

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"

_RECYCLE = (
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. "
    "Instead, the recommended approach is to use dynamic provisioning."
)
_GONE = {
    "cephfs": ("cephfs", "1.28", "1.31"),
    "photonPersistentDisk": ("photonPersistentDisk", "1.11", "1.16"),
    "scaleIO": ("scaleIO", "1.16", "1.22"),
    "storageos": ("storageOS", "1.22", "1.25"),
    "glusterfs": ("glusterfs", "1.25", "1.26"),
    "rbd": ("rbd", "1.28", "1.31"),
}
"""Sources without a plugin: how warnings name them, deprecated since, without function since."""


def _warnings(volume: Body) -> list[str]:
    spec = volume["spec"]
    return [_RECYCLE] * (spec.get("persistentVolumeReclaimPolicy") == "Recycle") + [
        f"spec.{name}: deprecated in v{since}, non-functional in v{until}+"
        for source, (name, since, until) in _GONE.items()
        if spec.get(source) is not None
    ]


def default_source(spec: Body) -> None:
    """Defaults of the capacity and of the source of a volume; some fields of sources are always shown."""
    canonical_quantities(spec.get("capacity"))
    replace(spec, template_rules().volume_defaults(spec))
    for source, field in (("azureFile", "secretNamespace"), ("scaleIO", "secretRef")):
        if spec.get(source) is not None:
            spec[source].setdefault(field, None)


def _defaults(volume: Body) -> None:
    spec = volume.setdefault("spec", {})
    default_source(spec)
    if not spec.get("persistentVolumeReclaimPolicy"):
        spec["persistentVolumeReclaimPolicy"] = "Retain"
    spec.setdefault("volumeMode", "Filesystem")
    _default_status(volume)


def _default_status(volume: Body) -> None:
    status = volume.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Pending"


def _transition(new: Body, old: Body, now: float) -> None:
    """Notes when the phase changed, unless the writer does."""
    status, before = new["status"], old.get("status") or {}
    since, known = status.get("lastPhaseTransitionTime"), before.get("lastPhaseTransitionTime")
    if status["phase"] != before.get("phase") and since in (None, known):
        status["lastPhaseTransitionTime"] = rfc3339(now)
    elif status["phase"] == before.get("phase") and since is None and known:
        status["lastPhaseTransitionTime"] = known


def _prepare_create(volume: Body) -> None:
    volume["status"] = {"phase": "Pending"}
    created = volume["metadata"].get("creationTimestamp")
    if created:
        volume["status"]["lastPhaseTransitionTime"] = created


def access_modes(modes: list[str] | None) -> str:
    """`RWO,ROX`."""
    return ",".join(short for mode, short in _MODES.items() if mode in (modes or ()))


def phase(obj: Body, _: float) -> Cell:
    """The phase, or Terminating."""
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return lookup(obj, "status.phase") or ""


def storage_class(obj: Body, _: float) -> Cell:
    """The storage class, by the old annotation or the field."""
    annotations = obj["metadata"].get("annotations") or {}
    return annotations.get(_CLASS_ANNOTATION) or lookup(obj, "spec.storageClassName") or ""


def _access_modes(volume: Body, _: float) -> Cell:
    return access_modes(lookup(volume, "spec.accessModes"))


def _claim(volume: Body, _: float) -> Cell:
    claim = lookup(volume, "spec.claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


KIND = Kind(
    group="",
    version="v1",
    kind="PersistentVolume",
    plural="persistentvolumes",
    namespaced=False,
    short_names=("pv",),
    subresources=(Subresource("status", defaults=_default_status, prepare=_transition),),
    columns=(
        NAME,
        Column("Capacity", text("spec.capacity.storage", "0")),
        Column("Access Modes", _access_modes),
        Column("Reclaim Policy", text("spec.persistentVolumeReclaimPolicy")),
        Column("Status", phase),
        Column("Claim", _claim),
        Column("StorageClass", storage_class),
        Column("VolumeAttributesClass", text("spec.volumeAttributesClassName", UNSET)),
        Column("Reason", text("status.reason")),
        AGE,
        Column("VolumeMode", text("spec.volumeMode", UNSET), priority=1),
    ),
    has_generation=False,
    defaults=_defaults,
    warnings=_warnings,
    prepare_create=_prepare_create,
    validate=validate_volume,
    validates_on_update=False,
    validate_update=validate_volume_update,
    metadata_on_update=("create", "create"),
)
