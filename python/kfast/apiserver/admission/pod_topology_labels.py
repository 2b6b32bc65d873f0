"""PodTopologyLabels: pods on a node carry the labels of its zone and region."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules
from kfast.meta.exchange import Binding
from kfast.store.protocol import Store

LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels(Plugin):
    """Copies the labels to pods that are created on a node, and to bindings, from which the pod takes them."""

    name = "PodTopologyLabels"
    in_core = True
    rules = Rules(create=("pods", "pods/binding"))

    def __init__(self, store: Store) -> None:
        self._store = store

    def handles(self, attributes: Attributes) -> bool:
        """Where a node is stated."""
        return bool(_node_of(attributes))

    async def admit(self, attributes: Attributes) -> None:
        """Adds the labels."""
        labels = self._labels(_node_of(attributes))
        if labels and attributes.object is not None:
            metadata = attributes.object["metadata"]
            metadata["labels"] = (metadata.get("labels") or {}) | dict(labels)

    def labelled(self, bindings: list[Binding]) -> list[Binding]:
        """The bindings with the labels of their nodes."""
        nodes = {binding.node for binding in bindings}
        labels = {node: found for node in nodes if (found := self._labels(node))}
        if not labels:
            return bindings
        return [binding._replace(labels=labels.get(binding.node, ())) for binding in bindings]

    def _labels(self, node: str) -> list[tuple[str, str]]:
        found = self._store.get("nodes", "", node)
        labels = found.labels if found is not None else {}
        return [(key, labels[key]) for key in LABELS if key in labels]


def _node_of(attributes: Attributes) -> str:
    body = attributes.object or {}
    if attributes.subresource == "binding":
        target = body.get("target") or {}
        return str(target.get("name") or "") if target.get("kind") == "Node" else ""
    return str((body.get("spec") or {}).get("nodeName") or "")
