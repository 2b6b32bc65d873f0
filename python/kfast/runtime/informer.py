"""An informer: one LIST, then one WATCH for ever, seen by any number of handlers through one cache."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.client import Client, TransportError
from kfast.errors import StatusError
from kfast.runtime.lister import IndexFunction, Lister

_log = logging.getLogger(__name__)

_FIRST_RETRY, _LAST_RETRY = 0.8, 30.0


def _ignore(*_: Object) -> None:
    return None


class Handler(NamedTuple):
    """Synchronous callbacks, called in the order of events after the cache has changed."""

    on_add: Callable[[Object], None] = _ignore
    on_update: Callable[[Object, Object], None] = _ignore
    on_delete: Callable[[Object], None] = _ignore


class Informer:
    """Follows the objects of one kind, optionally of one namespace or selection."""

    def __init__(
        self,
        client: Client,
        kind: Kind,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        indexers: Mapping[str, IndexFunction] | None = None,
    ) -> None:
        self.kind = kind
        self.store = Lister(indexers)
        self._client = client
        self._namespace = namespace
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._handlers: list[Handler] = []
        self._on_add: list[Callable[[Object], None]] = []
        self._on_update: list[Callable[[Object, Object], None]] = []
        self._on_delete: list[Callable[[Object], None]] = []
        self._synced = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add_handler(
        self,
        on_add: Callable[[Object], None] = _ignore,
        on_update: Callable[[Object, Object], None] = _ignore,
        on_delete: Callable[[Object], None] = _ignore,
    ) -> Handler:
        """Calls back from now on; what is known already is told as additions at once."""
        handler = Handler(on_add, on_update, on_delete)
        for obj in list(self.store):
            on_add(obj)
        self._handlers.append(handler)
        self._sort()
        return handler

    def remove_handler(self, handler: Handler) -> None:
        """Calls back no more."""
        self._handlers = [h for h in self._handlers if h is not handler]
        self._sort()

    def _sort(self) -> None:
        """Callbacks by event: most handlers ignore some."""
        handlers = self._handlers
        self._on_add = [h.on_add for h in handlers if h.on_add is not _ignore]
        self._on_update = [h.on_update for h in handlers if h.on_update is not _ignore]
        self._on_delete = [h.on_delete for h in handlers if h.on_delete is not _ignore]

    def start(self) -> None:
        """Begins to list and watch; idempotent."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=f"informer {self.kind.resource}")

    async def stop(self) -> None:
        """Ends the watch; what is known stays readable."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    @property
    def has_synced(self) -> bool:
        """Whether the first list is in the cache and told to the handlers."""
        return self._synced.is_set()

    async def synced(self) -> None:
        """Returns once `has_synced`."""
        await self._synced.wait()

    async def _run(self) -> None:
        retry = _FIRST_RETRY
        # "0" takes any state the server has; after an expiry only the newest will do.
        revision = "0"
        while True:
            try:
                present = await self._client.list(
                    self.kind,
                    self._namespace,
                    label_selector=self._label_selector,
                    field_selector=self._field_selector,
                    resource_version=revision,
                )
                self._replace(present.objects)
                self._synced.set()
                retry = _FIRST_RETRY
                await self._watch(str(present.revision))
            except StatusError as error:
                revision = ""
                if error.expired:
                    continue
                _log.warning("informer of %s: %s", self.kind.resource, error.message)
            except TransportError as error:
                _log.warning("informer of %s: %s", self.kind.resource, error)
            await self._client.clock.sleep(retry)
            retry = min(retry * 2, _LAST_RETRY)

    async def _watch(self, revision: str) -> None:
        watch = self._client.open_watch(
            self.kind,
            self._namespace,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            resource_version=revision,
        )
        try:
            async for batch in watch:
                self._apply(batch)
        finally:
            watch.close()

    def _replace(self, objects: Iterable[Object]) -> None:
        gone = {(o.namespace, o.name): o for o in self.store}
        for obj in objects:
            known = gone.pop((obj.namespace, obj.name), None)
            if known is not None and known.uid != obj.uid:
                self._delete(known)
            if known is None or known.revision != obj.revision:
                self._put(obj)
        for obj in gone.values():
            self._delete(obj)

    def _apply(self, batch: Sequence[tuple[str, Object]]) -> None:
        for event, obj in batch:
            if event in ("ADDED", "MODIFIED"):
                self._put(obj)
            elif event == "DELETED":
                self._delete(obj)

    def _put(self, obj: Object) -> None:
        old = self.store.put(obj)
        if old is None:
            for on_add in self._on_add:
                try:
                    on_add(obj)
                except Exception:
                    self._failed(obj)
        else:
            for on_update in self._on_update:
                try:
                    on_update(old, obj)
                except Exception:
                    self._failed(obj)

    def _delete(self, obj: Object) -> None:
        self.store.remove(obj)
        for on_delete in self._on_delete:
            try:
                on_delete(obj)
            except Exception:
                self._failed(obj)

    def _failed(self, obj: Object) -> None:
        _log.exception("a handler of %s failed on %s/%s", self.kind.resource, obj.namespace, obj.name)
