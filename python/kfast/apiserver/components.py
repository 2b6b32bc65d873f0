"""How the parts of the control plane are, asked when a ComponentStatus is read (registry/core/componentstatus)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kfast.api.kind import Body
from kfast.apiserver.health import readable
from kfast.clock import real_time
from kfast.http.certificates import client_context
from kfast.http.client import HTTPClient, Target
from kfast.http.dialling import failure_text
from kfast.meta.exchange import Stream
from kfast.store.protocol import Store

_SECONDS = 5.0
_PORTS = {"scheduler": 10259, "controller-manager": 10257}
"""Where the parts serve /healthz when they are processes of their own."""


class Verdict(NamedTuple):
    """The condition Healthy: True, False or Unknown."""

    status: str
    message: str
    error: str = ""


class Components:
    """The probes of the parts by name. Parts in this process say themselves whether they run (`runs_here`); others are
    asked at the ports upstream's have on this machine."""

    def __init__(self, store: Store, client: HTTPClient) -> None:
        self._client = client
        self._store = store
        self._alive: dict[str, Callable[[], bool]] = {}

    def runs_here(self, name: str, alive: Callable[[], bool]) -> None:
        """`scheduler` or `controller-manager` is part of this process."""
        self._alive[name] = alive

    @property
    def names(self) -> tuple[str, ...]:
        """All parts."""
        return (*_PORTS, "etcd-0")

    async def status(self, name: str) -> Body:
        """The ComponentStatus of one part."""
        verdict = await self._asked(name)
        condition = {"type": "Healthy", "status": verdict.status, "message": verdict.message, "error": verdict.error}
        return {
            "kind": "ComponentStatus",
            "apiVersion": "v1",
            "metadata": {"name": name},
            "conditions": [{key: value for key, value in condition.items() if value}],
        }

    async def _asked(self, name: str) -> Verdict:
        if name in self._alive:
            return Verdict("True", "ok") if self._alive[name]() else Verdict("False", f"the {name} does not run")
        if name in _PORTS:
            return await self._healthz(_PORTS[name])
        why = readable(self._store)
        return Verdict("True", "ok") if why is None else Verdict("False", why)

    async def _healthz(self, port: int) -> Verdict:
        where = Target("127.0.0.1", port, client_context(None))
        try:
            with real_time():
                answer = await self._client.send(where, "GET", "/healthz", {}, dial_seconds=_SECONDS)
                payload = answer.payload
                if isinstance(payload, Stream):
                    payload = b"".join([chunk async for chunk in payload.chunks])
        except OSError as error:
            why = failure_text(error, where.host, where.port)
            return Verdict("False", f'Get "https://{where.authority}/healthz": {why}')
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        if answer.status == 200:
            return Verdict("True", text)
        return Verdict("False", f"HTTP probe failed with statuscode: {answer.status}")
