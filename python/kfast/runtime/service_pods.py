"""Which services a pod's change concerns, for controllers that follow the pods behind services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kfast._core import Object
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.service import KIND as SERVICES
from kfast.runtime.controller import Context, Key, Watch, own_key
from kfast.runtime.lister import Lister

SELECTOR_INDEX = "selector"


def by_selector(service: Object) -> tuple[str, ...]:
    """Index of services with a selector by their namespace, and by one label their pods must have."""
    selector: dict[str, str] = service.get("spec", "selector") or {}
    namespace = service.namespace
    return (namespace, _index_key(namespace, *min(selector.items()))) if selector else ()


def services_of(services: Lister, pod: Object) -> Iterable[Key]:
    """The services whose selector matches the pod."""
    namespace = pod.namespace
    if not services.has_indexed(SELECTOR_INDEX, namespace):
        return
    labels = pod.labels
    for pair in labels.items():
        for service in services.by_index(SELECTOR_INDEX, _index_key(namespace, *pair)):
            if service.get("spec", "selector").items() <= labels.items():
                yield service.namespace, service.name


def _index_key(namespace: str, label: str, value: str) -> str:
    return f"{namespace}/{label}={value}"


def _facts(pod: Object) -> tuple[Any, ...]:
    """All that endpoints show of a pod."""
    status = pod.get("status") or {}
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or ())
    addresses = status.get("podIP"), status.get("podIPs")
    return pod.uid, pod.labels, pod.deleting, pod.get("spec", "nodeName"), status.get("phase"), addresses, ready


def _on_pod(context: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
    services = context.lister(SERVICES)
    keys: set[Key] = set()
    for pod in (old, new):
        if pod is not None:
            keys.update(services_of(services, pod))
    # Few pods that change are behind services, and to read what there is to see of one takes longer.
    if keys and old is not None and new is not None and _facts(old) == _facts(new):
        return ()
    return keys


SERVICE_WATCH = Watch(kind=SERVICES, map=own_key, indexers={SELECTOR_INDEX: by_selector})
POD_WATCH = Watch(kind=PODS, on_event=_on_pod)
