"""How nodes are heard of: registration, the Lease renewed every 10 s, the status reported every 5 min."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kfast.api.coordination.lease import KIND as LEASE
from kfast.api.core.node import KIND as NODE
from kfast.client import Client
from kfast.clock import Clock, rfc3339_micro
from kfast.errors import StatusError
from kfast.node import registration
from kfast.node.registration import LEASE_NAMESPACE, Body, NodeSpec
from kfast.runtime import Object, Recorder

LEASE_EVERY = 10.0
STATUS_EVERY = 300.0
_REGISTRATIONS = 64


@dataclass(slots=True)
class Node:
    """One node of the agent. A node that is not `alive` says nothing."""

    spec: NodeSpec
    alive: bool = True
    lease: Body | None = None
    """As last written or read; spares reading it before each renewal."""
    renewed: float = 0.0


class Heartbeats:
    """Speaks for many nodes."""

    def __init__(self, client: Client, clock: Clock, recorder: Recorder, runtime_version: str) -> None:
        self._client = client
        self._clock = clock
        self._recorder = recorder
        self._runtime_version = runtime_version

    async def register(self, nodes: Collection[Node]) -> None:
        """Returns when every node has its Node and its Lease. Raises StatusError."""
        # After a restart all are there: two lists spare as many refused creates.
        stored = {obj.name: obj for obj in (await self._client.list(NODE)).objects}
        leases = {obj.name: obj.to_dict() for obj in (await self._client.list(LEASE, LEASE_NAMESPACE)).objects}
        waiting = iter(nodes)

        async def some(waiting: Iterable[Node]) -> None:
            for node in waiting:
                node.lease = leases.get(node.spec.name)
                await self._register(node, stored.get(node.spec.name))

        await asyncio.gather(*(some(waiting) for _ in range(min(_REGISTRATIONS, len(nodes)))))

    async def renew(self, node: Node) -> bool:
        """Renews the Lease; whether the node had been silent for so long that others may take it for dead.
        Raises StatusError."""
        now = self._clock.now()
        silent = node.renewed and now - node.renewed > registration.LEASE_SECONDS
        try:
            if node.lease is None:
                node.lease = (await self._client.get(LEASE, node.spec.name, LEASE_NAMESPACE)).to_dict()
            node.lease["spec"]["renewTime"] = rfc3339_micro(now)
            stored = await self._client.update(LEASE, node.lease)
            node.lease["metadata"]["resourceVersion"] = stored.resource_version
        except StatusError as error:
            node.lease = None
            if not error.not_found:
                raise
            stored = await self._client.get(NODE, node.spec.name)
            await self._create_lease(node, stored.uid, now)
        node.renewed = now
        return bool(silent)

    async def report(self, node: Node) -> None:
        """Reports the node's status. Raises StatusError."""
        await self._report(node, await self._client.get(NODE, node.spec.name))

    async def _register(self, node: Node, stored: Object | None) -> None:
        now = self._clock.now()
        if stored is None:
            try:
                stored = await self._client.create(
                    NODE, registration.node_object(node.spec, self._runtime_version, now)
                )
                self._say_ready(node)
            except StatusError as error:
                if not error.already_exists:
                    raise
                await self.report(node)
        else:
            await self._report(node, stored)
        if node.lease is None and stored is not None:
            try:
                await self._create_lease(node, stored.uid, now)
                node.renewed = now
                return
            except StatusError as error:
                if not error.already_exists:
                    raise
        await self.renew(node)

    async def _create_lease(self, node: Node, uid: str, now: float) -> None:
        body = registration.lease_object(node.spec.name, uid, now)
        stored = await self._client.create(LEASE, body)
        body["metadata"] |= {"uid": stored.uid, "resourceVersion": stored.resource_version}
        node.lease = body

    async def _report(self, node: Node, stored: Object) -> None:
        body = stored.to_dict()
        old = body.get("status") or {}
        present: list[Body] = old.get("conditions") or []
        status = registration.node_status(node.spec, self._runtime_version, present, self._clock.now())
        own = {c["type"] for c in status["conditions"]}
        others = [c for c in present if c["type"] not in own]
        body["status"] = {**old, **status, "conditions": others + status["conditions"]}
        try:
            # Cheaper for the server than a patch, and mostly nobody else writes.
            await self._client.update_status(NODE, body)
        except StatusError as error:
            if not error.conflict:
                raise
            patch = {"status": status}
            await self._client.patch(NODE, node.spec.name, patch, type="strategic", subresource="status")
        if not any(c["type"] == "Ready" and c["status"] == "True" for c in present):
            self._say_ready(node)

    def _say_ready(self, node: Node) -> None:
        name = node.spec.name
        # A kubelet names itself by name also where the uid belongs; kubectl describe looks for both.
        involved = {"kind": "Node", "name": name, "uid": name}
        self._recorder.event_about(involved, "Normal", "NodeReady", f"Node {name} status is now: NodeReady", host=name)
