"""Old history goes, recent history stays, and a stopped server leaves the store alone."""

from __future__ import annotations

import asyncio

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.clock import LoopClock
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.store.embedded import EmbeddedStore
from kfast.testing.virtual_time import run_virtual

BODY = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s","namespace":"d"}}'


def test_history_is_kept_for_five_to_ten_minutes() -> None:
    async def main() -> None:
        clock = LoopClock()
        store = EmbeddedStore(None)
        api = APIServer(store, default_catalog(), clock, seed=1, disable_admission_plugins=LEAN_ON_CONTROLLERS)
        await api.start()
        started = store.revision
        await clock.sleep(200)
        await store.create("configmaps", "d", "a", BODY % b"a")
        first = store.revision
        await clock.sleep(101)
        assert store.compacted == started
        await clock.sleep(298)
        assert store.compacted == started
        await clock.sleep(2)
        assert store.compacted == first
        await api.stop()
        await store.create("configmaps", "d", "b", BODY % b"b")
        await clock.sleep(3600)
        assert store.compacted == first
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "compactor"]
        await store.close()

    run_virtual(main())
