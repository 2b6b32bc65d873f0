"""DefaultStorageClass: claims that name no class get the default one (upstream: storageclass/setdefault)."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules
from kfast.apiserver.admission.default_classes import DefaultClasses
from kfast.store.protocol import Store


class DefaultStorageClass(Plugin):
    """Fills in the newest default class; the first by name of those equally new."""

    name = "DefaultStorageClass"
    rules = Rules(create=("persistentvolumeclaims",))

    def __init__(self, store: Store) -> None:
        marks = "storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"
        self._classes = DefaultClasses(store, "storageclasses.storage.k8s.io", *marks)

    async def admit(self, attributes: Attributes) -> None:
        """Fills in the class."""
        if attributes.object is not None:
            self._classes.fill(attributes.object, "storageClassName", "volume.beta.kubernetes.io/storage-class")
