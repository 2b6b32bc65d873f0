"""Many writers of one object: who states no version never meets a conflict, however slow the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from kfast._core import Object
from kfast.store.embedded import EmbeddedStore
from kfast.store.protocol import ModifiedError

MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = {"Content-Type": "application/merge-patch+json"}
TURNS_TO_COMMIT = 200


class SlowCommits:
    """Updates are checked at once and become readable many turns of the loop later, as on a durable store."""

    def __init__(self, store: EmbeddedStore) -> None:
        self._store = store
        self._ahead: Object | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def update(self, resource: str, namespace: str, name: str, body: bytes, expected: int) -> Object:
        newest = self._ahead or self._store.get(resource, namespace, name)
        assert newest is not None
        if newest.revision != expected:
            raise ModifiedError("modified", newest)
        decoded = msgspec.json.decode(body)
        decoded["metadata"]["resourceVersion"] = str(self._store.revision + 1)
        self._ahead = Object.parse(msgspec.json.encode(decoded))
        for _ in range(TURNS_TO_COMMIT):
            await asyncio.sleep(0)
        self._ahead = None
        return await self._store.update(resource, namespace, name, body, expected)

    async def delete(self, resource: str, namespace: str, name: str, expected: int) -> Object:
        if self._ahead is not None:
            raise ModifiedError("modified", self._ahead)
        return await self._store.delete(resource, namespace, name, expected)


@pytest.fixture
async def slow(call: Any) -> Any:
    await call.ok("POST", MAPS, {"metadata": {"name": "a"}})
    call.api.backend.store = SlowCommits(call.api.backend.store)
    return call


async def test_patches_of_one_object_all_succeed(slow: Any) -> None:
    patches = (slow("PATCH", f"{MAPS}/a", {"data": {f"k{i}": "v"}}, MERGE) for i in range(20))
    assert [answer.code for answer in await asyncio.gather(*patches)] == [200] * 20
    assert len((await slow.ok("GET", f"{MAPS}/a"))["data"]) == 20


async def test_updates_of_a_stated_version_conflict(slow: Any) -> None:
    current = await slow.ok("GET", f"{MAPS}/a")
    updates = (slow("PUT", f"{MAPS}/a", {**current, "data": {"k": str(i)}}) for i in range(5))
    assert sorted(answer.code for answer in await asyncio.gather(*updates)) == [200, 409, 409, 409, 409]


async def test_a_delete_waits_for_the_update_that_was_faster(slow: Any) -> None:
    patched, deleted = await asyncio.gather(
        slow("PATCH", f"{MAPS}/a", {"data": {"k": "v"}}, MERGE), slow("DELETE", f"{MAPS}/a")
    )
    assert (patched.code, deleted.code) == (200, 200)
    assert (await slow("GET", f"{MAPS}/a")).code == 404


async def test_a_request_ends_in_time(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await call.ok("POST", MAPS, {"metadata": {"name": "a"}})
    store = call.api.backend.store

    async def never(resource: str, namespace: str, name: str, body: bytes, expected: int) -> Object:
        raise ModifiedError("modified", store.get(resource, namespace, name))

    monkeypatch.setattr(store, "update", never)
    minutes: Iterator[float] = iter(range(0, 600, 25))
    monkeypatch.setattr(call.api.clock, "monotonic", lambda: next(minutes))
    answer = await call("PATCH", f"{MAPS}/a", {"data": {"k": "v"}}, MERGE)
    assert (answer.code, answer.body["reason"]) == (504, "Timeout")
    text = "Timeout: request did not complete within requested timeout - context deadline exceeded"
    assert answer.body["message"] == text
    assert next(minutes) == 100
