"""A cursor over converted events: what it tells of its position while a conversion fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from kfast._core import Object
from kfast.apiserver.converted_watch import ConvertedWatch
from kfast.errors import StatusError
from kfast.store.embedded import EmbeddedStore


async def put(store: EmbeddedStore, name: str) -> Object:
    body = {"apiVersion": "e/v1", "kind": "Host", "metadata": {"name": name, "namespace": "n"}}
    return await store.create("hosts.e", "n", name, msgspec.json.encode(body))


async def test_events_held_back_are_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfast.apiserver.converted_watch.FIRST_DELAY", 0.001)
    store = EmbeddedStore(None)
    store.register("hosts.e")
    mended, tried = asyncio.Event(), asyncio.Event()

    async def convert(objects: Sequence[Object]) -> list[Object]:
        if any(obj.name == "b" for obj in objects) and not mended.is_set():
            tried.set()
            raise StatusError(500, "", "not now")
        return list(objects)

    before = await put(store, "before")
    watch = ConvertedWatch(store.watch("hosts.e", since=before.revision), convert)
    assert watch.revision == before.revision
    first, second, third = [await put(store, name) for name in "abc"]
    await watch.wait()
    assert watch.revision == before.revision, "ready, but not handed out"
    assert [obj.name for _, obj, _ in watch.events()] == ["a"]
    waiting = asyncio.create_task(watch.wait())
    await tried.wait()
    assert (watch.events(), watch.revision) == ([], first.revision)
    mended.set()
    await waiting
    assert [obj.name for _, obj, _ in watch.events(1)] == ["b"]
    assert watch.revision == second.revision
    await watch.wait()
    assert [obj.name for _, obj, _ in watch.events()] == ["c"]
    assert watch.revision >= third.revision
    watch.close()
    await watch.wait()
    await store.close()


async def test_closing_ends_the_waiting() -> None:
    store = EmbeddedStore(None)
    store.register("hosts.e")

    async def convert(_objects: Sequence[Object]) -> list[Object]:
        failed.set()
        raise StatusError(500, "", "never")

    failed = asyncio.Event()
    watch = ConvertedWatch(store.watch("hosts.e", since=store.revision), convert)
    await put(store, "a")
    waiting = asyncio.create_task(watch.wait())
    await failed.wait()
    watch.close()
    async with asyncio.timeout(10):
        await waiting
    await store.close()
