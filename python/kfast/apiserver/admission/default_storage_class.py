"""DefaultStorageClass: claims that name no class get the default one (upstream: storageclass/setdefault)."""

from __future__ import annotations

from kfast._core import Object
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules
from kfast.apiserver.admission.latest import Latest
from kfast.clock import parse_time
from kfast.store.protocol import Store

_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_BETA_DEFAULT = "storageclass.beta.kubernetes.io/is-default-class"
_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"


class DefaultStorageClass(Plugin):
    """Fills in the newest default class; the first by name of those equally new."""

    name = "DefaultStorageClass"
    rules = Rules(create=("persistentvolumeclaims",))

    def __init__(self, store: Store) -> None:
        self._defaults = Latest(store, "storageclasses.storage.k8s.io", is_default)

    async def admit(self, attributes: Attributes) -> None:
        """Fills in the class."""
        claim = attributes.object
        if claim is None:
            return
        spec = claim["spec"] = claim.get("spec") or {}
        annotations = claim["metadata"].get("annotations") or {}
        if _BETA_CLASS in annotations or spec.get("storageClassName") is not None:
            return
        if (default := newest(self._defaults)) is not None:
            spec["storageClassName"] = default.name


def is_default(found: Object) -> bool:
    """Whether a storage class is marked as default."""
    annotations = found.get("metadata", "annotations") or {}
    return "true" in (annotations.get(_DEFAULT), annotations.get(_BETA_DEFAULT))


def newest(classes: Latest) -> Object | None:
    """The class that was created last; the first by name of those equally new."""
    found = classes.within("").values()
    return min(found, key=lambda one: (-parse_time(one.get("metadata", "creationTimestamp")), one.name), default=None)
