"""The paths that are no resources: health, version, metrics, discovery, OpenAPI, token issuer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kfast.apiserver.discovery import Discovery
from kfast.apiserver.health import Health
from kfast.apiserver.metrics import Metrics
from kfast.apiserver.negotiate import negotiate
from kfast.apiserver.status_errors import method_not_supported, no_resource
from kfast.apiserver.version import version_info
from kfast.meta.exchange import Request, Response

Responder = Callable[[Request], Response | None]
"""Answers a request, or None if the path is not its own."""

_PLAIN = "text/plain; charset=utf-8"
_NO_SNIFF = {"X-Content-Type-Options": "nosniff"}
_CACHED = {"Cache-Control": "public, max-age=3600"}


@dataclass(slots=True)
class NonResource:
    """Routes what RequestInfo calls a non-resource request."""

    discovery: Discovery
    health: Health
    metrics: Metrics
    openapi: tuple[Responder, ...] = ()
    jwks: Callable[[], dict[str, Any]] | None = None
    issuer: str = ""
    external_url: Callable[[], str] = field(default=lambda: "https://localhost")

    def respond(self, request: Request) -> Response:
        """The answer. Documents are read with GET only; health, metrics and schemas do not care for the method.
        Raises StatusError 404 (below a served group, or to a native caller) and 405."""
        document = self._document(request)
        if document is not None:
            if request.method != "GET" and not self.discovery.is_group(request.path):
                raise method_not_supported()
            return document
        if request.path == "/":
            return Response(200, {"paths": self._paths()})
        if request.path == "/metrics":
            return self.metrics.respond()
        for responder in (self.health.respond, *self.openapi):
            response = responder(request)
            if response is not None:
                return response
        if request.native or self.discovery.has_group(request.path):
            raise no_resource()
        return Response(404, b"404 page not found\n", dict(_NO_SNIFF), _PLAIN)

    def _document(self, request: Request) -> Response | None:
        match request.path:
            case "/version" | "/version/":
                negotiate(request, "none", protobuf=False, yaml=False)
                return Response(200, version_info())
            case "/openid/v1/jwks" | "/openid/v1/jwks/" if self.jwks is not None:
                return Response(200, msgspec.json.encode(self.jwks()), dict(_CACHED), "application/jwk-set+json")
            case "/.well-known/openid-configuration" | "/.well-known/openid-configuration/" if self.jwks is not None:
                return Response(200, self._issuer(), dict(_CACHED))
        return self.discovery.respond(request)

    def _issuer(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.external_url()}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    def _paths(self) -> list[str]:
        fixed = ["/.well-known/openid-configuration", "/metrics", "/openapi/v2", "/openapi/v3", "/openid/v1/jwks"]
        return sorted([*fixed, "/version", *self.health.paths(), *self.discovery.paths()])
