"""An API server on a memory store, called in process."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.clock import SystemClock
from kfast.meta.exchange import Request, User
from kfast.store.embedded import EmbeddedStore

ADMIN = User("admin", groups=("system:masters", "system:authenticated"))


class Server:
    """An API server and the loop it runs on."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.api = APIServer(EmbeddedStore(None), default_catalog(), SystemClock(), seed=1)
        self.run(self.api.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Does some work on the loop."""
        self.loop.run_until_complete(work)

    async def call(
        self, method: str, path: str, body: bytes = b"", media: str = "application/json", **query: str
    ) -> Any:
        """The answer to a request of the administrator, which must succeed."""
        headers = {"content-type": media, "accept": "application/json"}
        answer = await self.api.handle(Request(method, path, {k: [v] for k, v in query.items()}, headers, body, ADMIN))
        assert answer.status < 300, answer.payload
        return answer

    def close(self) -> None:
        """Stops the server."""
        self.run(self.api.stop())
        self.loop.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()
