"""The Service `kubernetes` in `default`, and the endpoints that lead to this API server.

As upstream's kubernetesservice controller and its single-server endpoint reconciler: the Service has the first address
of the range, no selector, and both Endpoints and EndpointSlice named `kubernetes` are written by the apiserver itself.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from typing import Any

import msgspec

from kfast.apiserver.background import Background
from kfast.apiserver.bootstrap import ensure
from kfast.clock import Clock
from kfast.config import SECURE_PORT, SERVICE_CIDR
from kfast.errors import KfastError
from kfast.meta.exchange import Handler, Request, User

_log = logging.getLogger(__name__)

RECONCILE_SECONDS = 10.0
_USER = User("system:apiserver", groups=("system:masters", "system:authenticated"))
_LABELS = {"component": "apiserver", "provider": "kubernetes"}
_SERVICES = "/api/v1/namespaces/default/services"
_ENDPOINTS = "/api/v1/namespaces/default/endpoints"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


async def create_service(handle: Handler, port: int = SECURE_PORT, cidr: str = SERVICE_CIDR) -> None:
    """Creates the Service unless it is there. Raises KfastError if the API refuses."""
    if (await _send(handle, "GET", f"{_SERVICES}/kubernetes")).get("code") != 404:
        return
    first = str(next(ipaddress.ip_network(cidr).hosts()))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": _LABELS},
        "spec": {
            "clusterIP": first,
            "clusterIPs": [first],
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
    }
    await ensure(handle, _SERVICES, service)


class EndpointReconciler:
    """Keeps the endpoints of `kubernetes` pointing at `address` and `port`."""

    def __init__(self, handle: Handler, clock: Clock, address: str, port: int) -> None:
        self._handle = handle
        self._clock = clock
        self._address = address
        self._port = port
        self._background = Background()

    async def start(self) -> None:
        """Returns once the endpoints are right; then looks again now and then."""
        await self.reconcile()
        self._background.start("kubernetes endpoints", self._run)

    async def stop(self) -> None:
        """Looks no more; the endpoints stay, as after a crash."""
        await self._background.stop()

    async def reconcile(self) -> None:
        """Writes Service and endpoints where they differ. Raises KfastError if the API refuses."""
        await create_service(self._handle, self._port)
        await self._target_port()
        await self._put(_ENDPOINTS, self._endpoints(), ("subsets",))
        await self._put(_SLICES, self._slice(), ("addressType", "endpoints", "ports"))

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(RECONCILE_SECONDS)
            try:
                await self.reconcile()
            except KfastError as error:
                _log.warning("endpoints of the kubernetes Service: %s", error)

    async def _target_port(self) -> None:
        path = f"{_SERVICES}/kubernetes"
        found = await _send(self._handle, "GET", path)
        ports = (found.get("spec") or {}).get("ports") or []
        if ports and ports[0].get("targetPort") != self._port:
            ports[0]["targetPort"] = self._port
            _check(await _send(self._handle, "PUT", path, found))

    async def _put(self, collection: str, wanted: dict[str, Any], fields: tuple[str, ...]) -> None:
        path = f"{collection}/kubernetes"
        found = await _send(self._handle, "GET", path)
        if found.get("code") == 404:
            await ensure(self._handle, collection, wanted)
            return
        if all(found.get(field) == wanted[field] for field in fields):
            return
        wanted["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
        _check(await _send(self._handle, "PUT", path, wanted))

    def _endpoints(self) -> dict[str, Any]:
        ports = [{"name": "https", "port": self._port, "protocol": "TCP"}]
        return {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
            },
            "subsets": [{"addresses": [{"ip": self._address}], "ports": ports}],
        }

    def _slice(self) -> dict[str, Any]:
        family = ipaddress.ip_address(self._address).version
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "kubernetes"},
            },
            "addressType": f"IPv{family}",
            "endpoints": [{"addresses": [self._address], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": self._port, "protocol": "TCP"}],
        }


async def _send(handle: Handler, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = msgspec.json.encode(body) if body is not None else b""
    headers = {"content-type": "application/json"} if body is not None else {}
    response = await handle(Request(method, path, headers=headers, body=data, user=_USER))
    if not isinstance(response.payload, bytes):
        raise KfastError(f"{method} {path}: the API server answered without text")
    decoded: dict[str, Any] = msgspec.json.decode(response.payload)
    return decoded


def _check(answer: dict[str, Any]) -> None:
    """A conflict is somebody else's write: the next round looks again."""
    if answer.get("kind") == "Status" and answer.get("code") != 409:
        raise KfastError(answer.get("message") or "refused")


def advertised_address(host: str) -> str | None:
    """The address peers can use for a server bound to `host`: itself, or this machine's own where it is loopback
    or any. None if the machine has no address. Endpoints must not hold loopback addresses."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            address = ipaddress.ip_address(socket.gethostbyname(host))
        except OSError:
            return None
    if not (address.is_loopback or address.is_unspecified):
        return str(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: only asks for the route
        except OSError:
            return None
        found = str(probe.getsockname()[0])
    return None if ipaddress.ip_address(found).is_loopback else found
