"""Leader election on a Lease, with client-go's rules (tools/leaderelection)."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from kfast.api.kind import Kind
from kfast.client import Client, TransportError
from kfast.clock import Clock, rfc3339_micro
from kfast.errors import KfastError, StatusError

_log = logging.getLogger(__name__)

LEASES = Kind(group="coordination.k8s.io", version="v1", kind="Lease", plural="leases", create_on_update=True)
"""Path and version only: the election needs no more of the kind."""

_JITTER = 1.2


class LeadershipLostError(KfastError):
    """The lease could not be renewed in time, or somebody else holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTimes:
    """Seconds: how long others wait for a silent leader, how long the leader tries to renew, and how often."""

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0


class LeaderElector:
    """Competes for the lease `namespace/name` as `identity`.

    A foreign lease is judged by when this process saw it change, not by its timestamps: clocks may disagree.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        name: str,
        identity: str,
        *,
        namespace: str = "kube-system",
        times: LeaseTimes | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._name = name
        self._namespace = namespace
        self._times = times or LeaseTimes()
        self.identity = identity
        self.leader = ""
        """Who holds the lease as far as known."""
        self._observed: dict[str, Any] = {}
        self._observed_at = 0.0

    @property
    def is_leader(self) -> bool:
        """Whether this process holds the lease and still may act on it."""
        fresh = self._clock.monotonic() - self._observed_at < self._times.duration
        return self.leader == self.identity and fresh

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Waits for leadership, then runs `lead` while renewing; gives the lease up when `lead` returns or this call
        is cancelled. Raises LeadershipLostError, after `lead` was cancelled, when renewing fails."""
        while not await self._try():
            await self._clock.sleep(self._times.retry_period * random.uniform(1, 1 + _JITTER))
        _log.info("%s leads %s/%s", self.identity, self._namespace, self._name)
        work = asyncio.ensure_future(lead())
        renewal = asyncio.ensure_future(self._renew())
        try:
            await asyncio.wait((work, renewal), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await renewal
            else:
                await work
        finally:
            for task in (work, renewal):
                task.cancel()
            await asyncio.gather(work, renewal, return_exceptions=True)
            await self._release()

    async def _renew(self) -> None:
        """Renews every retry period; raises once that failed for the renew deadline."""
        renewed = self._clock.monotonic()
        while True:
            await self._clock.sleep(self._times.retry_period)
            if await self._try():
                renewed = self._clock.monotonic()
            elif self._clock.monotonic() - renewed >= self._times.renew_deadline:
                raise LeadershipLostError(f"{self.identity} lost the lease {self._namespace}/{self._name}")

    async def _try(self) -> bool:
        """Takes or renews the lease; False if it is another's or the server does not agree."""
        try:
            return await asyncio.wait_for(self._acquire(), self._times.renew_deadline)
        except (StatusError, TransportError, TimeoutError) as error:
            _log.debug("lease %s/%s: %s", self._namespace, self._name, error)
            return False

    async def _acquire(self) -> bool:
        try:
            lease = (await self._client.get(LEASES, self._name, self._namespace)).to_dict()
        except StatusError as error:
            if not error.not_found:
                raise
            metadata = {"name": self._name, "namespace": self._namespace}
            spec = self._spec({}, "")
            body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
            self._observe((await self._client.create(LEASES, body)).to_dict())
            return True
        if lease.get("spec") != self._observed.get("spec"):
            self._observe(lease)
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        if holder and holder != self.identity:
            duration = float(spec.get("leaseDurationSeconds") or self._times.duration)
            if self._clock.monotonic() < self._observed_at + duration:
                return False
        lease["spec"] = spec | self._spec(spec, holder)
        self._observe((await self._client.update(LEASES, lease)).to_dict())
        return True

    def _spec(self, old: dict[str, Any], holder: str) -> dict[str, Any]:
        now = rfc3339_micro(self._clock.now())
        transitions = int(old.get("leaseTransitions") or 0)
        kept = holder == self.identity
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": int(self._times.duration),
            "acquireTime": old.get("acquireTime") or now if kept else now,
            "renewTime": now,
            "leaseTransitions": transitions if kept or not old else transitions + 1,
        }

    def _observe(self, lease: dict[str, Any]) -> None:
        self._observed = lease
        self._observed_at = self._clock.monotonic()
        self.leader = (lease.get("spec") or {}).get("holderIdentity") or ""

    async def _release(self) -> None:
        """Lets the next one in at once."""
        if self.leader != self.identity:
            return
        lease = dict(self._observed)
        now = rfc3339_micro(self._clock.now())
        spec = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": now, "acquireTime": now}
        lease["spec"] = lease["spec"] | spec
        try:
            self._observe((await self._client.update(LEASES, lease)).to_dict())
        except (StatusError, TransportError) as error:
            _log.info("lease %s/%s not released: %s", self._namespace, self._name, error)
