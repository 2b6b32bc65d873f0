"""The contract of every store; the edge cases stand on the methods."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from kfast._core import Object
from kfast.errors import KfastError


class StoreError(KfastError):
    """A store operation failed."""


class AlreadyExistsError(StoreError):
    """Create met a live object of that key."""


class AbsentError(StoreError):
    """The key holds no live object."""


class ModifiedError(StoreError):
    """The object's revision is not the expected one; `current` is the live object."""

    def __init__(self, message: str, current: Object) -> None:
        super().__init__(message)
        self.current = current


class CompactedError(StoreError):
    """The revision asked for is older than the history kept; `compacted` is the oldest still readable."""

    def __init__(self, message: str, compacted: int) -> None:
        super().__init__(message)
        self.compacted = compacted


class UnavailableError(StoreError):
    """The durable log refuses writes (disk full, I/O error); reads go on."""


class Unbindable(NamedTuple):
    """Why a pod cannot be bound: `other` (it is another pod, `detail` its uid), `deleting`, `assigned` (to the node
    `detail`) or `gated`."""

    why: str
    detail: str


class Page(Protocol):
    """One page of a list. `revision` is the revision the page is true at."""

    @property
    def revision(self) -> int: ...
    @property
    def objects(self) -> Sequence[Object]: ...
    @property
    def next_start(self) -> str | None:
        """Where the next page starts: opaque `namespace/name\\0`; None on the last page."""
        ...

    @property
    def remaining(self) -> int | None:
        """Objects after this page; None if unknown (selectors) or none."""
        ...

    def items_json(self, with_type: bool = False, head: bytes = b"", tail: bytes = b"") -> bytes:
        """The items joined by commas, between `head` and `tail`; without apiVersion and kind unless `with_type`."""
        ...


class Watch(Protocol):
    """A cursor over the history of one resource."""

    @property
    def revision(self) -> int:
        """All matching events up to here have been handed out."""
        ...

    def events(self, limit: int = 1000) -> list[tuple[str, Object, Object | None]]:
        """Up to `limit` events that are ready: (ADDED|MODIFIED|DELETED, object, previous). Never blocks.

        DELETED carries the last state with the revision of the delete; an object that left the selector is
        DELETED with its old state and the new revision. Raises CompactedError if history was cut under the cursor.
        """
        ...

    def frames(self, limit: int = 1000) -> list[bytes]:
        """As `events`, each already a watch line `{"type":...,"object":...}\\n`, encoded once and shared by
        all cursors of the resource."""
        ...

    async def wait(self) -> None:
        """Returns when `events` has something to hand out, or the watch is closed."""
        ...

    def close(self) -> None:
        """Gives the cursor up; wakes a waiter."""
        ...


class OwnWatch(Watch, Protocol):
    """A cursor of the store itself."""

    def tell(self, callback: Callable[[], None]) -> bool:
        """Calls back once when `events` has something to hand out, or the watch is closed: before the write returns
        that brings it. False, and no call, if there is something already."""
        ...


class Store(Protocol):
    """Objects by (resource, namespace, name) under one revision counter. Namespace is "" for cluster-scoped kinds."""

    def register(self, resource: str, fields: Sequence[tuple[str, str, str]] = ()) -> None:
        """Declares a resource and its selectable fields (label, dotted path, default). Idempotent."""
        ...

    @property
    def revision(self) -> int:
        """The newest committed revision."""
        ...

    @property
    def compacted(self) -> int:
        """Revisions below are gone from history."""
        ...

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """The newest committed version."""
        ...

    def list(
        self,
        resource: str,
        namespace: str | None = None,
        labels: Any = None,
        fields: Any = None,
        limit: int = 0,
        start: str = "",
        revision: int = 0,
    ) -> Page:
        """Objects in order of namespace, name; at `revision` if not 0. `labels` and `fields` are compiled selectors
        (LabelSelector, FieldSelector of _core) or None. Raises CompactedError; a future revision is a ValueError."""
        ...

    def watch(
        self,
        resource: str,
        namespace: str | None = None,
        labels: Any = None,
        fields: Any = None,
        since: int = 0,
    ) -> OwnWatch:
        """Events with a revision greater than `since` (0: from now). Raises CompactedError."""
        ...

    async def create(self, resource: str, namespace: str, name: str, body: bytes) -> Object:
        """Stores canonical JSON that carries no resourceVersion. Returns once it is durable and visible.
        Raises AlreadyExistsError, UnavailableError."""
        ...

    async def create_many(
        self, resource: str, objects: builtins.list[tuple[str, str, bytes]]
    ) -> builtins.list[Object | StoreError]:
        """Creates every (namespace, name, body) that can be: each as `create`, failures in their places, all in one
        transaction as far as the store has such."""
        ...

    async def bind_many(
        self, bindings: Sequence[tuple[str, str, str, str, Sequence[tuple[str, str]]]], now: str
    ) -> builtins.list[Object | StoreError | Unbindable]:
        """Sets the node of pods, (namespace, name, uid or "", node, labels to add), and PodScheduled to true since
        `now`. In place of the pod: AbsentError, UnavailableError, or why it cannot be bound."""
        ...

    async def update(self, resource: str, namespace: str, name: str, body: bytes, expected: int) -> Object:
        """Replaces the version `expected`. Raises ModifiedError, AbsentError, UnavailableError."""
        ...

    async def delete(self, resource: str, namespace: str, name: str, expected: int) -> Object:
        """Removes the version `expected`; returns its last state carrying the delete's revision.
        Raises ModifiedError, AbsentError, UnavailableError."""
        ...

    async def wait_revision(self, revision: int, timeout: float) -> bool:
        """Waits until `revision` is committed; False after `timeout` seconds."""
        ...

    def compact(self, revision: int) -> None:
        """Forgets history below `revision`."""
        ...

    async def close(self) -> None:
        """Flushes and closes; every acknowledged write is on disk."""
        ...


__all__ = [
    "AbsentError",
    "AlreadyExistsError",
    "CompactedError",
    "ModifiedError",
    "OwnWatch",
    "Page",
    "Store",
    "StoreError",
    "UnavailableError",
    "Unbindable",
    "Watch",
]
