"""How the API server reaches nodes: their servers over HTTPS, or a door in the same process."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from urllib.parse import quote, urlencode

from kfast._core import Object
from kfast.apiserver.status_errors import not_found_named
from kfast.errors import StatusError
from kfast.http.certificates import KeyPair, client_context
from kfast.http.client import HTTPClient, Target
from kfast.http.dialling import failure_text
from kfast.meta.exchange import Handler, Request, Response, User
from kfast.store.protocol import Store

DEFAULT_PORT = 10250
PREFERRED_ADDRESSES = ("Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP")
"""As upstream's --kubelet-preferred-address-types."""
KUBELET_CLIENT = User("kube-apiserver-kubelet-client", groups=("system:masters", "system:authenticated"))
"""Who the API server is to nodes."""


class Nodes:
    """`local` gives the door of a node of the same process, None for others. Without an `identity` only those are
    reached. Certificates of nodes are not verified, as with upstream's defaults."""

    def __init__(self, store: Store, client: HTTPClient, identity: Callable[[], KeyPair] | None = None) -> None:
        self._store = store
        self._client = client
        self._identity = identity
        self._tls: ssl.SSLContext | None = None
        self.local: Callable[[str], Handler | None] = _no_door

    def node(self, name: str) -> Object:
        """Raises StatusError 404."""
        node = self._store.get("nodes", "", name)
        if node is None:
            raise not_found_named("", "nodes", name)
        return node

    def node_of_pod(self, name: str) -> Object:
        """Raises StatusError 404, which names the resource of the request, as upstream does."""
        node = self._store.get("nodes", "", name)
        if node is None:
            raise not_found_named("", "pods", name)
        return node

    async def send_for_pod(self, name: str, request: Request) -> Response:
        """`send` to the kubelet of a pod's node. Raises StatusError 404 and 500."""
        self.node_of_pod(name)
        return await self.send(name, request)

    async def send(self, name: str, request: Request, port: int = 0) -> Response:
        """The answer of the node's server, of its kubelet unless there is a port. Path and query are escaped from the
        request's. Raises StatusError 404 and 500."""
        node = self.node(name)
        door = self.local(name) if port in (0, kubelet_port(node)) else None
        if door is not None:
            request.user = KUBELET_CLIENT
            return await door(request)
        target = Target(address(node), port or kubelet_port(node), self._context())
        path = request.target
        if not path:
            path = quote(request.path, safe="/:@!$&'()*+,;=-._~")
            if request.query:
                path += "?" + urlencode(request.query, doseq=True)
        try:
            return await self._client.send(target, request.method, path, request.headers, request.body)
        except OSError as error:
            why = failure_text(error, target.host, target.port)
            raise StatusError(500, "", f"error dialing backend: {why}") from error

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = client_context(self._identity() if self._identity is not None else None)
        return self._tls


def address(node: Object) -> str:
    """The address a node prefers to be reached at. Raises StatusError 500 if it has none."""
    known = {a["type"]: a["address"] for a in reversed(node.get("status", "addresses", default=()) or ())}
    for kind in PREFERRED_ADDRESSES:
        if kind in known:
            return str(known[kind])
    raise StatusError(500, "", "no preferred addresses found; known addresses: []")


def kubelet_port(node: Object) -> int:
    """Where the kubelet of a node listens."""
    return int(node.get("status", "daemonEndpoints", "kubeletEndpoint", "Port", default=0) or DEFAULT_PORT)


def _no_door(_: str) -> Handler | None:
    return None
