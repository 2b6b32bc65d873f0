"""Lets go of deleted volumes once no claim is bound to them: pkg/controller/volume/pvprotection."""

from __future__ import annotations

from kfast.api.core.persistent_volume import KIND as VOLUMES
from kfast.runtime import Context, Controller, Key, Watch, own_key
from kfast.runtime.finalizers import guard

FINALIZER = "kubernetes.io/pv-protection"


async def reconcile(context: Context, key: Key) -> float | None:
    """Protects one volume, or lets it go."""
    volume = context.lister(VOLUMES).get(*key)
    if volume is None:
        return None

    async def used() -> bool:
        return bool(volume.get("status", "phase") == "Bound")

    await guard(context.client, VOLUMES, volume, FINALIZER, used)
    return None


CONTROLLER = Controller(
    name="persistentvolume-protection-controller",
    watches=(Watch(kind=VOLUMES, map=own_key),),
    reconcile=reconcile,
    workers=1,
)
