"""Notices nodes that fall silent or unready, and taints them: pkg/controller/nodelifecycle.

A node is looked at when its object changes and when its grace period would run out, never by polling: a healthy node's
heartbeats only move a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kfast.api.coordination.lease import KIND as LEASES
from kfast.api.core.node import KIND as NODES
from kfast.api.core.pod import KIND as PODS
from kfast.clock import parse_time, rfc3339
from kfast.controllers.node_lifecycle.health import Zone, eviction_rate, ready_status, silent_conditions, taints_of
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, Object, Watch, own_key
from kfast.runtime.pods import ready_condition

NODE_INDEX = "node"
_LEASE_NAMESPACE = "kube-node-lease"
_RETRY_EVICTION_SECONDS = 5.0
_ZONE_LABELS = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


@dataclass(slots=True)
class Heartbeat:
    """When a node was last heard of, by this process's clock: the node's own may be wrong."""

    at: float
    grace: float


@dataclass(slots=True)
class State:
    """What is known of nodes and zones; follows the node informer."""

    heartbeats: dict[str, Heartbeat] = field(default_factory=dict)
    was_ready: dict[str, bool] = field(default_factory=dict)
    """The verdict of the last reconcile."""
    zones: dict[str, Zone] = field(default_factory=dict)
    next_eviction: dict[str, float] = field(default_factory=dict)
    """Per zone the earliest time of the next eviction."""

    def count(self, node: Object, change: int) -> None:
        """Adds the node to its zone, or takes it out."""
        zone = self.zones.setdefault(_zone(node), Zone())
        zone.nodes += change
        zone.ready += change * _is_ready(node)
        if not zone.nodes:
            del self.zones[_zone(node)]


async def reconcile(context: Context, key: Key) -> float | None:
    """Judges one node; returns when it has to be heard of by."""
    state: State = context.state
    node = context.lister(NODES).get(*key)
    if node is None:
        for known in (state.heartbeats, state.was_ready):
            known.pop(key[1], None)
        return None
    now = context.clock.now()
    heartbeat = state.heartbeats.get(node.name) or _first_heartbeat(context, node)
    conditions = node.get("status", "conditions") or []
    left = heartbeat.at + heartbeat.grace - now
    if left <= 0:
        node = await _mark_silent(context, node, conditions, now)
        conditions = node.get("status", "conditions") or []
    status = ready_status(conditions)
    fell = state.was_ready.get(node.name, False) and status != "True"
    if fell:
        _say(context, node, "NodeNotReady", f"Node {node.name} status is now: NodeNotReady")
    if fell or status == "Unknown":
        await _mark_pods_unready(context, node.name, now)
    state.was_ready[node.name] = status == "True"
    retry = await _taint(context, node, conditions, now)
    if retry is not None:
        return retry
    return left + 0.01 if left > 0 else None


def _first_heartbeat(context: Context, node: Object) -> Heartbeat:
    """A node not heard of yet has from its creation on the time a start takes."""
    created = parse_time(node.get("metadata", "creationTimestamp"))
    heartbeat = Heartbeat(created, context.config.node_startup_grace)
    if node.get("status", "conditions"):
        heartbeat = Heartbeat(context.clock.now(), context.config.node_monitor_grace)
    context.state.heartbeats[node.name] = heartbeat
    _say(context, node, "RegisteredNode", f"Node {node.name} event: Registered Node {node.name} in Controller")
    return heartbeat


def _say(context: Context, node: Object, reason: str, message: str) -> None:
    involved = {"kind": "Node", "apiVersion": "v1", "name": node.name, "uid": node.uid}
    context.recorder.event_about(involved, "Normal", reason, message)


async def _mark_silent(context: Context, node: Object, conditions: list[dict[str, Any]], now: float) -> Object:
    marked = silent_conditions(conditions, node.get("metadata", "creationTimestamp"), now)
    if marked == conditions:
        return node
    body = node.to_dict()
    body.setdefault("status", {})["conditions"] = marked
    return await context.client.update_status(NODES, body)


async def _taint(context: Context, node: Object, conditions: list[dict[str, Any]], now: float) -> float | None:
    """Writes the taints; seconds after which to try again if pods may not be driven off yet."""
    present = node.get("spec", "taints") or []
    unschedulable = bool(node.get("spec", "unschedulable"))
    without = taints_of(conditions, unschedulable, present, False, now)
    wanted = taints_of(conditions, unschedulable, present, True, now)
    wait = None
    if len(wanted) != len(without):
        wait = _eviction_wait(context, node, now)
        if wait is not None:
            wanted = without
    if [(t["key"], t["effect"]) for t in wanted] != [(t["key"], t["effect"]) for t in present]:
        patch = {"metadata": {"resourceVersion": node.resource_version}, "spec": {"taints": wanted}}
        await context.client.patch(NODES, node.name, patch)
    return wait


def _eviction_wait(context: Context, node: Object, now: float) -> float | None:
    """Takes the zone's turn to drive pods off a node; the seconds to wait if it is not its turn."""
    state: State = context.state
    zone = _zone(node)
    rate = eviction_rate(state.zones, zone, context.config.node_eviction_rate)
    if not rate:
        return _RETRY_EVICTION_SECONDS
    turns = state.next_eviction
    if now < turns.get(zone, 0.0):
        return float(turns[zone] - now)
    turns[zone] = now + 1 / rate
    return None


def _is_ready(node: Object) -> bool:
    return ready_status(node.get("status", "conditions") or ()) == "True"


def _zone(node: Object) -> str:
    labels = node.labels
    return ":\0:".join(labels.get(label, "") for label in _ZONE_LABELS)


async def _mark_pods_unready(context: Context, node: str, now: float) -> None:
    """What runs there gets no more traffic."""
    pods = context.lister(PODS).by_index(NODE_INDEX, node)
    await asyncio.gather(*(_mark_pod_unready(context, pod, now) for pod in pods))


async def _mark_pod_unready(context: Context, pod: Object, now: float) -> None:
    condition = ready_condition(pod)
    if condition is None or condition["status"] != "True":
        return
    body = pod.to_dict()
    for entry in body["status"]["conditions"]:
        if entry["type"] == "Ready":
            entry |= {"status": "False", "lastTransitionTime": rfc3339(now)}
    try:
        await context.client.update_status(PODS, body)
    except StatusError as error:
        if not error.not_found:
            raise
    else:
        context.recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")


def _on_lease(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    if new is None or new.namespace != _LEASE_NAMESPACE:
        return ()
    renewed = old is None or old.get("spec", "renewTime") != new.get("spec", "renewTime")
    return _heard_of(context, new.name) if renewed else ()


def _on_node(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    for node, change in ((old, -1), (new, 1)):
        if node is not None:
            context.state.count(node, change)
    if new is None:
        return (("", old.name),) if old is not None else ()
    if old is not None and _ready_heartbeat(old) != _ready_heartbeat(new):
        _heard_of(context, new.name)
    return own_key(new)


def _ready_heartbeat(node: Object) -> str:
    conditions = node.get("status", "conditions") or ()
    return next((c.get("lastHeartbeatTime") or "" for c in conditions if c["type"] == "Ready"), "")


def _heard_of(context: Context, name: str) -> Iterable[Key]:
    """Moves the node's time; a node taken for silent has to be looked at again at once."""
    heartbeat = context.state.heartbeats.get(name)
    if heartbeat is not None:
        heartbeat.at = context.clock.now()
        heartbeat.grace = context.config.node_monitor_grace
    return () if context.state.was_ready.get(name, False) else (("", name),)


def _node_of(pod: Object) -> Sequence[str]:
    node = pod.get("spec", "nodeName")
    return (node,) if node else ()


CONTROLLER = Controller(
    name="node-lifecycle-controller",
    watches=(
        Watch(kind=NODES, on_event=_on_node),
        Watch(kind=LEASES, on_event=_on_lease),
        Watch(kind=PODS, indexers={NODE_INDEX: _node_of}),
    ),
    reconcile=reconcile,
    workers=8,
    state=State,
)
