"""The same client for code without an event loop: every method is the asynchronous one, awaited elsewhere."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.client.client import Body, Client
from kfast.meta import kubeconfig
from kfast.meta.exchange import Binding, ObjectList, Outcomes, Response

T = TypeVar("T")


class LoopThread:
    """An event loop on a thread of its own. Stops with the process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="kfast-client", daemon=True)
        self._thread.start()

    def run(self, work: Awaitable[T]) -> T:
        """The result of `work`, awaited on the loop."""

        async def awaited() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop).result()

    def stop(self) -> None:
        """Ends loop and thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class SyncClient:
    """`Client` for synchronous code; `loop` is where the wrapped client's transport lives."""

    def __init__(self, client: Client, loop: LoopThread) -> None:
        self.client = client
        self._loop = loop

    @classmethod
    def from_kubeconfig(cls, path: Path | None = None, context: str = "") -> SyncClient:
        """A client for a context of a kubeconfig, by default kubectl's current one."""
        from kfast.client.transports.https import HTTPSTransport  # aiohttp is slow to import

        return cls(Client(HTTPSTransport(kubeconfig.load(path, context))), LoopThread())

    def get(self, kind: Kind, name: str, namespace: str = "", **options: Any) -> Object:
        """See `Client.get`."""
        return self._loop.run(self.client.get(kind, name, namespace, **options))

    def list(self, kind: Kind, namespace: str = "", **options: Any) -> ObjectList:
        """See `Client.list`."""
        return self._loop.run(self.client.list(kind, namespace, **options))

    def create(self, kind: Kind, body: Body, namespace: str = "", **options: Any) -> Object:
        """See `Client.create`."""
        return self._loop.run(self.client.create(kind, body, namespace, **options))

    def create_many(self, kind: Kind, bodies: Sequence[Body], namespace: str = "", **options: Any) -> Outcomes:
        """See `Client.create_many`."""
        return self._loop.run(self.client.create_many(kind, bodies, namespace, **options))

    def bind_many(self, bindings: Sequence[Binding]) -> Outcomes:
        """See `Client.bind_many`."""
        return self._loop.run(self.client.bind_many(bindings))

    def update(self, kind: Kind, body: Body, **options: Any) -> Object:
        """See `Client.update`."""
        return self._loop.run(self.client.update(kind, body, **options))

    def update_status(self, kind: Kind, body: Body) -> Object:
        """See `Client.update_status`."""
        return self._loop.run(self.client.update_status(kind, body))

    def patch(self, kind: Kind, name: str, patch: Any, namespace: str = "", **options: Any) -> Object:
        """See `Client.patch`."""
        return self._loop.run(self.client.patch(kind, name, patch, namespace, **options))

    def delete(self, kind: Kind, name: str, namespace: str = "", **options: Any) -> Object | Body:
        """See `Client.delete`."""
        return self._loop.run(self.client.delete(kind, name, namespace, **options))

    def delete_collection(self, kind: Kind, namespace: str = "", **options: Any) -> None:
        """See `Client.delete_collection`."""
        return self._loop.run(self.client.delete_collection(kind, namespace, **options))

    def request(self, method: str, path: str, *arguments: Any, **options: Any) -> Response:
        """See `Client.request`."""
        return self._loop.run(self.client.request(method, path, *arguments, **options))

    def watch(self, kind: Kind, namespace: str = "", **options: Any) -> Iterator[tuple[str, Object]]:
        """See `Client.watch`; close the iterator (or leave its loop) to end the watch."""
        events = self.client.watch(kind, namespace, **options)
        try:
            while True:
                try:
                    yield self._loop.run(anext(events))
                except StopAsyncIteration:
                    return
        finally:
            self._loop.run(events.aclose())  # type: ignore[attr-defined]

    def close(self) -> None:
        """Closes the transport and ends the loop."""
        self._loop.run(self.client.close())
        self._loop.stop()
