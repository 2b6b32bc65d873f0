"""Keeps the Endpoints object of services with a selector: pkg/controller/endpoint."""

from __future__ import annotations

from collections.abc import Iterable

from kfast._core import plan_endpoints
from kfast.api.core.endpoints import KIND as ENDPOINTS
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.service import KIND as SERVICES
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, LabelSelector, Object, Watch
from kfast.runtime.service_pods import POD_WATCH, SERVICE_WATCH

_LEADER_ANNOTATION = "control-plane.alpha.kubernetes.io/leader"


async def reconcile(context: Context, key: Key) -> float | None:
    """Writes the Endpoints of one service, or removes those of a service that is gone."""
    service = context.lister(SERVICES).get(*key)
    present = context.lister(ENDPOINTS).get(*key)
    if service is None:
        await _remove(context, present)
        return None
    selector = service.get("spec", "selector")
    if not selector:
        return None
    pods = context.lister(PODS).list(key[0], LabelSelector.from_map(selector))
    body = plan_endpoints(service, pods, present)
    if body is None:
        return None
    try:
        if present is None:
            await context.client.create(ENDPOINTS, body)
        else:
            await context.client.update(ENDPOINTS, body)
    except StatusError as error:
        if error.code == 403 and "being terminated" in error.message:
            return None
        if not (error.conflict or error.already_exists):
            failed, about = ("create", service) if present is None else ("update", present)
            message = f"Failed to {failed} endpoint {key[0]}/{key[1]}: {error.message}"
            context.recorder.event(about, "Warning", f"FailedTo{failed.title()}Endpoint", message)
        raise
    return None


async def _remove(context: Context, present: Object | None) -> None:
    if present is None:
        return
    try:
        await context.client.delete(ENDPOINTS, present.name, present.namespace, uid=present.uid)
    except StatusError as error:
        if not error.not_found:
            raise


def _on_endpoints(_: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    if new is None and old is not None:
        yield old.namespace, old.name


def _leftovers(context: Context) -> Iterable[Key]:
    """Endpoints whose service went while no controller ran; locks of leader elections are none."""
    for obj in context.lister(ENDPOINTS):
        if _LEADER_ANNOTATION not in (obj.get("metadata", "annotations") or {}):
            yield obj.namespace, obj.name


CONTROLLER = Controller(
    name="endpoint-controller",
    watches=(SERVICE_WATCH, POD_WATCH, Watch(kind=ENDPOINTS, on_event=_on_endpoints)),
    reconcile=reconcile,
    workers=5,
    start=_leftovers,
)
