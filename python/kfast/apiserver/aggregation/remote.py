"""One remote group version: where its server is, and requests to it as the front proxy."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from kfast._core import Object
from kfast.api.apiregistration.api_service import available
from kfast.api.kind import Body
from kfast.apiserver.aggregation.remote_watch import RemoteWatch
from kfast.apiserver.service_resolver import ServiceResolver
from kfast.errors import StatusError
from kfast.http.certificates import KeyPair, client_context
from kfast.http.client import HOP_BY_HOP, HTTPClient, Target
from kfast.http.dialling import failure_text
from kfast.meta.exchange import Request, Response, Stream, User
from kfast.meta.gvk import GroupVersion

_PLAIN = "text/plain; charset=utf-8"
_DROPPED = ("host", "authorization", "content-length", "expect")
_DROPPED_PREFIXES = ("x-remote-", "impersonate-")
_TOKEN = "!#$&'*+-.^_`|~"


@dataclass(slots=True)
class Remote:
    """A remote APIService. `resources` is its part of the aggregated discovery, None while it was never read."""

    gv: GroupVersion
    body: Body
    resources: list[dict[str, Any]] | None = None
    checked: float = 0.0
    openapi: str = ""
    """Where its OpenAPI v3 document is, relative to its server."""
    openapi_v2: dict[str, Any] = field(default_factory=dict)
    """The part of its OpenAPI v2 document that is about the group version."""
    openapi_v2_etag: str = ""
    _tls: dict[bytes, Any] = field(default_factory=dict)

    @property
    def service(self) -> tuple[str, str, int]:
        """Namespace, name and port of the service."""
        reference = self.body["spec"]["service"]
        return reference["namespace"], reference["name"], int(reference.get("port") or 443)

    @property
    def available(self) -> bool:
        """What its condition says."""
        return available(self.body).get("status") == "True"

    @property
    def priorities(self) -> tuple[int, int]:
        """Of the group, and of the version in it."""
        spec = self.body["spec"]
        return int(spec["groupPriorityMinimum"]), int(spec["versionPriority"])


class Forwarder:
    """Sends requests to remotes. Without an `identity` (the front proxy's) servers see no client certificate."""

    def __init__(self, services: ServiceResolver, client: HTTPClient, identity: Callable[[], KeyPair] | None) -> None:
        self._services = services
        self._client = client
        self._identity = identity
        self._pair: KeyPair | None = None

    async def forward(self, remote: Remote, request: Request) -> Response:
        """The remote's answer to a user's request."""
        if not remote.available:
            return _refused("service unavailable", 503)
        assert request.user is not None
        target = request.target or _escaped(request)
        try:
            where = self._target(remote)
        except StatusError:
            return _refused("service unavailable", 503)
        except ValueError as error:
            return _refused(str(error), 500)
        upgrade = "upgrade" in request.headers.get("connection", "").lower()
        kept = ("connection", "upgrade") if upgrade else ()
        headers: dict[str, str | tuple[str, ...]] = {
            name: value
            for name, value in request.headers.items()
            if (name not in HOP_BY_HOP or name in kept)
            and name not in _DROPPED
            and not name.startswith(_DROPPED_PREFIXES)
        }
        if request.native:
            headers["accept"] = "application/json"
        headers |= identity_headers(request.user)
        try:
            response = await self._client.send(where, request.method, target, headers, request.body)
        except OSError as error:
            why = failure_text(error, where.host, where.port, where.server_name)
            return _refused(f"error trying to reach service: {why}", 503)
        watching = request.method == "GET" and request.param("watch") in ("1", "true")
        return await _native(response, watching) if request.native else response

    async def get(self, remote: Remote, path: str, user: User, known: str = "") -> tuple[Response, str]:
        """The remote's answer to a question of the aggregator's, and the URL asked; 304 if the answer's ETag were still
        `known`. Raises StatusError, ValueError, OSError."""
        where = self._target(remote)
        url = f"https://{where.authority}{path}"
        headers = {"Accept": "application/json", **identity_headers(user)}
        if known:
            headers["If-None-Match"] = known
        try:
            response = await self._client.send(where, "GET", path, headers, dial_seconds=5.0)
        except OSError as error:
            raise OSError(f'Get "{url}": {failure_text(error, where.host, where.port, where.server_name)}') from error
        if isinstance(response.payload, Stream):
            response.payload = b"".join([chunk async for chunk in response.payload.chunks])
        return response, url

    def _target(self, remote: Remote) -> Target:
        """Raises StatusError if the service leads nowhere, ValueError for a bad bundle."""
        namespace, name, port = remote.service
        address = self._services.resolve(namespace, name, port)
        spec = remote.body["spec"]
        ca = None if spec.get("insecureSkipTLSVerify") else base64.b64decode(spec.get("caBundle") or "")
        key = b"-" if ca is None else ca
        if key not in remote._tls:
            if self._pair is None and self._identity is not None:
                self._pair = self._identity()
            remote._tls[key] = client_context(self._pair, ca, system=ca == b"")
        return Target(address.host, address.port, remote._tls[key], f"{name}.{namespace}.svc")


def identity_headers(user: User) -> Mapping[str, str | tuple[str, ...]]:
    """Who asks, as the front proxy says it."""
    headers: dict[str, str | tuple[str, ...]] = {"X-Remote-User": user.name}
    if user.uid:
        headers["X-Remote-Uid"] = user.uid
    if user.groups:
        headers["X-Remote-Group"] = tuple(user.groups)
    for key, values in user.extra.items():
        headers[f"X-Remote-Extra-{quote(key, safe=_TOKEN)}"] = tuple(values)
    return headers


def _escaped(request: Request) -> str:
    path = quote(request.path, safe="/:@!$&'()*+,;=-._~")
    return f"{path}?{urlencode(request.query, doseq=True)}" if request.query else path


def _refused(text: str, code: int) -> Response:
    return Response(code, f"{text}\n".encode(), {"X-Content-Type-Options": "nosniff"}, _PLAIN)


async def _native(response: Response, watching: bool) -> Response:
    """For a caller in the same process: the events of a watch, else the answer read whole and decoded."""
    data = response.payload
    if watching and response.status == 200 and isinstance(data, Stream):
        return Response(200, RemoteWatch(data), response.headers)
    if isinstance(data, Stream):
        data = b"".join([chunk async for chunk in data.chunks])
    try:
        body = msgspec.json.decode(data) if isinstance(data, bytes) else {}
    except msgspec.DecodeError:
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
        body = {"kind": "Status", "status": "Failure", "message": text.strip(), "code": response.status}
    whole = isinstance(body, dict) and "metadata" in body and body.get("kind") != "Status"
    if whole and "items" not in body and isinstance(data, bytes):
        return Response(response.status, Object.parse(data), response.headers)
    return Response(response.status, body, response.headers)
