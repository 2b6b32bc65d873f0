"""PersistentVolume."""

from __future__ import annotations

from kfast.api.columns import AGE, NAME, UNSET, lookup, text
from kfast.api.field_errors import forbidden, immutable, invalid, not_supported, required
from kfast.api.kind import STATUS, Body, Cell, Column, FieldError, Kind
from kfast.api.pod_template import replace, template_rules
from kfast.api.resource_lists import canonical_quantities, milli

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
_NO_SOURCE = (
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
)
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def _defaults(volume: Body) -> None:
    spec = volume.setdefault("spec", {})
    canonical_quantities(spec.get("capacity"))
    if not spec.get("persistentVolumeReclaimPolicy"):
        spec["persistentVolumeReclaimPolicy"] = "Retain"
    spec.setdefault("volumeMode", "Filesystem")
    replace(spec, template_rules().volume_defaults(spec))
    status = volume.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Pending"


def _prepare_create(volume: Body) -> None:
    volume["status"] = {"phase": "Pending"}
    created = volume["metadata"].get("creationTimestamp")
    if created:
        volume["status"]["lastPhaseTransitionTime"] = created


def _source(spec: Body) -> Body:
    return {name: value for name, value in spec.items() if name not in _NO_SOURCE and value is not None}


def _validate(volume: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = volume["spec"]
    if not spec.get("accessModes"):
        errors.append(required("spec.accessModes"))
    errors.extend(
        not_supported("spec.accessModes", mode, sorted(_MODES))
        for mode in spec.get("accessModes") or ()
        if mode not in _MODES
    )
    capacity = spec.get("capacity") or {}
    if not capacity:
        errors.append(required("spec.capacity"))
    elif set(capacity) != {"storage"}:
        errors.append(not_supported("spec.capacity", capacity, ("storage",)))
    elif milli(capacity["storage"]) <= 0:
        errors.append(invalid("spec.capacity[storage]", capacity["storage"], "must be greater than zero"))
    if spec["persistentVolumeReclaimPolicy"] not in _RECLAIM_POLICIES:
        path, policy = "spec.persistentVolumeReclaimPolicy", spec["persistentVolumeReclaimPolicy"]
        errors.append(not_supported(path, policy, _RECLAIM_POLICIES))
    sources = list(_source(spec))
    if not sources:
        errors.append(required("spec", "must specify a volume type"))
    errors.extend(forbidden(f"spec.{name}", "may not specify more than 1 volume type") for name in sources[1:])
    return errors


def _validate_update(new: Body, old: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    if _source(new["spec"]) != _source(old["spec"]):
        errors.append(
            forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation")
        )
    immutable("spec.volumeMode", new["spec"].get("volumeMode"), old["spec"].get("volumeMode"), errors)
    return errors


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
    subresources=(STATUS,),
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
    prepare_create=_prepare_create,
    validate=_validate,
    validate_update=_validate_update,
)
