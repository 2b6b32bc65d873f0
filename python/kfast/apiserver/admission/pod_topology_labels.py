"""PodTopologyLabels: pods on a node carry the labels of its zone and region."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Steps
from kfast.store.protocol import Store

LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels(Steps):
    """Copies the labels to pods that are created on a node, and to bindings, from which the pod takes them."""

    name = "PodTopologyLabels"

    def __init__(self, store: Store) -> None:
        self._store = store

    def handles(self, attributes: Attributes) -> bool:
        """Creates of pods with a node."""
        if attributes.kind.resource != "pods" or attributes.operation != "CREATE" or attributes.object is None:
            return False
        return not attributes.subresource and bool((attributes.object.get("spec") or {}).get("nodeName"))

    async def admit(self, attributes: Attributes) -> None:
        """Adds the labels."""
        assert attributes.object is not None
        labels = topology(self._store, attributes.object["spec"]["nodeName"])
        if labels:
            metadata = attributes.object["metadata"]
            metadata["labels"] = (metadata.get("labels") or {}) | labels


def topology(store: Store, node: str) -> dict[str, str]:
    """Zone and region of a node."""
    found = store.get("nodes", "", node)
    labels = found.labels if found is not None else {}
    return {key: labels[key] for key in LABELS if key in labels}
