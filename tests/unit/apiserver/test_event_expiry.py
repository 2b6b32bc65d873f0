"""Events go an hour after their last write; watchers see them go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.clock import LoopClock, real_time
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.meta.exchange import Request, User
from kfast.store.embedded import EmbeddedStore
from kfast.testing.virtual_time import run_virtual

EVENTS = "/api/v1/namespaces/default/events"
ADMIN = User("admin", groups=("system:masters",))


def server(store: EmbeddedStore, clock: LoopClock, **options: Any) -> APIServer:
    return APIServer(store, default_catalog(), clock, seed=1, disable_admission_plugins=LEAN_ON_CONTROLLERS, **options)


async def send(api: APIServer, method: str, path: str, body: Any, kind: str = "application/json") -> None:
    answer = await api.handle(Request(method, path, {}, {"content-type": kind}, json.dumps(body).encode(), ADMIN))
    assert answer.status < 300, answer.payload


async def make(api: APIServer, name: str) -> None:
    regarding = {"kind": "Pod", "name": "p", "namespace": "default"}
    await send(api, "POST", EVENTS, {"metadata": {"name": name}, "involvedObject": regarding})


def names(store: EmbeddedStore) -> list[str]:
    return [obj.name for obj in store.list("events").objects]


def test_an_hour_after_the_last_write() -> None:
    async def main() -> None:
        clock, store = LoopClock(), EmbeddedStore(None)
        api = server(store, clock)
        await api.start()
        for name in ("gone", "renewed", "deleted"):
            await make(api, name)
        await send(api, "DELETE", f"{EVENTS}/deleted", {})
        await make(api, "deleted")
        await clock.sleep(1800)
        await send(api, "PATCH", f"{EVENTS}/renewed", {"count": 2}, "application/merge-patch+json")
        await make(api, "late")
        await clock.sleep(1790)
        assert names(store) == ["deleted", "gone", "late", "renewed"]
        watch = store.watch("events")
        await clock.sleep(80)
        assert names(store) == ["late", "renewed"]
        told = [(event, obj.name) for event, obj, _ in watch.events()]
        assert sorted(told) == [("DELETED", "deleted"), ("DELETED", "gone")]
        await clock.sleep(1800)
        assert names(store) == []
        await make(api, "again")
        await api.stop()
        await clock.sleep(7200)
        assert names(store) == ["again"]
        await store.close()

    run_virtual(main())


def test_events_on_disk_go_by_what_they_say(tmp_path: Path) -> None:
    async def first() -> None:
        store = EmbeddedStore(str(tmp_path / "db"))
        api = server(store, LoopClock())
        await api.start()
        await make(api, "old")
        await api.stop()
        await store.close()

    async def second() -> None:
        clock, store = LoopClock(1_700_000_000.0 + 3000), EmbeddedStore(str(tmp_path / "db"))
        api = server(store, clock)
        await api.start()
        await clock.sleep(500)
        assert names(store) == ["old"]
        removal = store.watch("events")
        await clock.sleep(200)
        with real_time():  # the disk's
            await removal.wait()
        assert names(store) == []
        await api.stop()
        await store.close()

    run_virtual(first())
    run_virtual(second())


def test_a_time_to_live_of_nothing_keeps_them() -> None:
    async def main() -> None:
        clock, store = LoopClock(), EmbeddedStore(None)
        api = server(store, clock, event_ttl=0)
        await api.start()
        await make(api, "kept")
        await clock.sleep(36_000)
        assert names(store) == ["kept"]
        await api.stop()
        await store.close()

    run_virtual(main())
