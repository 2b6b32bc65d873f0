"""The paths that are no resources: health, version, metrics, discovery, OpenAPI, token issuer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kfast.apiserver.discovery import Discovery
from kfast.apiserver.health import Health
from kfast.apiserver.metrics import Metrics
from kfast.apiserver.version import version_info
from kfast.meta.exchange import Request, Response

Responder = Callable[[Request], Response | None]
"""Answers a request, or None if the path is not its own."""

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

    def respond(self, request: Request) -> Response | None:
        """The answer, None if no such path is served. Only GET and HEAD reach anything."""
        if request.method not in ("GET", "HEAD"):
            return None
        match request.path:
            case "/version" | "/version/":
                return Response(200, version_info())
            case "/metrics":
                return self.metrics.respond()
            case "/openid/v1/jwks" if self.jwks is not None:
                return Response(200, msgspec.json.encode(self.jwks()), dict(_CACHED), "application/jwk-set+json")
            case "/.well-known/openid-configuration" if self.jwks is not None:
                return Response(200, self._issuer(), dict(_CACHED))
            case "/":
                return Response(200, {"paths": self._paths()})
        for responder in (self.discovery.respond, self.health.respond, *self.openapi):
            response = responder(request)
            if response is not None:
                return response
        return None

    def _issuer(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.external_url()}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    def _paths(self) -> list[str]:
        fixed = ["/.well-known/openid-configuration", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3"]
        return sorted([*fixed, "/openid/v1/jwks", "/readyz", "/version", *self.discovery.paths()])
