"""The informers all controllers of a process share: one list and one watch per kind."""

from __future__ import annotations

import asyncio

from kfast.api.kind import Kind
from kfast.client import Client
from kfast.runtime.informer import Informer


class Informers:
    """Informers by kind. One asked for after the start is started at once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._informers: dict[str, Informer] = {}
        self._started = False

    def of(self, kind: Kind) -> Informer:
        """The informer of all objects of `kind`."""
        informer = self._informers.get(kind.resource)
        if informer is None:
            informer = self._informers[kind.resource] = Informer(self._client, kind)
            if self._started:
                informer.start()
        return informer

    def __contains__(self, kind: Kind) -> bool:
        return kind.resource in self._informers

    async def forget(self, kind: Kind) -> None:
        """Stops following a kind that is served no more."""
        if (informer := self._informers.pop(kind.resource, None)) is not None:
            await informer.stop()

    async def start(self) -> None:
        """Starts all; returns when every one has synced."""
        self._started = True
        informers = list(self._informers.values())
        for informer in informers:
            informer.start()
        await asyncio.gather(*(informer.synced() for informer in informers))

    async def stop(self) -> None:
        """Stops all."""
        self._started = False
        await asyncio.gather(*(informer.stop() for informer in self._informers.values()))
