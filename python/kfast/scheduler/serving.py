"""The scheduler's own HTTPS port: health for everybody, metrics and configuration for whom the API server lets."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from kfast.client import Client, TransportError
from kfast.errors import StatusError
from kfast.meta.exchange import Request
from kfast.runtime.delegated_access import DelegatedAccess
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
        self._access = DelegatedAccess(client, client.clock, anonymous=True)
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
            headers = {name.lower(): value for name, value in request.headers.items()}
            try:
                user = await self._access.user(Request("GET", request.path, headers=headers))
                asked = (("path", request.path), ("verb", "get"))
                allowed = user is not None and await self._access.allowed(user, asked)
            except (StatusError, TransportError) as error:
                return web.Response(status=500, text=f"Internal Server Error: {error}\n")
            if user is None:
                return web.Response(status=401, text="Unauthorized\n")
            if not allowed:
                text = f'forbidden: User "{user.name}" cannot get path "{request.path}"\n'
                return web.Response(status=403, text=text)
            return await answer(request)

        return guarded
