"""The store inside the process: the Rust core, in memory or over one SQLite file."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Any

from kfast._core import Object, StoreOperationError
from kfast._core import Page as NativePage
from kfast._core import Store as NativeStore
from kfast._core import Watch as NativeWatch
from kfast.clock import real_time
from kfast.store.protocol import (
    AbsentError,
    AlreadyExistsError,
    CompactedError,
    ModifiedError,
    StoreError,
    UnavailableError,
    Unbindable,
)


def _error(failure: StoreOperationError) -> StoreError:
    """The error of the protocol that a refusal of the core stands for."""
    kind, message, detail = failure.args
    match kind:
        case "already_exists":
            return AlreadyExistsError(message)
        case "absent":
            return AbsentError(message)
        case "modified":
            return ModifiedError(message, detail)
        case "compacted":
            return CompactedError(message, detail)
        case _:
            return UnavailableError(message)


class EmbeddedWatch:
    """A cursor over the history of one resource (`protocol.Watch`)."""

    def __init__(self, store: EmbeddedStore, native: NativeWatch) -> None:
        self._store = store
        self._native = native

    @property
    def revision(self) -> int:
        """All matching events up to here have been handed out."""
        return self._native.revision

    def events(self, limit: int = 1000) -> list[tuple[str, Object, Object | None]]:
        """Up to `limit` events that are ready. Raises CompactedError."""
        try:
            return self._native.events(limit)
        except StoreOperationError as failure:
            raise _error(failure) from None

    def frames(self, limit: int = 1000) -> list[bytes]:
        """As `events`, each a watch line. Raises CompactedError."""
        try:
            return self._native.frames(limit)
        except StoreOperationError as failure:
            raise _error(failure) from None

    async def wait(self) -> None:
        """Returns when there is something to hand out, or the watch is closed."""
        await self._store._wait(self._native)

    def tell(self, callback: Callable[[], None]) -> bool:
        """Calls back once when there is something to hand out, before the write returns that brings it. False, and no
        call, if there is something already."""
        return self._store._tell(self._native, callback)

    def close(self) -> None:
        """Gives the cursor up; wakes a waiter."""
        self._native.close()
        self._store._deliver()


class EmbeddedStore:
    """`protocol.Store` over the Rust core: in memory if `path` is None, else durable in the SQLite file `path`.

    Bound to the event loop that first waits on it. Raises UnavailableError if the file cannot be opened or another
    process has it. `history_events` and `history_bytes` bound what is kept between compactions.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        history_events: int | None = None,
        history_bytes: int | None = None,
    ) -> None:
        try:
            self._native = NativeStore(None if path is None else os.fspath(path), history_events, history_bytes)
        except StoreOperationError as failure:
            raise _error(failure) from None
        self.get = self._native.get
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writes: dict[int, asyncio.Future[Any]] = {}
        self._watchers: dict[int, list[asyncio.Future[None]]] = {}
        self._told: dict[int, Callable[[], None]] = {}
        self._revisions: list[tuple[int, asyncio.Future[None]]] = []

    def register(self, resource: str, fields: Sequence[tuple[str, str, str]] = ()) -> None:
        """Declares a resource and its selectable fields (label, dotted path, default)."""
        self._native.register(resource, list(fields))
        self._deliver()

    @property
    def revision(self) -> int:
        """The newest committed revision."""
        return self._native.revision

    @property
    def compacted(self) -> int:
        """Revisions below are gone from history."""
        return self._native.compacted

    def list(
        self,
        resource: str,
        namespace: str | None = None,
        labels: Any = None,
        fields: Any = None,
        limit: int = 0,
        start: str = "",
        revision: int = 0,
    ) -> NativePage:
        """One page in order of `namespace/name`. Raises CompactedError, ValueError."""
        try:
            return self._native.list(resource, namespace, labels, fields, limit, start, revision)
        except StoreOperationError as failure:
            raise _error(failure) from None

    def watch(
        self,
        resource: str,
        namespace: str | None = None,
        labels: Any = None,
        fields: Any = None,
        since: int = 0,
    ) -> EmbeddedWatch:
        """A cursor over the events after `since`. Raises CompactedError, ValueError."""
        try:
            return EmbeddedWatch(self, self._native.watch(resource, namespace, labels, fields, since))
        except StoreOperationError as failure:
            raise _error(failure) from None

    async def create(self, resource: str, namespace: str, name: str, body: bytes) -> Object:
        """Stores a new object. Raises AlreadyExistsError, UnavailableError."""
        try:
            return await self._settled(self._native.create(resource, namespace, name, body))
        except StoreOperationError as failure:
            raise _error(failure) from None

    async def create_many(
        self, resource: str, objects: builtins.list[tuple[str, str, bytes]]
    ) -> builtins.list[Object | StoreError]:
        """Stores new objects as one transaction; what does not fit is told in its place."""
        return await self._all_settled(*self._native.create_many(resource, objects))

    async def bind_many(
        self, bindings: Sequence[tuple[str, str, str, str, Sequence[tuple[str, str]]]], now: str
    ) -> builtins.list[Object | StoreError | Unbindable]:
        """Binds pods to nodes as one transaction; what cannot be bound is told in its place."""
        return await self._all_settled(*self._native.bind_many(bindings, now))

    async def update(self, resource: str, namespace: str, name: str, body: bytes, expected: int) -> Object:
        """Replaces the version `expected`. Raises ModifiedError, AbsentError, UnavailableError."""
        try:
            return await self._settled(self._native.update(resource, namespace, name, body, expected))
        except StoreOperationError as failure:
            raise _error(failure) from None

    async def delete(self, resource: str, namespace: str, name: str, expected: int) -> Object:
        """Removes the version `expected`. Raises ModifiedError, AbsentError, UnavailableError."""
        try:
            return await self._settled(self._native.delete(resource, namespace, name, expected))
        except StoreOperationError as failure:
            raise _error(failure) from None

    async def wait_revision(self, revision: int, timeout: float) -> bool:
        """Waits until `revision` is committed; False after `timeout` seconds."""
        if self._native.revision >= revision:
            return True
        future: asyncio.Future[None] = self._attach().create_future()
        entry = (revision, future)
        # First what may refuse the number: a waiter the core does not know would spoil every later delivery.
        self._native.signal_at(revision)
        self._revisions.append(entry)
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError:
            return False
        finally:
            if entry in self._revisions:
                self._revisions.remove(entry)
        return True

    def compact(self, revision: int) -> None:
        """Forgets history below `revision`."""
        self._native.compact(revision)

    async def close(self) -> None:
        """Flushes and closes; every acknowledged write is on disk. Reads go on."""
        with real_time():
            await asyncio.to_thread(self._native.close)
        self._deliver()
        if self._loop is not None:
            self._loop.remove_reader(self._native.fileno())
            self._loop = None

    def _attach(self) -> asyncio.AbstractEventLoop:
        """The running loop, which from now on is told of what becomes ready."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._native.fileno(), self._deliver)
        return self._loop

    async def _settled(self, outcome: Object | int) -> Object:
        """The object of a write that is visible, now or once its ticket comes back."""
        if isinstance(outcome, Object):
            self._deliver()
            return outcome
        future: asyncio.Future[Object] = self._attach().create_future()
        self._writes[outcome] = future
        with real_time():  # the disk's
            return await future

    async def _all_settled(self, ticket: int, outcomes: builtins.list[Any]) -> builtins.list[Any]:
        """The outcomes of a batch, whose writes are visible now or once its ticket comes back."""
        if not ticket:
            self._deliver()
        else:
            future: asyncio.Future[Any] = self._attach().create_future()
            self._writes[ticket] = future
            with real_time():
                settled = iter(await future)
            outcomes = [next(settled) if outcome is None else outcome for outcome in outcomes]
        return [_error(o) if isinstance(o, StoreOperationError) else o for o in outcomes]

    async def _wait(self, watch: NativeWatch) -> None:
        if not watch.arm():
            return
        future: asyncio.Future[None] = self._attach().create_future()
        waiting = self._watchers.setdefault(watch.id, [])
        waiting.append(future)
        try:
            await future
        finally:
            with contextlib.suppress(ValueError):
                waiting.remove(future)
            if not waiting and self._watchers.get(watch.id) is waiting:
                del self._watchers[watch.id]

    def _tell(self, watch: NativeWatch, callback: Callable[[], None]) -> bool:
        if not watch.arm():
            return False
        self._told[watch.id] = callback
        return True

    def _deliver(self) -> None:
        """Wakes whoever waited for what has happened since the last call."""
        native = self._native
        native.quiet()
        for ticket, result in native.completions():
            write = self._writes.pop(ticket, None)
            if write is None or write.done():
                continue
            if isinstance(result, StoreOperationError):
                write.set_exception(result)
            else:
                write.set_result(result)
        for watch in native.ready():  # a write's watches are ready before the write is complete
            if (callback := self._told.pop(watch, None)) is not None:
                callback()
            for future in self._watchers.get(watch, ()):
                if not future.done():
                    future.set_result(None)
        if self._revisions:
            self._wake_revisions()

    def _wake_revisions(self) -> None:
        reached = self._native.revision
        for revision, future in self._revisions:
            if revision > reached:
                self._native.signal_at(revision)
            elif not future.done():
                future.set_result(None)


__all__ = ["EmbeddedStore", "EmbeddedWatch"]
