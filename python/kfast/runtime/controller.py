"""A controller, declared; and the runner that turns events into keys and keys into calls of `reconcile`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.client import Client, TransportError
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.runtime.expectations import Expectations
from kfast.runtime.informer import Informer
from kfast.runtime.informers import Informers
from kfast.runtime.lister import IndexFunction, Lister
from kfast.runtime.recorder import Recorder
from kfast.runtime.workqueue import WorkQueue

Key = tuple[str, str]
"""(namespace, name) of what is reconciled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerConfig:
    """Settings of all controllers, with the defaults of kube-controller-manager v1.36."""

    root_ca_pem: str = ""
    """What kube-root-ca.crt holds in every namespace."""
    node_monitor_grace: float = 50.0
    """Seconds without a heartbeat after which a node is Unknown (--node-monitor-grace-period)."""
    node_startup_grace: float = 60.0
    """The same for a node never heard of (--node-startup-grace-period)."""
    node_eviction_rate: float = 0.1
    """NoExecute taints a second and zone (--node-eviction-rate)."""
    terminated_pod_threshold: int = 12500
    """Terminated pods kept (--terminated-pod-gc-threshold)."""


@dataclass(slots=True)
class Context:
    """What one running controller works with."""

    name: str
    client: Client
    clock: Clock
    informers: Informers
    recorder: Recorder
    expectations: Expectations
    queue: WorkQueue[Key]
    catalog: Iterable[Kind]
    """The kinds served now; iterated again whenever it matters, as they come and go with CRDs."""
    config: ControllerConfig = field(default_factory=ControllerConfig)
    state: Any = None
    """The controller's own mutable state, made by `Controller.state`."""

    def lister(self, kind: Kind) -> Lister:
        """The cached objects of a kind."""
        return self.informers.of(kind).store


OnEvent = Callable[[Context, Object | None, Object | None], Iterable[Key]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Objects of `kind` enqueue keys: `map` of the object (of an update, of the old one too), or `on_event` of
    (context, old, new) where old is None for an addition and new for a deletion; of `events` only."""

    kind: Kind
    map: Callable[[Object], Iterable[Key]] | None = None
    on_event: OnEvent | None = None
    indexers: Mapping[str, IndexFunction] = field(default_factory=dict)
    events: frozenset[Literal["add", "update", "delete"]] = frozenset({"add", "update", "delete"})

    def handler(self) -> OnEvent | None:
        """What turns an event into keys; None if the objects are only looked up."""
        if self.on_event is not None or self.map is None:
            return self.on_event
        map_object = self.map

        def mapped(_: Context, old: Object | None, new: Object | None) -> Iterable[Key]:
            for obj in (old, new):
                if obj is not None:
                    yield from map_object(obj)

        return mapped


def own_key(obj: Object) -> Iterable[Key]:
    """For `Watch.map`: the object's own key."""
    return ((obj.namespace, obj.name),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """One controller. `reconcile` returns seconds after which it wants the key again, or None; when it raises,
    the key is retried with backoff."""

    name: str
    watches: tuple[Watch, ...]
    reconcile: Callable[[Context, Key], Awaitable[float | None]]
    workers: int = 4
    state: Callable[[], Any] = lambda: None
    start: Callable[[Context], Iterable[Key]] = lambda _: ()
    """Keys to begin with, asked for once the informers have synced."""


class Runner:
    """Runs one controller until it is stopped."""

    def __init__(self, controller: Controller, context: Context) -> None:
        self.controller = controller
        self.context = context
        self._log = logging.getLogger(f"kfast.controllers.{controller.name}")
        self._tasks: list[asyncio.Task[None]] = []

    def subscribe(self) -> None:
        """Registers indexes and handlers; to be called before the informers start."""
        for watch in self.controller.watches:
            informer = self.context.informers.of(watch.kind)
            for name, function in watch.indexers.items():
                informer.store.add_index(name, function)
            if (keys := watch.handler()) is not None:
                self._subscribe(informer, keys, watch.events)

    def _subscribe(self, informer: Informer, keys: OnEvent, events: Iterable[str]) -> None:
        context, add = self.context, self.context.queue.add

        def on_add(obj: Object) -> None:
            for key in keys(context, None, obj):
                add(key)

        def on_update(old: Object, new: Object) -> None:
            for key in keys(context, old, new):
                add(key)

        def on_delete(obj: Object) -> None:
            for key in keys(context, obj, None):
                add(key)

        callbacks: dict[str, Any] = {"add": on_add, "update": on_update, "delete": on_delete}
        informer.add_handler(**{f"on_{event}": callbacks[event] for event in events})

    @property
    def running(self) -> bool:
        """Whether all workers are at it."""
        return len(self._tasks) == self.controller.workers and not any(task.done() for task in self._tasks)

    def start(self) -> None:
        """Starts the workers."""
        for key in self.controller.start(self.context):
            self.context.queue.add(key)
        loop = asyncio.get_running_loop()
        for number in range(self.controller.workers):
            self._tasks.append(loop.create_task(self._work(), name=f"{self.controller.name} {number}"))

    async def stop(self) -> None:
        """Cancels the workers, also in the middle of a reconcile."""
        self.context.queue.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _work(self) -> None:
        queue = self.context.queue
        while True:
            key = await queue.get()
            try:
                again = await self.controller.reconcile(self.context, key)
            except StatusError as error:
                # Conflicts are part of optimistic concurrency; the rest is worth a line.
                level = logging.DEBUG if error.conflict or error.not_found else logging.WARNING
                self._log.log(level, "%s/%s: %s", *key, error.message)
                queue.add_rate_limited(key)
            except TransportError as error:
                self._log.warning("%s/%s: %s", *key, error)
                queue.add_rate_limited(key)
            except Exception:
                self._log.exception("%s/%s", *key)
                queue.add_rate_limited(key)
            else:
                queue.forget(key)
                if again is not None:
                    queue.add_after(key, max(again, 0.001))
            finally:
                queue.done(key)
