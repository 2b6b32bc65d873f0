"""The scheduler's own HTTPS port: health for everybody, metrics and configuration for whom the API server lets."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from kfast.api.authentication import token_review
from kfast.api.authorization import subject_access_review
from kfast.client import Client, TransportError
from kfast.errors import StatusError
from kfast.scheduler.configuration import encode
from kfast.scheduler.metrics import CONTENT_TYPE
from kfast.scheduler.service import Scheduler

Answer = Callable[[web.Request], Awaitable[web.Response]]


class SchedulerServer:
    """Serves /healthz, /livez, /readyz, /metrics and /configz. Callers of the last two are identified by TokenReview
    and allowed by SubjectAccessReview."""

    def __init__(
        self, scheduler: Scheduler, client: Client, context: ssl.SSLContext, ready: Callable[[], bool]
    ) -> None:
        self._scheduler = scheduler
        self._client = client
        self._context = context
        self._ready = ready
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Begins to serve; the port, chosen if 0 was asked for. Raises OSError."""
        app = web.Application()
        for path in ("/healthz", "/livez"):
            app.router.add_get(path, self._alive)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._guarded(self._metrics))
        app.router.add_get("/configz", self._guarded(self._configz))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=self._context)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Serves no more; idempotent."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _alive(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _readyz(self, _: web.Request) -> web.Response:
        if self._ready():
            return web.Response(text="ok")
        return web.Response(status=500, text="[-]informer-sync failed: reason withheld\nreadyz check failed\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._scheduler.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def _configz(self, _: web.Request) -> web.Response:
        body = msgspec.json.encode({"componentconfig": encode(self._scheduler.configuration)})
        return web.Response(body=body, content_type="application/json")

    def _guarded(self, answer: Answer) -> Answer:
        async def guarded(request: web.Request) -> web.Response:
            try:
                user = await self._user(request)
                allowed = user is not None and await self._allowed(user, request.path)
            except (StatusError, TransportError) as error:
                return web.Response(status=500, text=f"Internal Server Error: {error}\n")
            if user is None:
                return web.Response(status=401, text="Unauthorized\n")
            if not allowed:
                text = f'forbidden: User "{user["username"]}" cannot get path "{request.path}"\n'
                return web.Response(status=403, text=text)
            return await answer(request)

        return guarded

    async def _user(self, request: web.Request) -> dict[str, Any] | None:
        """Who asks; None if his token is not valid."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return {"username": "system:anonymous", "groups": ["system:unauthenticated"]}
        kind = token_review.KIND
        review = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": {"token": token.strip()}}
        status: dict[str, Any] = (await self._client.create(kind, review)).get("status") or {}
        user: dict[str, Any] = status.get("user") or {}
        return user if status.get("authenticated") else None

    async def _allowed(self, user: dict[str, Any], path: str) -> bool:
        kind = subject_access_review.KIND
        spec = {
            "user": user.get("username"),
            "groups": user.get("groups") or [],
            "nonResourceAttributes": {"path": path, "verb": "get"},
        }
        review = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": spec}
        return bool((await self._client.create(kind, review)).get("status", "allowed"))
