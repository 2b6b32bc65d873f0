"""`Aggregator`: keeps the APIServices of what is served here, and asks and serves the remote ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from kfast.api.apiregistration.api_service import KIND
from kfast.api.kind import Body
from kfast.apiserver.aggregation.availability import AGGREGATOR, check, with_condition
from kfast.apiserver.aggregation.local_services import MANAGED, api_service, service_name
from kfast.apiserver.aggregation.remote import Forwarder, Remote
from kfast.apiserver.aggregation.remote_discovery import aggregated_entries, read_openapi, read_openapi_v2
from kfast.apiserver.backend import Backend
from kfast.apiserver.background import Background
from kfast.apiserver.followed import Followed
from kfast.errors import StatusError
from kfast.http.certificates import KeyPair
from kfast.meta.exchange import BatchHandler, CreateBatch, Handler, Request, Response, User
from kfast.meta.gvk import GroupVersion
from kfast.store.protocol import CompactedError, Watch

RECHECK_SECONDS = 30.0
_LOOK_SECONDS = 1.0
_USER = User("system:apiserver", groups=("system:masters", "system:authenticated"))
_decode, _encode = msgspec.json.decode, msgspec.json.encode
_log = logging.getLogger(__name__)


class Aggregator:
    """Runs beside the handlers. `handle` and `handle_many` are the server's own, for its writes; `changed` is told
    when other remotes are there than before or have other resources."""

    def __init__(
        self,
        backend: Backend,
        handle: Handler,
        handle_many: BatchHandler,
        changed: Callable[[], None],
        identity: Callable[[], KeyPair] | None,
    ) -> None:
        self._backend = backend
        self._handle = handle
        self._handle_many = handle_many
        self._changed = changed
        self._forwarder = Forwarder(backend.services, backend.http, identity)
        self._known: dict[str, Body] = {}
        self._neighbours = [
            Followed(backend.store, "services"),
            Followed(backend.store, "endpointslices.discovery.k8s.io"),
        ]
        self._seen: list[int] = []
        self._due = asyncio.Event()
        self._background = Background()
        self.remotes: dict[tuple[str, str], Remote] = {}
        """By group and version."""

    async def start(self) -> None:
        """Returns when the APIServices of what is served exist."""
        watch = self._list()
        await self._register()
        self._background.start("APIServices", partial(self._follow, watch))
        self._background.start("APIService availability", self._ask)

    async def stop(self) -> None:
        """Ends the following and asking."""
        await self._background.stop()

    def kinds_changed(self) -> None:
        """What is served here is another than before."""
        self._due.set()

    def remote_for(self, path: str) -> Remote | None:
        """Whose requests below `/apis/<group>/<version>` are, or its OpenAPI v3 document; None if they are our own."""
        parts = path.removeprefix("/openapi/v3").split("/", 4)
        if len(parts) < 4 or parts[1] != "apis":
            return None
        return self.remotes.get((parts[2], parts[3]))

    async def forward(self, remote: Remote, request: Request) -> Response:
        """The remote's answer."""
        return await self._forwarder.forward(remote, request)

    def _list(self) -> Watch:
        page = self._backend.store.list(KIND.resource)
        self._known = {}
        self.remotes = {}
        for obj in page.objects:
            self._take(_decode(obj.to_bytes()))
        return self._backend.store.watch(KIND.resource, since=page.revision)

    def _take(self, body: Body) -> None:
        name, spec = body["metadata"]["name"], body["spec"]
        self._known[name] = body
        key = (spec.get("group") or "", spec["version"])
        if spec.get("service") is None:
            if self.remotes.pop(key, None) is not None:
                self._changed()
            return
        before = self.remotes.get(key)
        if before is None or before.body["metadata"]["uid"] != body["metadata"]["uid"]:
            self.remotes[key] = Remote(GroupVersion(*key), body)
        else:
            if before.body["spec"] != spec:
                before.checked = 0.0
            before.body = body
        self._due.set()
        self._changed()

    async def _follow(self, watch: Watch) -> None:
        while True:
            try:
                await watch.wait()
                for event, obj, _ in watch.events():
                    if event == "DELETED":
                        self._forget(obj.name)
                    else:
                        self._take(_decode(obj.to_bytes()))
            except CompactedError:
                watch.close()
                watch = self._list()
                self._due.set()

    def _forget(self, name: str) -> None:
        body = self._known.pop(name, None)
        key = ((body or {}).get("spec", {}).get("group") or "", (body or {}).get("spec", {}).get("version") or "")
        if key in self.remotes:
            del self.remotes[key]
            self._changed()
        self._due.set()

    async def _ask(self) -> None:
        """Registers what is served and checks remotes, when something changed and now and then."""
        clock = self._backend.clock
        while True:
            try:
                await self._register()
                if self.remotes and self._neighbours_changed():
                    for remote in self.remotes.values():
                        remote.checked = 0.0
                for remote in list(self.remotes.values()):
                    if remote.checked == 0.0 or clock.now() - remote.checked >= RECHECK_SECONDS:
                        await self._check(remote)
            except Exception:
                _log.exception("APIServices")
            if not self.remotes:
                await self._due.wait()
            elif not self._due.is_set():
                await clock.sleep(_LOOK_SECONDS)
            self._due.clear()

    def _neighbours_changed(self) -> bool:
        before, self._seen = self._seen, [neighbour.version() for neighbour in self._neighbours]
        return self._seen != before

    async def _check(self, remote: Remote) -> None:
        clock = self._backend.clock
        remote.checked = clock.now()
        verdict = await check(self._backend.store, self._forwarder, remote)
        # What it serves is known before anybody reads that it is available.
        news = verdict[0] == "True" and await self._discover(remote)
        wanted = with_condition(remote.body, verdict, clock.now())
        if wanted != remote.body:
            await self._write(remote, wanted)
        elif news:
            self._changed()

    async def _discover(self, remote: Remote) -> bool:
        """Takes up what the remote serves, where it tells; whether that is news."""
        try:
            resources = await aggregated_entries(self._forwarder, remote, AGGREGATOR)
            openapi = await read_openapi(self._forwarder, remote, AGGREGATOR)
        except (OSError, ValueError, StatusError) as error:
            _log.debug("discovery of %s: %s", remote.gv, error)
            return False
        openapi_v2 = remote.openapi_v2
        try:
            openapi_v2, remote.openapi_v2_etag = await read_openapi_v2(self._forwarder, remote, AGGREGATOR)
        except (OSError, ValueError, StatusError) as error:
            _log.warning("OpenAPI v2 of %s stays as it was: %s", remote.gv, error)
        before = remote.resources, remote.openapi, remote.openapi_v2
        remote.resources, remote.openapi, remote.openapi_v2 = resources, openapi, openapi_v2
        return before != (resources, openapi, openapi_v2)

    async def _write(self, remote: Remote, body: Body) -> None:
        path = KIND.path(name=body["metadata"]["name"], subresource="status")
        # Who reads that the remote is available is served by it at once: the watch may tell us later.
        before, remote.body = remote.body, body
        self._changed()
        answer = await self._handle(Request("PUT", path, body=_encode(body), user=_USER, native=True))
        if answer.status >= 300 and remote.body is body:
            remote.body = before
            self._changed()

    async def _register(self) -> None:
        """One local APIService for each group version served here; those of custom resources go with them."""
        served = {kind.gv: bool(kind.definition) for kind in self._backend.catalog}
        missing = [
            _encode(api_service(gv, custom=custom))
            for gv, custom in served.items()
            if service_name(gv) not in self._known
        ]
        if missing:
            for made in await self._handle_many(CreateBatch(KIND.path(), missing, _USER, "kube-apiserver")):
                if made is not None and not isinstance(made, StatusError):
                    self._take(_decode(made.to_bytes()))
        for name in self._stale({service_name(gv) for gv in served}):
            await self._handle(Request("DELETE", KIND.path(name=name), user=_USER, native=True))
            self._known.pop(name, None)

    def _stale(self, served: set[str]) -> Iterator[str]:
        for name, body in list(self._known.items()):
            labels: dict[str, Any] = body["metadata"].get("labels") or {}
            if labels.get(MANAGED) == "true" and name not in served:
                yield name
