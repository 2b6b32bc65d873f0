"""What the asyncio facade adds to the core: futures, wake-ups, cancellation."""

from __future__ import annotations

import asyncio
import json

import pytest

from kfast.store.embedded import EmbeddedStore
from kfast.store.protocol import AlreadyExistsError, CompactedError, Store, UnavailableError
from kfast.testing.virtual_time import run_virtual


def config(name: str) -> bytes:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "d"}}
    return json.dumps(body, separators=(",", ":")).encode()


async def create(store: EmbeddedStore, name: str) -> int:
    return (await store.create("configmaps", "d", name, config(name))).revision


async def soon(*waiting: asyncio.Task[None]) -> None:
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request, tmp_path):
    store = EmbeddedStore(None if request.param == "memory" else tmp_path / "store.db")
    yield store
    await store.close()


async def test_it_is_a_store(store):
    protocol: Store = store
    assert protocol.revision == 1


async def test_all_waiters_of_a_watch_wake(store):
    watch = store.watch("configmaps")
    waiters = [asyncio.create_task(watch.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    await create(store, "a")
    await soon(*waiters)
    await soon(asyncio.create_task(watch.wait()))
    assert len(watch.events()) == 1


async def test_only_the_watch_concerned_wakes(store):
    other = store.watch("secrets")
    watch = store.watch("configmaps", "d")
    idle = asyncio.create_task(other.wait())
    waiter = asyncio.create_task(watch.wait())
    await asyncio.sleep(0)
    await create(store, "a")
    await soon(waiter)
    assert not idle.done()
    other.close()
    await soon(idle)


async def test_a_cancelled_waiter_leaves_nothing_behind(store):
    watch = store.watch("configmaps")
    waiter = asyncio.create_task(watch.wait())
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert store._watchers == {}
    assert not await store.wait_revision(9, 0.01)
    assert store._revisions == []
    await create(store, "a")
    await soon(asyncio.create_task(watch.wait()))


async def test_a_cancelled_write_still_happens(tmp_path):
    store = EmbeddedStore(tmp_path / "store.db")
    cancelled = asyncio.create_task(create(store, "a"))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await create(store, "b") == 3
    assert [o.name for o in store.list("configmaps").objects] == ["a", "b"]
    await store.close()


async def test_a_write_is_invisible_until_it_is_durable(tmp_path):
    store = EmbeddedStore(tmp_path / "store.db")
    writes = [asyncio.create_task(create(store, f"c{i}")) for i in range(50)]
    duplicate = asyncio.create_task(create(store, "c0"))
    assert [await write for write in writes] == list(range(2, 52))
    with pytest.raises(AlreadyExistsError, match=r"configmaps d/c0 already exists"):
        await duplicate
    await store.close()


async def test_after_close_reads_go_on_and_writes_are_refused(tmp_path):
    store = EmbeddedStore(tmp_path / "store.db")
    pending = [asyncio.create_task(create(store, f"c{i}")) for i in range(20)]
    await asyncio.sleep(0)
    await store.close()
    assert sorted(await asyncio.gather(*pending)) == list(range(2, 22))
    assert len(store.list("configmaps").objects) == 20
    with pytest.raises(UnavailableError, match="closed"):
        await create(store, "late")
    await store.close()


async def test_history_after_reopening_starts_anew(tmp_path):
    store = EmbeddedStore(tmp_path / "store.db")
    for name in "abc":
        await create(store, name)
    await store.close()
    store = EmbeddedStore(tmp_path / "store.db")
    assert (store.revision, store.compacted) == (4, 4)
    with pytest.raises(CompactedError):
        store.watch("configmaps", since=3)
    watch = store.watch("configmaps", since=4)
    await create(store, "d")
    assert [o.revision for _, o, _ in watch.events()] == [5]
    await store.close()


async def test_frames_are_shared_between_cursors():
    store = EmbeddedStore()
    watches = [store.watch("configmaps") for _ in range(3)]
    await create(store, "a")
    first, second, third = (watch.frames()[0] for watch in watches)
    assert first is second
    assert second is third
    assert json.loads(first)["object"]["metadata"]["resourceVersion"] == "2"


async def test_history_is_bounded_by_arguments():
    store = EmbeddedStore(history_events=5)
    for i in range(20):
        await create(store, f"c{i}")
    assert (store.revision, store.compacted) == (21, 16)


async def test_who_is_to_be_told_is_told_once_before_the_write_returns(store):
    watch, told = store.watch("configmaps"), []
    assert watch.tell(lambda: told.append("first"))
    await create(store, "a")
    assert told == ["first"]
    assert not watch.tell(lambda: told.append("second"))
    assert len(watch.events()) == 1
    await create(store, "b")
    assert told == ["first"]


def test_the_disk_takes_no_virtual_time(tmp_path):
    async def main():
        store = EmbeddedStore(tmp_path / "store.db")
        timer = asyncio.create_task(asyncio.sleep(3600))
        await create(store, "a")
        await store.create_many("configmaps", [("d", name, config(name)) for name in ("b", "c")])
        assert not timer.done()
        await store.close()
        timer.cancel()

    run_virtual(main())
