"""The objects every cluster has from the start."""

from __future__ import annotations

from typing import Any

import msgspec

from kfast.config import SERVICE_CIDR
from kfast.errors import KfastError
from kfast.meta.exchange import Handler, Request, User

_APISERVER = User("system:apiserver", groups=("system:masters", "system:authenticated"))
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_PRIORITIES = (
    ("system-cluster-critical", 2_000_000_000, "For system pods the cluster needs, on whichever node they run."),
    ("system-node-critical", 2_000_001_000, "For system pods that have to stay on the node they run on."),
)


async def create_system_objects(handle: Handler, client_ca: str = "") -> None:
    """Creates what is missing; what exists is left as it is. `client_ca` is what client certificates are verified
    with. Raises KfastError if the API refuses."""
    for name in NAMESPACES:
        await ensure(
            handle, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )
    for name, value, description in _PRIORITIES:
        await ensure(
            handle,
            "/apis/scheduling.k8s.io/v1/priorityclasses",
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": name},
                "value": value,
                "description": description,
            },
        )
    await ensure(
        handle,
        "/apis/networking.k8s.io/v1/servicecidrs",
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "metadata": {"name": "kubernetes"},
            "spec": {"cidrs": [SERVICE_CIDR]},
        },
    )
    if client_ca:
        await ensure(
            handle,
            "/api/v1/namespaces/kube-system/configmaps",
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
                "data": {"client-ca-file": client_ca},
            },
        )


async def ensure(handle: Handler, path: str, body: dict[str, Any]) -> None:
    """Creates `body` in the collection `path` unless it exists. Raises KfastError."""
    request = Request("POST", path, body=msgspec.json.encode(body), user=_APISERVER, native=True)
    response = await handle(request)
    if response.status not in (201, 409):
        message = response.payload.get("message") if isinstance(response.payload, dict) else response.status
        raise KfastError(f"creating {body['kind']} {body['metadata']['name']}: {message}")
