"""StorageObjectInUseProtection: what pods or claims use is not deleted under them."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Steps

FINALIZERS = {
    "persistentvolumes": "kubernetes.io/pv-protection",
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
}
"""By resource; the protection controllers take them off what is deleted and not in use."""


class StorageObjectInUseProtection(Steps):
    """Gives new volumes, claims and volume attributes classes their finalizer."""

    name = "StorageObjectInUseProtection"

    def handles(self, attributes: Attributes) -> bool:
        """Creates of them."""
        return (
            attributes.operation == "CREATE" and attributes.kind.resource in FINALIZERS and not attributes.subresource
        )

    async def admit(self, attributes: Attributes) -> None:
        """Adds the finalizer."""
        if attributes.object is None:
            return
        metadata, finalizer = attributes.object["metadata"], FINALIZERS[attributes.kind.resource]
        finalizers = metadata["finalizers"] = metadata.get("finalizers") or []
        if finalizer not in finalizers:
            finalizers.append(finalizer)
