"""Keeps the EndpointSlices of services with a selector: pkg/controller/endpointslice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kfast._core import plan_endpoint_slices
from kfast.api.core.node import KIND as NODES
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.service import KIND as SERVICES
from kfast.api.discovery.endpoint_slice import KIND as SLICES
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, LabelSelector, Object, Watch
from kfast.runtime.service_pods import POD_WATCH, SERVICE_WATCH, services_of

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
ZONE = "topology.kubernetes.io/zone"

_SERVICE_INDEX = "service"
_NODE_INDEX = "node"
_PATIENCE = 5.0
"""Seconds to wait for an own write to come back through the watch."""


@dataclass(slots=True)
class State:
    """Zones of all nodes, and writes not yet seen through the watch: planning without them would do them again."""

    zones: dict[str, str] = field(default_factory=dict)
    unseen: dict[Key, dict[str, tuple[int, float]]] = field(default_factory=dict)
    """Service -> slice -> (revision written, when to stop waiting for it)."""

    def wrote(self, service: Key, written: Object, now: float) -> None:
        """A slice of the service was written."""
        self.unseen.setdefault(service, {})[written.name] = (written.revision, now + _PATIENCE)

    def is_stale(self, service: Key, slices: Sequence[Object], now: float) -> bool:
        """Whether a write is still unseen."""
        revisions = {obj.name: obj.revision for obj in slices}
        writes = self.unseen.pop(service, {})
        unseen = {
            name: (revision, until)
            for name, (revision, until) in writes.items()
            if revisions.get(name, 0) < revision and now < until
        }
        if unseen:
            self.unseen[service] = unseen
        return bool(unseen)

    def deleted(self, service: Key, name: str) -> None:
        """A slice is gone: nothing more will be seen of it."""
        self.unseen.get(service, {}).pop(name, None)


async def reconcile(context: Context, key: Key) -> float | None:
    """Writes the slices of one service."""
    state: State = context.state
    service = context.lister(SERVICES).get(*key)
    if service is None or not service.get("spec", "selector"):
        # The garbage collector removes the slices of a service that is gone.
        state.unseen.pop(key, None)
        return None
    slices = sorted(context.lister(SLICES).by_index(_SERVICE_INDEX, "/".join(key)), key=lambda s: s.name)
    if state.is_stale(key, slices, context.clock.monotonic()):
        return 1.0
    pods = context.lister(PODS).list(key[0], LabelSelector.from_map(service.get("spec", "selector")))
    nodes = {pod.get("spec", "nodeName") for pod in pods}
    zones = {node: zone for node in nodes if (zone := state.zones.get(node)) is not None}
    plan = plan_endpoint_slices(service, pods, slices, zones)
    try:
        await _write(context, key, *plan)
    except StatusError as error:
        if error.code == 403 and "being terminated" in error.message:
            return None
        if not error.conflict:
            message = f"Error updating Endpoint Slices for Service {key[0]}/{key[1]}: {error.message}"
            context.recorder.event(service, "Warning", "FailedToUpdateEndpointSlices", message)
        raise
    return None


async def _write(
    context: Context, key: Key, creates: list[dict[str, object]], updates: list[dict[str, object]], deletes: list[str]
) -> None:
    state: State = context.state

    async def write(call: asyncio.Future[Object]) -> None:
        state.wrote(key, await call, context.clock.monotonic())

    async def delete(name: str) -> None:
        try:
            await context.client.delete(SLICES, name, key[0])
        except StatusError as error:
            if not error.not_found:
                raise

    calls = [context.client.create(SLICES, body, key[0]) for body in creates]
    calls += [context.client.update(SLICES, body) for body in updates]
    await asyncio.gather(*(write(asyncio.ensure_future(call)) for call in calls), *map(delete, deletes))


def _by_service(obj: Object) -> tuple[str, ...]:
    labels = obj.labels
    name = labels.get(SERVICE_NAME)
    return (f"{obj.namespace}/{name}",) if name and labels.get(MANAGED_BY) == MANAGER else ()


def _by_node(pod: Object) -> tuple[str, ...]:
    node = pod.get("spec", "nodeName")
    return (node,) if node else ()


def _on_slice(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    state: State = context.state
    for obj in (old, new):
        for value in _by_service(obj) if obj is not None else ():
            namespace, _, name = value.partition("/")
            if new is None and obj is not None:
                state.deleted((namespace, name), obj.name)
            yield namespace, name


def _on_node(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    """Pods may be seen before their node, or stay when it goes."""
    state: State = context.state
    if new is None:
        name, zone = (old.name if old else ""), None
        state.zones.pop(name, None)
    else:
        name, zone = new.name, new.labels.get(ZONE, "")
        if state.zones.get(name) == zone:
            return
        state.zones[name] = zone
    for pod in context.lister(PODS).by_index(_NODE_INDEX, name):
        yield from services_of(context.lister(SERVICES), pod)


CONTROLLER = Controller(
    name="endpoint-slice-controller",
    watches=(
        SERVICE_WATCH,
        Watch(kind=SLICES, on_event=_on_slice, indexers={_SERVICE_INDEX: _by_service}),
        POD_WATCH,
        Watch(kind=PODS, indexers={_NODE_INDEX: _by_node}),
        Watch(kind=NODES, on_event=_on_node),
    ),
    reconcile=reconcile,
    workers=5,
    state=State,
)
