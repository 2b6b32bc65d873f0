"""StorageObjectInUseProtection: what pods or claims use is not deleted under them."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules

FINALIZERS = {
    "persistentvolumes": "kubernetes.io/pv-protection",
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
}
"""By resource; the protection controllers take them off what is deleted and not in use."""


class StorageObjectInUseProtection(Plugin):
    """Gives new volumes, claims and volume attributes classes their finalizer."""

    name = "StorageObjectInUseProtection"
    rules = Rules(create=tuple(FINALIZERS))

    async def admit(self, attributes: Attributes) -> None:
        """Adds the finalizer."""
        if attributes.object is None:
            return
        metadata, finalizer = attributes.object["metadata"], FINALIZERS[attributes.kind.resource]
        finalizers = metadata["finalizers"] = metadata.get("finalizers") or []
        if finalizer not in finalizers:
            finalizers.append(finalizer)
