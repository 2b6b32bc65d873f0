"""Lets go of deleted volume claims once no pod uses them: pkg/controller/volume/pvcprotection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kfast.api.core.persistent_volume_claim import KIND as CLAIMS
from kfast.api.core.pod import KIND as PODS
from kfast.runtime import Context, Controller, Key, Object, Watch
from kfast.runtime.finalizers import guard
from kfast.runtime.pods import is_terminal

FINALIZER = "kubernetes.io/pvc-protection"
CLAIM_INDEX = "claims"


def claims_of(pod: Object) -> Sequence[str]:
    """`namespace/name` of the claims a pod names, and of those made for it."""
    return [f"{pod.namespace}/{name}" for name in _named(pod)]


def _named(pod: Object) -> Sequence[str]:
    return [name for volume in pod.get("spec", "volumes") or () if (name := _claim_name(pod, volume))]


def _claim_name(pod: Object, volume: dict[str, dict[str, str]]) -> str:
    if volume.get("ephemeral") is not None:
        return f"{pod.name}-{volume['name']}"
    return (volume.get("persistentVolumeClaim") or {}).get("claimName") or ""


def uses(pod: Object, claim: Object) -> bool:
    """Whether a pod is on a node and has the claim; one that has shut down needs what was made for it no more."""
    if not pod.get("spec", "nodeName"):
        return False
    shut_down = pod.deleting and pod.get("metadata", "deletionGracePeriodSeconds") == 0
    for volume in pod.get("spec", "volumes") or ():
        if _claim_name(pod, volume) == claim.name:
            owners = claim.get("metadata", "ownerReferences") or ()
            made_for_it = any(owner["uid"] == pod.uid for owner in owners)
            if volume.get("ephemeral") is None or (made_for_it and not shut_down):
                return True
    return False


async def reconcile(context: Context, key: Key) -> float | None:
    """Protects one claim, or lets it go."""
    claim = context.lister(CLAIMS).get(*key)
    if claim is None:
        return None

    async def used() -> bool:
        if any(uses(pod, claim) for pod in context.lister(PODS).by_index(CLAIM_INDEX, "/".join(key))):
            return True
        # The informer may be behind: a pod that uses the claim may have been bound just now.
        live = await context.client.list(PODS, claim.namespace)
        return any(uses(pod, claim) for pod in live.objects)

    await guard(context.client, CLAIMS, claim, FINALIZER, used)
    return None


def _on_pod(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    """Only a pod that goes, or comes to its end, can set claims free, and only such as are being deleted."""
    going: set[Key] = context.state
    if not going or (new is not None and not is_terminal(new) and new.get("spec", "nodeName") and not new.deleting):
        return ()
    return [
        (pod.namespace, name)
        for pod in (old, new)
        if pod is not None
        for name in _named(pod)
        if (pod.namespace, name) in going
    ]


def _on_claim(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    """Keeps in the state which claims are being deleted."""
    claim = new or old
    assert claim is not None
    key = claim.namespace, claim.name
    if new is not None and new.deleting:
        context.state.add(key)
    else:
        context.state.discard(key)
    return (key,)


CONTROLLER = Controller(
    name="persistentvolumeclaim-protection-controller",
    watches=(
        Watch(kind=CLAIMS, on_event=_on_claim),
        Watch(kind=PODS, on_event=_on_pod, indexers={CLAIM_INDEX: claims_of}),
    ),
    reconcile=reconcile,
    workers=1,
    state=set[Key],
)
