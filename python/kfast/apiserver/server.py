"""The API server on the network: TLS of the cluster's own authority, and the Service `kubernetes` leading here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kfast.apiserver.kubernetes_service import EndpointReconciler, advertised_address
from kfast.apiserver.pki import PKI
from kfast.http.certificates import server_context
from kfast.http.server import HTTPServer, serve

if TYPE_CHECKING:
    from kfast.apiserver.app import APIServer


_LONG_RUNNING = re.compile(rb"/(?:proxy|log|exec|attach|portforward)(?:[/?]|$)")


def _may_take_long(target: bytes) -> bool:
    """Upstream's long-running subresources."""
    return _LONG_RUNNING.search(target) is not None


class HTTPSServer:
    """Serves `api` over HTTPS; `start` and `stop` once each."""

    def __init__(self, api: APIServer, pki: PKI, host: str, port: int) -> None:
        self._api = api
        self._pki = pki
        self._host = host
        self._wanted = port
        self._http: HTTPServer | None = None
        self._endpoints: EndpointReconciler | None = None

    @property
    def port(self) -> int:
        """The port served, once started."""
        return self._http.port if self._http is not None else self._wanted

    async def start(self) -> None:
        """Returns when requests are answered. Raises OSError if the address is taken."""
        address = advertised_address(self._host)
        tls = server_context(
            self._pki.server([self._host, address or ""]), self._pki.ca.certificate + self._pki.front_proxy_ca
        )
        self._http = await serve(self._api.handle, self._host, self._wanted, tls, may_take_long=_may_take_long)
        where = f"{address or self._host}:{self.port}"
        self._api.discovery.address = where
        self._api.nonresource.external_url = lambda: f"https://{where}"
        if address is not None:
            self._endpoints = EndpointReconciler(self._api.handle, self._api.clock, address, self.port)
            await self._endpoints.start()

    async def stop(self) -> None:
        """Ends every connection."""
        if self._endpoints is not None:
            await self._endpoints.stop()
        if self._http is not None:
            await self._http.stop()
