"""An API server in this process, for as long as a test needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.clock import Clock, SystemClock
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.store.embedded import EmbeddedStore


@asynccontextmanager
async def running(
    store: EmbeddedStore | None = None, clock: Clock | None = None, **options: Any
) -> AsyncIterator[APIServer]:
    """Starts a server on a store in memory or the one given, which is closed as well. Admission plugins that lean on
    controllers are off, unless `options` say otherwise."""
    store = store or EmbeddedStore(None)
    options = {"seed": 1, "disable_admission_plugins": LEAN_ON_CONTROLLERS} | options
    server = APIServer(store, default_catalog(), clock or SystemClock(), **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
        await store.close()
