"""Deletes pods from nodes whose NoExecute taints they do not tolerate, or no longer: pkg/controller/tainteviction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kfast.api.core.node import KIND as NODES
from kfast.api.core.pod import KIND as PODS
from kfast.clock import parse_time, rfc3339
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, Object, Watch

NODE_INDEX = "node"

Taint = Mapping[str, Any]


def plan(taints: Sequence[Taint], tolerations: Sequence[Mapping[str, Any]], now: float) -> float | None:
    """Seconds until the pod has to go: 0 is now, None is never. A toleration counts from when its taint was added;
    the shortest of a taint's tolerations decides."""
    waits: list[float] = []
    for taint in taints:
        matching = [t for t in tolerations if tolerates(t, taint)]
        if not matching:
            return 0.0
        seconds = [t["tolerationSeconds"] for t in matching if t.get("tolerationSeconds") is not None]
        if seconds:
            since = parse_time(taint["timeAdded"]) if taint.get("timeAdded") else now
            waits.append(max(0.0, since + max(0, min(seconds)) - now))
    return min(waits, default=None)


def tolerates(toleration: Mapping[str, Any], taint: Taint) -> bool:
    """Whether one toleration covers a taint."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


async def reconcile(context: Context, key: Key) -> float | None:
    """Decides about one pod; returns when to look again."""
    pod = context.lister(PODS).get(*key)
    if pod is None or pod.deleting:
        return None
    node = context.lister(NODES).get("", pod.get("spec", "nodeName") or "")
    taints = _no_execute(node)
    if not taints:
        return None
    wait = plan(taints, pod.get("spec", "tolerations") or (), context.clock.now())
    if wait is None or wait > 0:
        return wait
    context.recorder.event(
        pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {pod.namespace}/{pod.name}"
    )
    await _evict(context, pod)
    return None


async def _evict(context: Context, pod: Object) -> None:
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
        "lastTransitionTime": rfc3339(context.clock.now()),
    }
    patch = {"metadata": {"uid": pod.uid}, "status": {"conditions": [condition]}}
    try:
        await context.client.patch(PODS, pod.name, patch, pod.namespace, type="strategic", subresource="status")
        await context.client.delete(PODS, pod.name, pod.namespace, uid=pod.uid)
    except StatusError as error:
        if not error.not_found:
            raise


def _no_execute(node: Object | None) -> list[Taint]:
    taints = (node.get("spec", "taints") or ()) if node is not None else ()
    return [taint for taint in taints if taint["effect"] == "NoExecute"]


def _on_node(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    """A node concerns its pods when its NoExecute taints changed."""
    tainted: set[str] = context.state
    if new is None:
        tainted.difference_update((old.name,) if old is not None else ())
        return
    taints = _no_execute(new)
    (tainted.add if taints else tainted.discard)(new.name)
    if taints != _no_execute(old):
        for pod in context.lister(PODS).by_index(NODE_INDEX, new.name):
            yield pod.namespace, pod.name


def _on_pod(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    """Pods matter on tainted nodes only, of which there are few or none."""
    tainted: set[str] = context.state
    if not tainted or new is None or new.deleting or new.get("spec", "nodeName") not in tainted:
        return ()
    return ((new.namespace, new.name),)


def _node_of(pod: Object) -> Sequence[str]:
    node = pod.get("spec", "nodeName")
    return (node,) if node else ()


CONTROLLER = Controller(
    name="taint-eviction-controller",
    watches=(Watch(kind=NODES, on_event=_on_node), Watch(kind=PODS, on_event=_on_pod, indexers={NODE_INDEX: _node_of})),
    reconcile=reconcile,
    workers=8,
    state=set[str],
)
