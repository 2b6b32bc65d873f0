"""The objects every cluster has from the start."""

from __future__ import annotations

from typing import Any

import msgspec

from kfast.apiserver.authn.request_header import EXTRA_PREFIX, GROUP_HEADER, UID_HEADER, USER_HEADER
from kfast.apiserver.pki import FRONT_PROXY, PKI
from kfast.config import SERVICE_CIDR
from kfast.errors import KfastError
from kfast.meta.exchange import Handler, Request, User

_APISERVER = User("system:apiserver", groups=("system:masters", "system:authenticated"))
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_TRUST = "extension-apiserver-authentication"
_PRIORITIES = (
    ("system-cluster-critical", 2_000_000_000, "For system pods the cluster needs, on whichever node they run."),
    ("system-node-critical", 2_000_001_000, "For system pods that have to stay on the node they run on."),
)


async def create_system_objects(handle: Handler, trust: dict[str, str] | None = None) -> None:
    """Creates what is missing; what exists is left as it is. `trust` is what aggregated
    API servers verify clients with. Raises KfastError if the API refuses."""
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
    if trust:
        await _ensure_trust(handle, trust)


def extension_trust(pki: PKI) -> dict[str, str]:
    """What aggregated API servers have to know: who signs the certificates of clients and of front proxies, and how
    these name the user."""

    def names(*values: str) -> str:
        return msgspec.json.encode(values).decode()

    return {
        "client-ca-file": pki.ca.certificate.decode(),
        "requestheader-allowed-names": names(FRONT_PROXY),
        "requestheader-client-ca-file": pki.front_proxy_ca.decode(),
        "requestheader-extra-headers-prefix": names(EXTRA_PREFIX),
        "requestheader-group-headers": names(GROUP_HEADER),
        "requestheader-uid-headers": names(UID_HEADER),
        "requestheader-username-headers": names(USER_HEADER),
    }


async def _ensure_trust(handle: Handler, trust: dict[str, str]) -> None:
    """The ConfigMap and the Role that lets servers read it."""
    place = {"namespace": "kube-system"}
    await ensure(
        handle,
        "/api/v1/namespaces/kube-system/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _TRUST, **place}, "data": trust},
    )
    rule = {
        "apiGroups": [""],
        "resourceNames": [_TRUST],
        "resources": ["configmaps"],
        "verbs": ["get", "list", "watch"],
    }
    await ensure(
        handle,
        "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {
                "name": f"{_TRUST}-reader",
                "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
                "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
                **place,
            },
            "rules": [rule],
        },
    )


async def ensure(handle: Handler, path: str, body: dict[str, Any]) -> None:
    """Creates `body` in the collection `path` unless it exists. Raises KfastError."""
    request = Request("POST", path, body=msgspec.json.encode(body), user=_APISERVER, native=True)
    response = await handle(request)
    if response.status not in (201, 409):
        message = response.payload.get("message") if isinstance(response.payload, dict) else response.status
        raise KfastError(f"creating {body['kind']} {body['metadata']['name']}: {message}")
