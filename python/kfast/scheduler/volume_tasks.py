"""What is written and awaited before a pod with unbound claims is bound: PreBind of VolumeBinding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kfast._core import Decision, Object
from kfast._core import Scheduler as Core
from kfast.api.core import persistent_volume, persistent_volume_claim
from kfast.client import Client, TransportError
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.scheduler.plugins.plugin import PluginError

BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE = "volume.kubernetes.io/selected-node"

_POLL = 1.0
"""Seconds between two looks at claims that are being bound."""

Find = Callable[[str, str], Object | None]


class VolumeTasks:
    """Carries out the tasks of decisions. `volume` and `claim` find objects by namespace and name."""

    def __init__(self, client: Client, clock: Clock, core: Core, volume: Find, claim: Find) -> None:
        self._client = client
        self._clock = clock
        self._core = core
        self._volume = volume
        self._claim = claim

    async def run(self, decision: Decision) -> None:
        """Returns when the pod's volumes are bound. Raises PluginError with upstream's text."""
        try:
            for kind, names, seconds in decision.tasks:
                match kind:
                    case "bindVolume":
                        await self._bind(*names)
                    case "selectNode":
                        await self._select(*names, node=decision.node or "")
                    case _:
                        await self._wait(decision, seconds)
        except (StatusError, TransportError, PluginError) as error:
            raise PluginError(f'running PreBind plugin "VolumeBinding": {error}') from error

    async def _bind(self, name: str, namespace: str, claim_name: str) -> None:
        """Reserves a volume to a claim; a controller does the rest."""
        volume, claim = self._found(self._volume("", name), name), self._claim(namespace, claim_name)
        claim = self._found(claim, f"{namespace}/{claim_name}")
        reference: dict[str, Any] = volume.get("spec", "claimRef") or {}
        ours = (reference.get("namespace"), reference.get("name")) == (namespace, claim_name)
        uid = reference.get("uid") or ""
        if reference and not (ours and uid in ("", claim.uid)):
            raise PluginError(f'persistentvolume "{name}" is bound to another claim')
        if uid == claim.uid:
            return
        patch: dict[str, Any] = {"metadata": {"resourceVersion": volume.resource_version}}
        patch["spec"] = {
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": namespace,
                "name": claim_name,
                "uid": claim.uid,
                "resourceVersion": claim.resource_version,
            }
        }
        if not reference:
            patch["metadata"]["annotations"] = {BOUND_BY_CONTROLLER: "yes"}
        await self._client.patch(persistent_volume.KIND, name, patch)

    async def _select(self, namespace: str, name: str, *, node: str) -> None:
        """Has a volume made for the node."""
        claim = self._found(self._claim(namespace, name), f"{namespace}/{name}")
        patch = {"metadata": {"resourceVersion": claim.resource_version, "annotations": {SELECTED_NODE: node}}}
        await self._client.patch(persistent_volume_claim.KIND, name, patch, namespace)

    async def _wait(self, decision: Decision, seconds: float) -> None:
        end = self._clock.monotonic() + seconds
        while self._clock.monotonic() < end:
            await self._clock.sleep(min(_POLL, end - self._clock.monotonic()))
            try:
                if self._core.volumes_bound(decision.uid):
                    return
            except ValueError as error:
                raise PluginError(f"binding volumes: {error}") from error
        raise PluginError("binding volumes: context deadline exceeded")

    def _found(self, obj: Object | None, name: str) -> Object:
        if obj is None:
            raise PluginError(f'"{name}" not found')
        return obj
