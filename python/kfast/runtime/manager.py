"""Runs a set of controllers on shared informers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from kfast.api.kind import Kind
from kfast.client import Client
from kfast.clock import Clock
from kfast.runtime.controller import Context, Controller, ControllerConfig, Runner
from kfast.runtime.expectations import Expectations
from kfast.runtime.informers import Informers
from kfast.runtime.recorder import EventSink, Recorder
from kfast.runtime.workqueue import WorkQueue


class Manager:
    """Owns the informers, the event sink and the runners. Starts once."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        controllers: Iterable[Controller],
        *,
        catalog: Iterable[Kind],
        config: ControllerConfig | None = None,
    ) -> None:
        self.informers = Informers(client)
        self._sink = EventSink(client, clock)
        self._runners = [
            Runner(
                controller,
                Context(
                    name=controller.name,
                    client=client.named(f"kube-controller-manager/{controller.name}"),
                    clock=clock,
                    informers=self.informers,
                    recorder=Recorder(self._sink, controller.name),
                    expectations=Expectations(clock),
                    queue=WorkQueue(clock),
                    catalog=catalog,
                    config=config or ControllerConfig(),
                    state=controller.state(),
                ),
            )
            for controller in controllers
        ]

    def context(self, name: str) -> Context:
        """The context of the controller `name`. Raises KeyError."""
        for runner in self._runners:
            if runner.controller.name == name:
                return runner.context
        raise KeyError(name)

    @property
    def idle(self) -> bool:
        """No controller has a key queued or under way; delayed keys do not count."""
        return all(runner.context.queue.idle for runner in self._runners)

    @property
    def running(self) -> bool:
        """Every controller has its workers."""
        return all(runner.running for runner in self._runners)

    async def start(self) -> None:
        """Returns when all informers have synced and the workers run."""
        self._sink.start()
        for runner in self._runners:
            runner.subscribe()
        await self.informers.start()
        for runner in self._runners:
            runner.start()

    async def stop(self) -> None:
        """Stops workers, informers and the event sink; idempotent."""
        await asyncio.gather(*(runner.stop() for runner in self._runners))
        await self.informers.stop()
        await self._sink.stop()
