"""Lets go of deleted volume attributes classes once neither claims nor volumes name them:
pkg/controller/volume/vacprotection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kfast.api.core.persistent_volume import KIND as VOLUMES
from kfast.api.core.persistent_volume_claim import KIND as CLAIMS
from kfast.api.storage.volume_attributes_class import KIND as CLASSES
from kfast.runtime import Context, Controller, Key, Object, Watch, own_key
from kfast.runtime.finalizers import guard

FINALIZER = "kubernetes.io/vac-protection"
CLASS_INDEX = "volumeAttributesClass"


def classes_of(user: Object) -> Sequence[str]:
    """The classes a claim or a volume names."""
    named = {
        user.get("spec", "volumeAttributesClassName"),
        user.get("status", "currentVolumeAttributesClassName"),
        (user.get("status", "modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName"),
    }
    return sorted(name for name in named if name)


async def reconcile(context: Context, key: Key) -> float | None:
    """Protects one class, or lets it go."""
    found = context.lister(CLASSES).get(*key)
    if found is None:
        return None

    async def used() -> bool:
        return any(context.lister(kind).by_index(CLASS_INDEX, found.name) for kind in (VOLUMES, CLAIMS))

    await guard(context.client, CLASSES, found, FINALIZER, used)
    return None


def _keys(user: Object) -> Iterable[Key]:
    return (("", name) for name in classes_of(user))


CONTROLLER = Controller(
    name="volumeattributesclass-protection-controller",
    watches=(
        Watch(kind=CLASSES, map=own_key),
        Watch(kind=VOLUMES, map=_keys, indexers={CLASS_INDEX: classes_of}),
        Watch(kind=CLAIMS, map=_keys, indexers={CLASS_INDEX: classes_of}),
    ),
    reconcile=reconcile,
    workers=1,
)
