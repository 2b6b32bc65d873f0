"""An aggregated API server in a few lines: Flunders of wardle.example.com, for clients the front proxy vouches for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from kfast.apiserver.authn.request_header import RequestHeaders
from kfast.apiserver.pki import PKI
from kfast.http.certificates import server_context
from kfast.http.server import HTTPServer, serve
from kfast.meta.exchange import Request, Response, Stream

GROUP, VERSION = "wardle.example.com", "v1alpha1"
_BASE = f"/apis/{GROUP}/{VERSION}"
_RESOURCE = {
    "name": "flunders",
    "singularName": "flunder",
    "namespaced": True,
    "kind": "Flunder",
    "shortNames": ["fl"],
    "verbs": ["create", "delete", "get", "list", "watch"],
}
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_REFERENCE = "#/definitions/"
_FLUNDER = {"type": "object", "properties": {"metadata": {"$ref": _REFERENCE + _META}}}
_SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "wardle", "version": "v0"},
    "paths": {
        f"{_BASE}/flunders": {
            "get": {"responses": {"200": {"description": "OK", "schema": {"$ref": f"{_REFERENCE}wardle.Flunder"}}}}
        },
        "/version/": {"get": {"responses": {"200": {"description": "OK", "schema": {"$ref": f"{_REFERENCE}Info"}}}}},
    },
    "definitions": {"wardle.Flunder": _FLUNDER, _META: {"type": "object", "description": "Another."}, "Info": {}},
}


class SampleServer:
    """Serves over TLS for `name` (`service.namespace.svc`) and trusts front proxies of `front_proxy_ca`."""

    def __init__(self, name: str, front_proxy_ca: bytes, now: float) -> None:
        self._pki = PKI(None, now)
        self._name = name
        self._front_proxy_ca = front_proxy_ca
        self._proxies = RequestHeaders(front_proxy_ca, ("front-proxy-client",))
        self._http: HTTPServer | None = None
        self._flunders: dict[str, dict[str, Any]] = {}
        self._written = asyncio.Event()
        self.swagger: Any = _SWAGGER
        """The OpenAPI v2 document."""
        self.users: list[tuple[str, tuple[str, ...], dict[str, list[str]]]] = []
        """Name, groups and extra of everybody who asked for objects."""

    @property
    def ca(self) -> bytes:
        return self._pki.ca.certificate

    @property
    def port(self) -> int:
        assert self._http is not None
        return self._http.port

    async def start(self) -> None:
        tls = server_context(self._pki.server([self._name]), self._front_proxy_ca)
        self._http = await serve(self.handle, "0.0.0.0", 0, tls)

    async def stop(self) -> None:
        if self._http is not None:
            await self._http.stop()

    async def handle(self, request: Request) -> Response:
        user = self._proxies.authenticate(request)
        if user is None:
            return Response(401, {"kind": "Status", "status": "Failure", "code": 401, "reason": "Unauthorized"})
        if request.path == _BASE:
            listed = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}"}
            return Response(200, listed | {"resources": [_RESOURCE]})
        if request.path == "/openapi/v3":
            url = f"/openapi/v3{_BASE}?hash=1"
            return Response(200, {"paths": {_BASE.removeprefix("/"): {"serverRelativeURL": url}}})
        if request.path == f"/openapi/v3{_BASE}":
            return Response(200, {"openapi": "3.0.0", "info": {"title": "wardle"}, "paths": {}})
        if request.path == "/openapi/v2":
            return Response(200, self.swagger, {"ETag": '"1"'})
        if not request.path.startswith(f"{_BASE}/"):
            return Response(404, b"404 page not found\n", content_type="text/plain")
        self.users.append((user.name, user.groups, user.extra))
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        name = request.path.rpartition("/flunders")[2].strip("/")
        if request.method == "POST":
            flunder = json.loads(request.body)
            flunder["metadata"] |= {"uid": "1", "resourceVersion": str(len(self._flunders) + 1)}
            self._flunders[flunder["metadata"]["name"]] = flunder
            self._written.set()
            return Response(201, flunder)
        if not name and request.param("watch") == "true":
            return Response(200, Stream(self._watched()))
        if not name:
            head = {"kind": "FlunderList", "apiVersion": f"{GROUP}/{VERSION}", "metadata": {"resourceVersion": "1"}}
            return Response(200, head | {"items": list(self._flunders.values())})
        if name not in self._flunders:
            status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 404}
            message = f'flunders.{GROUP} "{name}" not found'
            return Response(404, status | {"reason": "NotFound", "message": message})
        if request.method == "DELETE":
            del self._flunders[name]
            return Response(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})
        return Response(200, self._flunders[name])

    async def _watched(self) -> AsyncGenerator[bytes, None]:
        """Each flunder once it is there."""
        shown = 0
        while True:
            for flunder in list(self._flunders.values())[shown:]:
                shown += 1
                yield json.dumps({"type": "ADDED", "object": flunder}).encode() + b"\n"
            self._written.clear()
            await self._written.wait()
