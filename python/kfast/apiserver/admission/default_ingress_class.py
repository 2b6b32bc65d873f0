"""DefaultIngressClass: ingresses that name no class get the default one (upstream: network/defaultingressclass)."""

from __future__ import annotations

from kfast._core import Object
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules
from kfast.apiserver.admission.default_storage_class import newest
from kfast.apiserver.admission.latest import Latest
from kfast.store.protocol import Store

_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_OLD_CLASS = "kubernetes.io/ingress.class"


class DefaultIngressClass(Plugin):
    """Fills in the newest default class; the first by name of those equally new."""

    name = "DefaultIngressClass"
    rules = Rules(create=("ingresses.networking.k8s.io",))

    def __init__(self, store: Store) -> None:
        self._defaults = Latest(store, "ingressclasses.networking.k8s.io", _is_default)

    async def admit(self, attributes: Attributes) -> None:
        """Fills in the class."""
        ingress = attributes.object
        if ingress is None:
            return
        spec = ingress["spec"] = ingress.get("spec") or {}
        annotations = ingress["metadata"].get("annotations") or {}
        if _OLD_CLASS in annotations or spec.get("ingressClassName") is not None:
            return
        if (default := newest(self._defaults)) is not None:
            spec["ingressClassName"] = default.name


def _is_default(found: Object) -> bool:
    return (found.get("metadata", "annotations") or {}).get(_DEFAULT) == "true"
