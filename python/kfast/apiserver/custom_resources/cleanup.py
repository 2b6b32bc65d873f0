"""Removes the objects of a definition that is being deleted, then lets it go (upstream: crd_finalizer)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from kfast.api.apiextensions import conditions
from kfast.api.apiextensions.custom_resource_definition import FINALIZER
from kfast.api.kind import Body, Kind
from kfast.apiserver.backend import Backend
from kfast.apiserver.custom_resources.writer import DefinitionWriter
from kfast.apiserver.handlers.delete import delete_object
from kfast.apiserver.options import DeleteOptions
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.meta.exchange import Request
from kfast.store.protocol import CompactedError, Watch

PATIENCE_SECONDS = 60.0
"""After this the definition tells that something holds its objects."""
_log = logging.getLogger(__name__)


class Cleanup:
    """One task for each definition that is being deleted."""

    def __init__(self, backend: Backend, writer: DefinitionWriter) -> None:
        self._backend = backend
        self._writer = writer
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def consider(self, crd: Body, stored: Kind | None) -> None:
        """Starts the cleanup of a definition that needs one. `stored` is the kind of its objects, None if it never
        had any."""
        metadata = crd["metadata"]
        uid = metadata["uid"]
        if "deletionTimestamp" not in metadata or FINALIZER not in (metadata.get("finalizers") or ()):
            return
        if uid not in self._tasks:
            run = self._run(metadata["name"], uid, stored)
            self._tasks[uid] = asyncio.get_running_loop().create_task(run, name=f"cleanup of {metadata['name']}")
            self._tasks[uid].add_done_callback(lambda _: self._tasks.pop(uid, None))

    async def stop(self) -> None:
        """Ends all tasks; the next start takes them up again."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, name: str, uid: str, stored: Kind | None) -> None:
        clock = self._backend.clock

        async def note(status: str, reason: str, message: str) -> None:
            await self._writer.change(name, uid, _terminating(status, reason, message, clock))

        try:
            await note("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
            outcome = ("NeverEstablished", "resource was never established")
            if stored is not None:
                await self._empty(stored, note)
                outcome = ("InstanceDeletionCompleted", "removed all instances")
            finish = _terminating("False", *outcome, clock)
            await self._writer.change(name, uid, lambda crd: _release(crd, finish))
        except StatusError as error:
            if not error.not_found:
                _log.warning("cleanup of %s: %s", name, error.message)
        except Exception:
            _log.exception("cleanup of %s", name)

    async def _empty(self, kind: Kind, note: Callable[[str, str, str], Awaitable[None]]) -> None:
        """Asks every object to go, and returns once all are gone."""
        store = self._backend.store
        scope = Scope(kind, kind)
        page = store.list(kind.resource)
        watch = store.watch(kind.resource, since=page.revision)
        try:
            for obj in page.objects:
                info = RequestInfo(kind.path(obj.namespace, obj.name), "delete")
                info.scope, info.namespace, info.name = scope, obj.namespace, obj.name
                try:
                    await delete_object(
                        self._backend, Request("DELETE", info.path), info, DeleteOptions(), admitted=True
                    )
                except StatusError as error:
                    if not error.not_found:
                        raise
            told = False
            while store.list(kind.resource, limit=1).objects:
                if not await self._changed(watch, None if told else PATIENCE_SECONDS) and not told:
                    told = True
                    why = "could not confirm zero CustomResources remaining: timed out waiting for the condition"
                    await note("True", "InstanceDeletionCheck", why)
        finally:
            watch.close()

    async def _changed(self, watch: Watch, patience: float | None) -> bool:
        """Whether objects changed within so many seconds."""
        change = asyncio.ensure_future(watch.wait())
        timer = None if patience is None else asyncio.ensure_future(self._backend.clock.sleep(patience))
        try:
            waited = [change] if timer is None else [change, timer]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not change.done():
                return False
            with contextlib.suppress(CompactedError):
                watch.events()
            return True
        finally:
            for task in (change, timer):
                if task is not None:
                    task.cancel()


def _terminating(status: str, reason: str, message: str, clock: Clock) -> Callable[[Body], None]:
    return lambda crd: conditions.put(crd, conditions.TERMINATING, status, reason, message, clock.now())


def _release(crd: Body, finish: Callable[[Body], None]) -> None:
    finish(crd)
    crd["metadata"]["finalizers"] = [f for f in crd["metadata"].get("finalizers") or () if f != FINALIZER]
