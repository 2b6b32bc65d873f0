"""DefaultIngressClass: ingresses that name no class get the default one (upstream: network/defaultingressclass)."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules
from kfast.apiserver.admission.default_classes import DefaultClasses
from kfast.store.protocol import Store


class DefaultIngressClass(Plugin):
    """Fills in the newest default class; the first by name of those equally new."""

    name = "DefaultIngressClass"
    rules = Rules(create=("ingresses.networking.k8s.io",))

    def __init__(self, store: Store) -> None:
        mark = "ingressclass.kubernetes.io/is-default-class"
        self._classes = DefaultClasses(store, "ingressclasses.networking.k8s.io", mark)

    async def admit(self, attributes: Attributes) -> None:
        """Fills in the class."""
        if attributes.object is not None:
            self._classes.fill(attributes.object, "ingressClassName", "kubernetes.io/ingress.class")
