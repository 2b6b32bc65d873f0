"""Lets go of deleted volumes once no claim is bound to them: pkg/controller/volume/pvprotection."""

from __future__ import annotations

from kfast.api.core.persistent_volume import KIND as VOLUMES
from kfast.runtime import Context, Controller, Key, Watch, own_key
from kfast.runtime.finalizers import has_finalizer, protect

FINALIZER = "kubernetes.io/pv-protection"


async def reconcile(context: Context, key: Key) -> float | None:
    """Protects one volume, or lets it go."""
    volume = context.lister(VOLUMES).get(*key)
    if volume is None:
        return None
    protected = has_finalizer(volume, FINALIZER)
    if volume.deleting and protected and volume.get("status", "phase") != "Bound":
        await protect(context.client, VOLUMES, volume, FINALIZER, False)
    elif not volume.deleting and not protected:
        await protect(context.client, VOLUMES, volume, FINALIZER, True)
    return None


CONTROLLER = Controller(
    name="persistentvolume-protection-controller",
    watches=(Watch(kind=VOLUMES, map=own_key),),
    reconcile=reconcile,
    workers=1,
)
