"""The asynchronous client: one method per verb, typed by `Kind`, objects as handles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from kfast._core import Object, read_list
from kfast.api.kind import Kind
from kfast.client import batches
from kfast.client.transports.protocol import Transport
from kfast.client.watch import Watch
from kfast.clock import Clock, SystemClock
from kfast.errors import StatusError
from kfast.meta.exchange import Binding, ObjectList, Outcomes, Payload, Request, Response

Body = dict[str, Any]
PatchType = Literal["merge", "json", "strategic", "apply"]

PATCH_TYPES: Mapping[str, str] = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}

_PODS = Kind(group="", version="v1", kind="Pod", plural="pods")
"""For the path of bindings."""
_encode = msgspec.json.encode


class Client:
    """Speaks for one identity to one API server. Every call raises StatusError if the server refuses and
    TransportError if it does not answer."""

    def __init__(self, transport: Transport, clock: Clock | None = None, user_agent: str = "kfast") -> None:
        self.transport = transport
        self.clock: Clock = clock or SystemClock()
        self.user_agent = user_agent
        self._headers = {"accept": "application/json", "user-agent": user_agent}

    def named(self, user_agent: str) -> Client:
        """The same connection under another name: field manager and audit show it."""
        return Client(self.transport, self.clock, user_agent)

    async def close(self) -> None:
        """Closes the transport."""
        await self.transport.close()

    async def get(self, kind: Kind, name: str, namespace: str = "", *, subresource: str = "") -> Object:
        """One object as it is now."""
        return _object((await self.request("GET", kind.path(namespace, name, subresource))).payload)

    async def list(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
        resource_version: str = "",
    ) -> ObjectList:
        """One page of objects, all of them unless `limit` is given; "" is all namespaces."""
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "limit": str(limit) if limit else "",
            "continue": continue_token,
            "resourceVersion": resource_version,
        }
        return _list((await self.request("GET", kind.path(namespace), query)).payload)

    async def create(
        self,
        kind: Kind,
        body: Body,
        namespace: str = "",
        *,
        name: str = "",
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        """Creates; the namespace is the body's unless given. With `name` and `subresource`, posts to these."""
        path = kind.path(namespace or _namespace(body), name, subresource)
        return _object((await self.request("POST", path, _dry(dry_run), _encode(body))).payload)

    async def create_many(
        self, kind: Kind, bodies: Sequence[Body], namespace: str = "", *, objects: bool = True
    ) -> Outcomes:
        """Creates all that can be, at a fraction of the cost in process: the object (None unless `objects`) or the
        StatusError of each, in order. The namespace is the bodies' own unless given."""
        return await batches.create_many(self, kind, bodies, namespace, objects)

    async def bind_many(self, bindings: Sequence[Binding]) -> Outcomes:
        """Binds pods to nodes, at a fraction of the cost in process: None or the StatusError of each, in order."""
        return await batches.bind_many(self, _PODS, bindings)

    async def update(self, kind: Kind, body: Body, *, subresource: str = "", dry_run: bool = False) -> Object:
        """Replaces; raises a conflict if the body's resourceVersion is not the newest."""
        path = kind.path(_namespace(body), body["metadata"]["name"], subresource)
        return _object((await self.request("PUT", path, _dry(dry_run), _encode(body))).payload)

    async def update_status(self, kind: Kind, body: Body) -> Object:
        """Replaces the status."""
        return await self.update(kind, body, subresource="status")

    async def patch(
        self,
        kind: Kind,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        type: PatchType = "merge",  # noqa: A002
        subresource: str = "",
        field_manager: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> Object:
        """Changes what `patch` names; `apply` needs a `field_manager`."""
        query = _dry(dry_run) | {"fieldManager": field_manager, "force": "true" if force else ""}
        path = kind.path(namespace, name, subresource)
        return _object((await self.request("PATCH", path, query, _encode(patch), PATCH_TYPES[type])).payload)

    async def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str = "",
        *,
        grace_seconds: int | None = None,
        propagation: str | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> Object | Body:
        """Deletes: the Status if it is gone, the object if finalizers or grace hold it. `uid` and
        `resource_version` are preconditions."""
        options = _delete_options(grace_seconds, propagation, uid, resource_version)
        payload = (await self.request("DELETE", kind.path(namespace, name), None, options)).payload
        answer = _value(payload)
        return answer if isinstance(answer, Object) or answer.get("kind") == "Status" else _object(payload)

    async def delete_collection(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        grace_seconds: int | None = None,
        propagation: str | None = None,
    ) -> None:
        """Deletes every object the selectors match."""
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        options = _delete_options(grace_seconds, propagation, None, None)
        await self.request("DELETE", kind.path(namespace), query, options)

    def open_watch(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        initial_events: bool = False,
    ) -> Watch:
        """A watch of the changes after `resource_version`, or with `initial_events` of all objects first."""
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        return Watch(self, kind.path(namespace), query, resource_version, initial_events)

    async def watch(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        resource_version: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[tuple[str, Object]]:
        """Changes after `resource_version`, one by one, for ever; without it, first what is there as ADDED.
        Raises an expired StatusError when the server forgot the place to resume at: list again."""
        selectors: dict[str, Any] = {"label_selector": label_selector, "field_selector": field_selector}
        if not resource_version:
            present = await self.list(kind, namespace, **selectors)
            resource_version = str(present.revision)
            for obj in present.objects:
                yield "ADDED", obj
        watch = self.open_watch(kind, namespace, resource_version=resource_version, **selectors)
        try:
            async for batch in watch:
                for event in batch:
                    if event[0] != "BOOKMARK":
                        yield event
        finally:
            watch.close()

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        content_type: str = "application/json",
        accept: str = "",
    ) -> Response:
        """Any request; empty query values are left out. `accept` asks for another media type than JSON."""
        headers = self._headers | {"content-type": content_type} if body else dict(self._headers)
        if accept:
            headers["accept"] = accept
        values = {key: [value] for key, value in (query or {}).items() if value}
        response = await self.transport.send(Request(method, path, values, headers, body))
        if response.status >= 400:
            raise _failure(response)
        return response


def _namespace(body: Body) -> str:
    return str(body.get("metadata", {}).get("namespace") or "")


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _delete_options(
    grace_seconds: int | None, propagation: str | None, uid: str | None, resource_version: str | None
) -> bytes:
    options: Body = {"apiVersion": "v1", "kind": "DeleteOptions"}
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    if propagation is not None:
        options["propagationPolicy"] = propagation
    preconditions = {"uid": uid, "resourceVersion": resource_version}
    if present := {key: value for key, value in preconditions.items() if value is not None}:
        options["preconditions"] = present
    return _encode(options)


def _value(payload: Payload) -> Object | Body:
    if isinstance(payload, bytes):
        decoded: Body = msgspec.json.decode(payload)
        return decoded
    if isinstance(payload, Object | dict):
        return payload
    raise StatusError(500, "InternalError", f"unexpected answer: {type(payload).__name__}")


def _object(payload: Payload) -> Object:
    if isinstance(payload, Object):
        return payload
    return Object.parse(payload if isinstance(payload, bytes) else _encode(payload))


def _list(payload: Payload) -> ObjectList:
    if isinstance(payload, ObjectList):
        return payload
    metadata, objects = read_list(payload if isinstance(payload, bytes) else _encode(payload))
    revision = int(metadata.get("resourceVersion") or 0)
    return ObjectList(revision, objects, metadata.get("continue") or "", metadata.get("remainingItemCount"))


def _failure(response: Response) -> StatusError:
    try:
        status = _value(response.payload)
        if isinstance(status, dict) and status.get("kind") == "Status":
            return StatusError.from_dict(status)
    except msgspec.DecodeError:
        pass
    text = response.payload.decode(errors="replace") if isinstance(response.payload, bytes) else ""
    return StatusError(response.status, "", text.strip() or f"the server answered {response.status}")
