"""Keeps the flow schemas and priority levels of the bootstrap configuration (upstream: registry/flowcontrol).

Absent ones are made, those that are to follow upstream's values are set back, and those that only an earlier release
had are removed: at the start and every minute.
"""

from __future__ import annotations

import logging

import msgspec

from kfast._core import Object
from kfast.api.flowcontrol import bootstrap_configuration as wanted
from kfast.api.flowcontrol.flow_schema import KIND as SCHEMAS
from kfast.api.flowcontrol.priority_level_configuration import KIND as LEVELS
from kfast.api.kind import Body, Kind
from kfast.apiserver.background import Background
from kfast.clock import Clock
from kfast.errors import KfastError
from kfast.meta.exchange import Handler, Request, User
from kfast.store.protocol import Store

_log = logging.getLogger(__name__)

PERIOD = 60.0
"""Seconds between two looks."""
MANAGER = "api-priority-and-fairness-config-producer-v1"
_USER = User("system:apiserver", groups=("system:masters", "system:authenticated"))
_PARTS = (
    (LEVELS, wanted.SUGGESTED_LEVELS, False),
    (SCHEMAS, wanted.SUGGESTED_SCHEMAS, False),
    (LEVELS, wanted.MANDATORY_LEVELS, True),
    (SCHEMAS, wanted.MANDATORY_SCHEMAS, True),
)
_BOOLEANS = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True) | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), False
)


def revised(current: Body, spec: Body, mandatory: bool) -> Body | None:
    """The object with the spec and the annotation it should have, None if it has them. One whose annotation says
    nothing follows as long as nobody has changed its spec."""
    metadata = current["metadata"]
    stated = _BOOLEANS.get((metadata.get("annotations") or {}).get(wanted.AUTO_UPDATE, ""))
    follows = mandatory or (metadata.get("generation") == 1 if stated is None else stated)
    if metadata["name"] == "exempt" and "exempt" in spec and "exempt" in current["spec"]:
        spec = {**spec, "exempt": current["spec"]["exempt"]}  # its shares are the administrator's
    differs = follows and current["spec"] != spec
    if stated == follows and not differs:
        return None
    annotations = {**(metadata.get("annotations") or {}), wanted.AUTO_UPDATE: "true" if follows else "false"}
    changed = {**current, "metadata": {**metadata, "annotations": annotations}}
    return changed | {"spec": spec} if differs else changed


class FlowControlConfiguration:
    """The bootstrap configuration of one API server."""

    def __init__(self, store: Store, handle: Handler, clock: Clock) -> None:
        self._store = store
        self._handle = handle
        self._clock = clock
        self._background = Background()

    async def start(self) -> None:
        """Returns when everything is as it should be. Raises KfastError if the API refuses."""
        await self.ensure()
        self._background.start("flow control configuration", self._run)

    async def stop(self) -> None:
        """Ends; idempotent."""
        await self._background.stop()

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(PERIOD)
            try:
                await self.ensure()
            except KfastError as error:
                _log.warning("%s", error)

    async def ensure(self) -> None:
        """One look at all of it. Raises KfastError if the API refuses."""
        for kind, specs, mandatory in _PARTS:
            for name, spec in specs.items():
                await self._ensure(kind, name, spec, mandatory)
        for kind in (SCHEMAS, LEVELS):
            known = {name for part, specs, _ in _PARTS if part is kind for name in specs}
            for obj in self._store.list(kind.resource, None).objects:
                follows = _BOOLEANS.get((obj.get("metadata", "annotations") or {}).get(wanted.AUTO_UPDATE, ""))
                if follows and obj.name not in known:
                    await self._send("DELETE", kind, obj.name)

    async def _ensure(self, kind: Kind, name: str, spec: Body, mandatory: bool) -> None:
        current = self._store.get(kind.resource, "", name)
        if current is not None:
            body = revised(_body(current), spec, mandatory)
            if body is not None:
                await self._send("PUT", kind, name, body)
            return
        metadata = {"name": name, "annotations": {wanted.AUTO_UPDATE: "true"}}
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
        await self._send("POST", kind, "", body)

    async def _send(self, method: str, kind: Kind, name: str, body: Body | None = None) -> None:
        """What another wrote or removed meanwhile is looked at again later."""
        data = b"" if body is None else msgspec.json.encode(body)
        query = {} if body is None else {"fieldManager": [MANAGER]}
        request = Request(method, kind.path(name=name), query, body=data, user=_USER, native=True)
        response = await self._handle(request)
        if response.status not in (200, 201, 404, 409):
            message = response.payload.get("message") if isinstance(response.payload, dict) else response.status
            raise KfastError(f"{kind.kind} of the bootstrap configuration: {message}")


def _body(obj: Object) -> Body:
    body: Body = msgspec.json.decode(obj.to_bytes())
    return body
