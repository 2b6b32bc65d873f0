"""Where a Service is reached: namespace, name and port to the address of one of its endpoints."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from kfast._core import LabelSelector, Object
from kfast.apiserver.status_errors import unavailable
from kfast.errors import StatusError
from kfast.store.protocol import Store

_SLICES = "endpointslices.discovery.k8s.io"
_SERVICE_NAME = "kubernetes.io/service-name"


class Address(NamedTuple):
    """A host (IP address, or the name of an ExternalName service) and a port."""

    host: str
    port: int


class ServiceResolver:
    """Resolves services out of the store, as upstream does with --enable-aggregator-routing: to a ready endpoint,
    picked at random, of the primary IP family if there is one. An ExternalName service is its name."""

    def __init__(self, store: Store, rng: random.Random) -> None:
        self._store = store
        self._random = rng

    def resolve(self, namespace: str, name: str, port: int) -> Address:
        """Raises StatusError: 404 for an absent service, 503 for one without that port or without endpoints, 500 for
        one of an unknown type."""
        service = self._store.get("services", namespace, name)
        if service is None:
            details = {"name": name, "kind": "service"}
            raise StatusError(404, "NotFound", f'service "{name}" not found', details)
        kind = service.get("spec", "type", default="ClusterIP")
        if kind == "ExternalName":
            return Address(str(service.get("spec", "externalName", default="")), port)
        if kind not in ("ClusterIP", "LoadBalancer", "NodePort"):
            raise StatusError(500, "", f'unsupported service type "{kind}"')
        ports: list[dict[str, Any]] = service.get("spec", "ports") or []
        port_name = next((p.get("name") or "" for p in ports if p.get("port") == port), None)
        if port_name is None:
            raise unavailable(f'no service port {port} found for service "{name}"')
        return self.endpoint(service, port_name)

    def endpoint(self, service: Object, port_name: str) -> Address:
        """One of the ready endpoints of a port. Raises StatusError 503."""
        for piece in self._slices(service):
            address = self._endpoint(piece, port_name)
            if address is not None:
                return address
        raise unavailable(f'no endpoints available for service "{service.name}"')

    def has_slices(self, service: Object) -> bool:
        """Whether anybody keeps endpoints of the service, be there none."""
        return bool(self._slices(service))

    def _slices(self, service: Object) -> list[Object]:
        """In random order, those of the primary IP family first."""
        selector = LabelSelector.parse(f"{_SERVICE_NAME}={service.name}")
        slices = list(self._store.list(_SLICES, service.namespace, labels=selector).objects)
        self._random.shuffle(slices)
        families: list[str] = service.get("spec", "ipFamilies") or []
        return sorted(slices, key=lambda piece: piece.get("addressType") not in families[:1])

    def _endpoint(self, piece: Object, port_name: str) -> Address | None:
        ports: list[dict[str, Any]] = piece.get("ports") or []
        port = next((p["port"] for p in ports if (p.get("name") or "") == port_name and p.get("port")), None)
        if port is None:
            return None
        endpoints: list[dict[str, Any]] = piece.get("endpoints") or []
        ready = [e for e in endpoints if (e.get("conditions") or {}).get("ready") is not False and e.get("addresses")]
        return Address(self._random.choice(ready)["addresses"][0], port) if ready else None
