"""The scheduler as a process of its own, against any API server."""

from __future__ import annotations

import asyncio
import socket
import ssl
import uuid

from kfast.client import Client
from kfast.clock import SystemClock
from kfast.runtime.leader_election import LeaderElector, LeaseTimes
from kfast.scheduler.configuration import KubeSchedulerConfiguration
from kfast.scheduler.service import Scheduler
from kfast.scheduler.serving import SchedulerServer


class SchedulerProcess:
    """Serves its port (None: no port, 0: a free one), waits for the lease if it has to, then schedules through
    `writer`, by default `client`, which alone renews the lease."""

    def __init__(
        self,
        client: Client,
        configuration: KubeSchedulerConfiguration,
        context: ssl.SSLContext,
        *,
        host: str,
        port: int | None,
        seed: int = 0,
        writer: Client | None = None,
    ) -> None:
        self._clock = SystemClock()
        self._client = client
        self._configuration = configuration
        self.scheduler = Scheduler(writer or client, self._clock, configuration=configuration, seed=seed)
        self._address = (host, port)
        self._leading = False
        self._server = SchedulerServer(self.scheduler, client, context, lambda: self._leading or self._waits)
        self.port = 0
        """The port it serves, once it does."""

    @property
    def _waits(self) -> bool:
        """A scheduler that stands by is ready."""
        return bool(self._configuration.leader_election.leader_elect)

    async def run(self) -> None:
        """Until cancelled. Raises LeadershipLostError when another took over, OSError if the port is taken."""
        host, port = self._address
        try:
            if port is not None:
                self.port = await self._server.start(host, port)
            if self._waits:
                await self._elector().run(self._lead)
            else:
                await self._lead()
        finally:
            await self._server.stop()

    def _elector(self) -> LeaderElector:
        election = self._configuration.leader_election
        times = LeaseTimes(
            duration=election.lease_duration,
            renew_deadline=election.renew_deadline,
            retry_period=election.retry_period,
        )
        return LeaderElector(
            self._client,
            self._clock,
            election.resource_name,
            f"{socket.gethostname()}_{uuid.uuid4()}",
            namespace=election.resource_namespace,
            times=times,
        )

    async def _lead(self) -> None:
        await self.scheduler.start()
        self._leading = True
        try:
            await asyncio.Event().wait()
        finally:
            self._leading = False
            await self.scheduler.stop()
