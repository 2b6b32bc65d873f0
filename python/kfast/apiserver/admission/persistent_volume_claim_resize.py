"""PersistentVolumeClaimResize: claims grow only where their storage class lets them."""

from __future__ import annotations

from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.meta.quantity import Quantity, parse
from kfast.store.protocol import Store

_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"


class PersistentVolumeClaimResize(Plugin):
    """403 for a larger request of a claim that is not bound, or whose class allows no expansion."""

    name = "PersistentVolumeClaimResize"
    rules = Rules(update=("persistentvolumeclaims",))

    def __init__(self, store: Store) -> None:
        self._store = store

    async def validate(self, attributes: Attributes) -> None:
        """Compares the sizes."""
        new, old = attributes.object, attributes.old
        if new is None or old is None or _size(new) <= _size(old):
            return
        if (old.get("status") or {}).get("phase") != "Bound":
            raise refusal(attributes, "Only bound persistent volume claims can be expanded")
        if not self._may_grow(class_of(new), class_of(old)):
            why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must"
            raise refusal(attributes, f"{why} support resize")

    def _may_grow(self, new: str, old: str) -> bool:
        found = self._store.get("storageclasses.storage.k8s.io", "", new) if new and new == old else None
        return found is not None and bool(found.get("allowVolumeExpansion"))


def _size(claim: Body) -> Quantity:
    requests = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
    return parse(requests.get("storage") or "0")


def class_of(claim: Body) -> str:
    """The storage class a claim names, if any: of old by an annotation."""
    annotations = claim["metadata"].get("annotations") or {}
    if _BETA_CLASS in annotations:
        return str(annotations[_BETA_CLASS])
    return (claim.get("spec") or {}).get("storageClassName") or ""
