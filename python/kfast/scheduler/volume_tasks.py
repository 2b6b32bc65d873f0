"""What VolumeBinding writes before a pod is bound: claims and volumes are told of each other, then waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kfast._core import Decision, Object
from kfast.api.core import persistent_volume, persistent_volume_claim
from kfast.client import Client, TransportError
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.scheduler.plugins.plugin import PluginError

_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
_BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
_POLL = 1.0
"""Seconds between two looks at claims that are being bound."""

FindClaim = Callable[[str, str], Object | None]
"""The claim of a namespace and name as last seen."""


class VolumeTasks:
    """Does the tasks of decisions, in order."""

    def __init__(self, client: Client, clock: Clock, find: FindClaim) -> None:
        self._client = client
        self._clock = clock
        self._find = find

    async def run(self, decision: Decision) -> None:
        """Returns when the pod's volumes are bound. Raises PluginError with upstream's text."""
        try:
            for kind, names, seconds in decision.tasks:
                if kind == "bindVolume":
                    await self._bind(*names)
                elif kind == "selectNode":
                    await self._select(names[0], names[1], decision.node or "")
                else:
                    await self._await(list(zip(names[::2], names[1::2], strict=True)), seconds, decision)
        except (StatusError, TransportError, PluginError) as error:
            raise PluginError(f'running PreBind plugin "VolumeBinding": binding volumes: {error}') from error

    async def _bind(self, volume: str, namespace: str, name: str) -> None:
        claim = await self._client.get(persistent_volume_claim.KIND, name, namespace)
        reference = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": namespace,
            "name": name,
            "uid": claim.uid,
            "resourceVersion": claim.resource_version,
        }
        patch: dict[str, Any] = {
            "metadata": {"annotations": {_BOUND_BY_CONTROLLER: "yes"}},
            "spec": {"claimRef": reference},
        }
        await self._client.patch(persistent_volume.KIND, volume, patch)

    async def _select(self, namespace: str, name: str, node: str) -> None:
        patch = {"metadata": {"annotations": {_SELECTED_NODE: node}}}
        await self._client.patch(persistent_volume_claim.KIND, name, patch, namespace)

    async def _await(self, claims: list[tuple[str, str]], seconds: float, decision: Decision) -> None:
        """Returns once all claims are bound; the volume controller does that."""
        chosen = {names[1] for kind, names, _ in decision.tasks if kind == "selectNode"}
        deadline = self._clock.monotonic() + seconds
        seen: set[str] = set()
        while True:
            bound = [self._bound(claim, decision.node or "", chosen, seen) for claim in claims]
            if all(bound):
                return
            if self._clock.monotonic() >= deadline:
                raise PluginError("context deadline exceeded")
            await self._clock.sleep(_POLL)

    def _bound(self, claim: tuple[str, str], node: str, chosen: set[str], seen: set[str]) -> bool:
        obj = self._find(*claim)
        if obj is None:
            raise PluginError(
                f'failed to check provisioning pvc: could not find v1.PersistentVolumeClaim "{"/".join(claim)}"'
            )
        annotations = obj.get("metadata", "annotations") or {}
        if obj.get("spec", "volumeName") and _BIND_COMPLETED in annotations:
            return True
        if obj.name in chosen:
            selected = annotations.get(_SELECTED_NODE)
            if selected == node:
                seen.add(obj.name)
            elif obj.name in seen:
                # Seen there once and gone: whoever provisions has given up.
                raise PluginError(f'provisioning failed for PVC "{obj.name}"')
        return False
