"""The node of a pod that is being changed."""

from __future__ import annotations

from kfast._core import Object
from kfast.apiserver.admission.chain import Attributes, refusal
from kfast.store.protocol import Store


def changed_on_node(attributes: Attributes) -> str:
    """The node of the pod, if an update changes its spec; else empty."""
    new, old = attributes.object, attributes.old
    if new is None or old is None or new["metadata"].get("generation") == old["metadata"].get("generation"):
        return ""
    return new["spec"].get("nodeName") or ""


def find_node(store: Store, name: str, attributes: Attributes) -> Object:
    """Raises StatusError 403 if there is no such node."""
    node = store.get("nodes", "", name)
    if node is None:
        raise refusal(attributes, f'node "{name}" not found')
    return node
