"""Keeps the ConfigMap kube-root-ca.crt in every active namespace: pkg/controller/certificates/rootcacertpublisher."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kfast.api.core.config_map import KIND as CONFIG_MAPS
from kfast.api.core.namespace import KIND as NAMESPACES
from kfast.errors import StatusError
from kfast.runtime import Context, Controller, Key, Object, Watch, own_key

NAME = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


def plan(namespace: Object | None, present: Object | None, ca_pem: str) -> dict[str, Any] | None:
    """The ConfigMap to write: a new one if none is present, else the present one put right; None if all is well."""
    if namespace is None or namespace.deleting or not ca_pem:
        return None
    data = {"ca.crt": ca_pem}
    annotations = {"kubernetes.io/description": _DESCRIPTION}
    if present is None:
        metadata = {"name": NAME, "namespace": namespace.name, "annotations": annotations}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    body = present.to_dict()
    present_annotations = body["metadata"].get("annotations") or {}
    if body.get("data") == data and annotations.items() <= present_annotations.items():
        return None
    body["metadata"]["annotations"] = present_annotations | annotations
    body["data"] = data
    body.pop("binaryData", None)
    return dict(body)


async def reconcile(context: Context, key: Key) -> float | None:
    """Writes the ConfigMap of one namespace."""
    namespace = context.lister(NAMESPACES).get(*key)
    present = context.lister(CONFIG_MAPS).get(key[1], NAME)
    body = plan(namespace, present, context.config.root_ca_pem)
    if body is None:
        return None
    if present is not None:
        await context.client.update(CONFIG_MAPS, body)
        return None
    try:
        await context.client.create(CONFIG_MAPS, body)
    except StatusError as error:
        # 403: the namespace began to end in the meantime.
        if not (error.already_exists or error.not_found or error.code == 403):
            raise
    return None


def _namespace_of(config_map: Object) -> Iterable[Key]:
    if config_map.name == NAME:
        yield "", config_map.namespace


CONTROLLER = Controller(
    name="root-ca-certificate-publisher-controller",
    watches=(Watch(kind=NAMESPACES, map=own_key), Watch(kind=CONFIG_MAPS, map=_namespace_of)),
    reconcile=reconcile,
    workers=1,
)
