"""What a kubelet checks before it runs a pod: that the node has the resources left.

The scheduler sees to that for pods it binds; pods bound by hand may be too many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kfast.meta.quantity import Quantity
from kfast.node.pod_status import Body

Amounts = dict[str, Quantity]

_ZERO = Quantity.parse("0")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a node does not take a pod."""

    reason: str
    message: str


@dataclass(slots=True)
class _Node:
    capacity: Amounts
    pods: dict[str, Amounts] = field(default_factory=dict)
    used: Amounts = field(default_factory=dict)


class Admission:
    """Keeps what the pods of each node request; `allocatable` tells what a node has, by its name."""

    def __init__(self, allocatable: Callable[[str], Mapping[str, str]]) -> None:
        self._allocatable = allocatable
        self._nodes: dict[str, _Node] = {}
        self._node_of: dict[str, str] = {}

    def admit(self, node: str, uid: str, pod: Body, *, running: bool = False) -> Rejection | None:
        """Takes the pod in unless something it requests is exhausted; one already `running` is taken anyhow."""
        known = self._nodes.get(node)
        if known is None:
            amounts = {name: Quantity.parse(text) for name, text in self._allocatable(node).items()}
            known = self._nodes[node] = _Node(amounts)
        if uid in known.pods:
            return None
        requests = pod_requests(pod["spec"])
        rejection = None if running else _lacking(known, requests)
        if rejection is None:
            known.pods[uid] = requests
            _add(known.used, requests)
            self._node_of[uid] = node
        return rejection

    def release(self, uid: str) -> None:
        """The pod is over; no-op if it was not taken."""
        name = self._node_of.pop(uid, None)
        if name is not None:
            node = self._nodes[name]
            for resource, amount in node.pods.pop(uid).items():
                node.used[resource] -= amount


def _lacking(node: _Node, requests: Amounts) -> Rejection | None:
    if "pods" in node.capacity and len(node.pods) + 1 > node.capacity["pods"].value:
        count = node.capacity["pods"].value
        return _out_of("pods", 1, len(node.pods), count)
    for name, wanted in requests.items():
        if wanted.sign <= 0:
            continue
        capacity = node.capacity.get(name, _ZERO)
        used = node.used.get(name, _ZERO)
        if wanted + used > capacity:
            return _out_of(name, _units(name, wanted), _units(name, used), _units(name, capacity))
    return None


def _units(name: str, amount: Quantity) -> int:
    return amount.milli_value if name == "cpu" else amount.value


def _out_of(name: str, requested: int, used: int, capacity: int) -> Rejection:
    why = f"Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
    return Rejection(f"OutOf{name}", why)


def pod_requests(spec: Body) -> Amounts:
    """What a pod requests: its containers and sidecars together or its greediest init container, and its overhead
    (upstream's resource.PodRequests)."""
    running: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        requests = _requests(container)
        if container.get("restartPolicy") == "Always":
            _add(running, requests)
            requests = {}
        for name in {*requests, *running}:
            most = requests.get(name, _ZERO) + running.get(name, _ZERO)
            if most > peak.get(name, _ZERO):
                peak[name] = most
    for container in spec.get("containers") or ():
        _add(running, _requests(container))
    total = {name: max(running.get(name, _ZERO), peak.get(name, _ZERO)) for name in {*running, *peak}}
    total |= _requests(spec)
    _add(total, {name: Quantity.parse(text) for name, text in (spec.get("overhead") or {}).items()})
    return total


def _requests(holder: Body) -> Amounts:
    requests = (holder.get("resources") or {}).get("requests") or {}
    return {name: Quantity.parse(text) for name, text in requests.items()}


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, _ZERO) + amount
