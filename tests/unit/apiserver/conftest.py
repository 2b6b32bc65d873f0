"""An API server on a memory store, spoken to as a transport would."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec
import pytest
from api_server import running

from kfast.apiserver.app import APIServer
from kfast.clock import SystemClock
from kfast.meta.exchange import Request, Response, User

ADMIN = User("admin", groups=("system:masters", "system:authenticated"))


@dataclass
class Answer:
    """A response, decoded if it is JSON."""

    code: int
    body: Any
    headers: dict[str, str]
    content_type: str
    warnings: list[str]
    raw: bytes


class Sink:
    """Collects what a watch writes; `limit` makes it a slow peer."""

    def __init__(self, limit: int | None = None) -> None:
        self.chunks: list[bytes] = []
        self.closed = 0
        self.limit = limit

    def write(self, chunk: bytes) -> bool:
        if self.closed or (self.limit is not None and len(self.chunks) >= self.limit):
            return False
        self.chunks.append(chunk)
        return True

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        self.closed += 1

    @property
    def data(self) -> bytes:
        return b"".join(unframe(c) for c in self.chunks)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.data.splitlines()]


def unframe(chunk: bytes) -> bytes:
    """The data of one HTTP/1.1 chunk, checked against its length."""
    size, _, rest = chunk.partition(b"\r\n")
    assert rest.endswith(b"\r\n")
    assert int(size, 16) == len(rest) - 2
    return rest[:-2]


@dataclass
class Caller:
    """Sends requests to the server's handler."""

    api: APIServer
    user: User | None = field(default_factory=lambda: ADMIN)
    sinks: list[Any] = field(default_factory=list)

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Request:
        path, _, query = path.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        return Request(
            method,
            unquote(path),
            parse_qs(query, keep_blank_values=True),
            {k.lower(): v for k, v in (headers or {}).items()},
            data,
            user=self.user,
        )

    async def __call__(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        response = await self.api.handle(self.request(method, path, body, headers))
        raw = response.payload if isinstance(response.payload, bytes) else msgspec.json.encode(response.payload)
        decoded = msgspec.json.decode(raw) if response.content_type.startswith("application/json") else raw
        return Answer(response.status, decoded, response.headers, response.content_type, response.warnings, raw)

    async def native(self, method: str, path: str, body: Any = None) -> Response:
        request = self.request(method, path, body)
        request.native = True
        return await self.api.handle(request)

    async def watch(self, path: str, headers: dict[str, str] | None = None, sink: Sink | None = None) -> Sink:
        """Opens a watch and lets it catch up."""
        response = await self.api.handle(self.request("GET", path, headers=headers))
        assert response.status == 200, response.payload
        payload: Any = response.payload
        sink = sink or Sink()
        payload.attach(sink)
        self.sinks.append(payload)
        await settle()
        return sink

    async def ok(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        answer = await self(method, path, body, headers)
        assert answer.code < 300, answer.body
        return answer.body


async def settle() -> None:
    """Lets every task that is ready run."""
    for _ in range(60):
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Any:
    return SystemClock()


@pytest.fixture
async def api(clock: Any) -> Any:
    async with running(clock=clock) as server:
        yield server


@pytest.fixture
def call(api: APIServer) -> Caller:
    return Caller(api)
