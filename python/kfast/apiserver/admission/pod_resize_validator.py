"""PodResizeValidator: a running pod grows only as far as its node can bear (upstream: podresize)."""

from __future__ import annotations

from kfast._core import PodRules
from kfast.api.schema import load_schema
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.admission.pod_node import changed_on_node, find_node
from kfast.errors import StatusError
from kfast.meta.quantity import parse
from kfast.store.protocol import Store


class PodResizeValidator(Plugin):
    """403 for resizes beyond the node's allocatable resources, and on nodes that are not Linux."""

    name = "PodResizeValidator"
    rules = Rules(update=("pods/resize",))

    def __init__(self, store: Store) -> None:
        self._store = store

    async def validate(self, attributes: Attributes) -> None:
        """Compares the pod's requests with what the node has."""
        pod, name = attributes.object, changed_on_node(attributes)
        if pod is None or not name:
            return
        node = find_node(self._store, name, attributes)
        system = node.labels.get("kubernetes.io/os", "linux")
        if system != "linux":
            why = f'pod resize is only supported on linux nodes, node "{name}" is "{system}"'
            raise _because(refusal(attributes, why), "UnsupportedPlatform")
        requests = PodRules.requests(load_schema().tree("v1/Pod", {"spec": pod["spec"]}))
        allocatable = node.get("status", "allocatable") or {}
        short = []
        for resource, unit in (("cpu", "milli_value"), ("memory", "value")):
            asked, there = (parse(amounts.get(resource, "0")) for amounts in (requests, allocatable))
            if asked > there:
                amounts = f"requested: {getattr(asked, unit)}, allocatable: {getattr(there, unit)}"
                short.append(f"{resource}, {amounts}")
        if short:
            why = f"node didn't have enough allocatable resources: {'; '.join(short)}"
            raise _because(refusal(attributes, why), "NodeCapacity")


def _because(error: StatusError, reason: str) -> StatusError:
    error.details["causes"] = [{"reason": reason}]
    return error
