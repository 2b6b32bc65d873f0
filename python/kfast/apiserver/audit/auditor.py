"""`Auditor`: the events of each request, written as its policy says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from kfast._core import CoreError, Object, with_managed_fields
from kfast.api.kind import Body
from kfast.apiserver.audit.metrics import AuditMetrics
from kfast.apiserver.audit.policy import Policy, Recording, Stage
from kfast.apiserver.audit.sinks import Blocking, Sink
from kfast.apiserver.authz.authorizer import Decision
from kfast.apiserver.backend import Backend
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import quoted
from kfast.clock import rfc3339_micro
from kfast.errors import StatusError
from kfast.meta.exchange import ObjectList, Request, Response, User

_log = logging.getLogger(__name__)
_MOST_AGENT = 1024
_TRUNCATED = "...TRUNCATED"
_JSON = ("", "application/json")
_decode = msgspec.json.decode
_WHOLE = (bytes, dict, list, tuple, Object, ObjectList, type(None))
"""Payloads that are there as a whole."""


class Auditor:
    """Records requests. A backend that cannot take events any more costs these, not the requests, unless strict."""

    def __init__(self, policy: Policy, sinks: Sequence[Sink], backend: Backend, metrics: AuditMetrics) -> None:
        self._policy = policy
        self._sinks = sinks
        self._backend = backend
        self._metrics = metrics
        self.waits = any(sink.strict or isinstance(sink, Blocking) for sink in sinks)
        """Whether requests are to wait for `settled`."""
        self._watches: dict[int, Audited] = {}

    def begin(self, request: Request, info: RequestInfo, user: User | None, audit_id: str) -> Audited | None:
        """The record of a request that has been authenticated (`user` is None if that failed), with its first event;
        None if it is not to be recorded."""
        recording = self._policy.evaluate(user, info)
        self._metrics.levels.add((recording.level,))
        if recording.level == "None":
            return None
        audited = Audited(self, recording, request, info, user, audit_id)
        if user is not None:
            audited.emit("RequestReceived")
        return audited

    def end(
        self,
        audited: Audited | None,
        request: Request,
        info: RequestInfo,
        response: Response,
        fault: Exception | None,
        audit_id: str,
    ) -> None:
        """The request has its response, `fault` being what the server failed with; None for `audited` also where nobody
        was authenticated."""
        if audited is None:
            if request.user is None:
                refused = self.begin(request, info, None, audit_id)
                if refused is not None:
                    refused.unauthenticated(response)
        elif fault is not None:
            audited.crashed(fault)
        else:
            audited.complete(response)

    def watching(self, info: RequestInfo, audited: Audited) -> None:
        """A watch's last event comes with its end."""
        self._watches[id(info)] = audited

    def ended(self, info: RequestInfo) -> None:
        """A watch has ended."""
        audited = self._watches.pop(id(info), None)
        if audited is not None:
            audited.emit("ResponseComplete")

    def now(self) -> str:
        """The time of events."""
        return rfc3339_micro(self._backend.clock.now())

    def write(self, event: Body) -> None:
        """Hands an event to the backends."""
        self._metrics.events.add(())
        for sink in self._sinks:
            sink.write(event)

    async def settled(self, first: Request | None = None) -> None:
        """Returns when the events so far are where requests wait for them to be. Raises StatusError 500 if the `first`
        event of a request is not, and a backend is strict."""
        for sink in self._sinks:
            if not await sink.settled() and first is not None and sink.strict:
                self._metrics.rejected.add(())
                why = f"Internal Server Error: {quoted(_uri(first))}: failed to store audit event"
                raise StatusError(500, "", why)

    async def close(self) -> None:
        """Delivers what there is."""
        for audited in list(self._watches.values()):
            audited.emit("ResponseComplete")
        self._watches.clear()
        for sink in self._sinks:
            await sink.close()

    def read(self, info: RequestInfo, data: bytes, media_type: str) -> Any:
        """A body as JSON; None for what is none and cannot become any."""
        try:
            if media_type in _JSON or media_type.endswith("+json"):
                return _decode(data)
            if media_type.endswith("yaml"):
                return self._backend.schema.read_yaml(data)[0]
            if info.scope is not None and media_type == "application/vnd.kubernetes.protobuf":
                return self._backend.schema.decode(info.scope.schema, data, media_type, "Ignore")[0]
        except (msgspec.DecodeError, UnicodeDecodeError, CoreError, ValueError):
            pass
        return None


class Audited:
    """The record of one request: what all its events share, and what comes with time."""

    def __init__(
        self,
        auditor: Auditor,
        recording: Recording,
        request: Request,
        info: RequestInfo,
        user: User | None,
        audit_id: str,
    ) -> None:
        self._auditor = auditor
        self._recording = recording
        self._request = request
        self._info = info
        self._body = request.body
        self._received = auditor.now()
        self._status: Body | None = None
        self._objects: Body = {}
        self.impersonated: User | None = None
        self._shared: Body = {
            "auditID": audit_id,
            "requestURI": _uri(request),
            "verb": info.verb,
            "user": _user(user) if user is not None else {},
        }
        self._origin: Body = {"sourceIPs": _sources(request), "userAgent": _agent(request)}
        self._reference = _reference(info)

    def authorized(self, decision: Decision) -> None:
        """What authorization said."""
        allowed = "allow" if decision.allowed else "forbid"
        for what, value in (("decision", allowed), ("reason", decision.reason)):
            self._request.annotations[f"authorization.k8s.io/{what}"] = ("Metadata", value)

    def complete(self, response: Response) -> None:
        """The response is ready; of one that goes on, its head."""
        self._answered(response)
        if isinstance(response.payload, _WHOLE):
            self.emit("ResponseComplete")
            return
        self.emit("ResponseStarted")
        if self._info.verb == "watch" and response.status == 200:
            self._auditor.watching(self._info, self)
        else:
            self.emit("ResponseComplete")

    def unauthenticated(self, response: Response) -> None:
        """Nobody knows who asks."""
        self._answered(response)
        why = "Authentication failed, no credentials provided"
        if self._request.headers.get("authorization"):
            kind = self._request.headers["authorization"].partition(" ")[0].lower()
            why = f"Authentication failed, attempted: {kind}"
        self._status = {"metadata": {}, "status": "Failure", "message": why, "reason": "Unauthorized", "code": 401}
        self.emit("ResponseStarted")

    def crashed(self, error: Exception) -> None:
        """A fault of the server itself."""
        self._status = {
            "metadata": {},
            "status": "Failure",
            "message": f"APIServer panic'd: {error}",
            "reason": "InternalError",
            "code": 500,
        }
        self.emit("Panic")

    def emit(self, stage: Stage) -> None:
        """Writes the event of a stage, unless the policy omits it."""
        recording = self._recording
        if stage in recording.omitted:
            return
        event: Body = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": recording.level,
            "auditID": self._shared["auditID"],
            "stage": stage,
            **self._shared,
        }
        if self.impersonated is not None:
            event["impersonatedUser"] = _user(self.impersonated)
        optional = {
            **self._origin,
            "objectRef": self._reference,
            "responseStatus": self._status,
            **self._objects,
        }
        event |= {key: value for key, value in optional.items() if value}
        event["requestReceivedTimestamp"], event["stageTimestamp"] = self._received, self._auditor.now()
        noted = {k: v for k, (level, v) in self._request.annotations.items() if recording.covers(level)}
        if noted and stage != "RequestReceived":
            event["annotations"] = noted
        self._auditor.write(event)

    def _answered(self, response: Response) -> None:
        info, recording = self._info, self._recording
        answer = self._payload(response)
        self._status = _status(response.status, answer)
        if not info.is_resource:
            return
        stated = None
        if self._body and info.verb != "get":
            media_type = self._request.headers.get("content-type", "").partition(";")[0].strip()
            stated = self._auditor.read(info, self._body, media_type)
        if isinstance(stated, dict) and info.verb in ("create", "update"):
            self._complete_reference(stated)
        if recording.covers("Request") and stated is not None:
            self._objects["requestObject"] = self._shown(stated)
        if recording.covers("RequestResponse") and answer is not None:
            self._objects["responseObject"] = self._shown(answer)

    def _complete_reference(self, stated: Body) -> None:
        metadata = stated.get("metadata")
        if self._reference is None or not isinstance(metadata, dict):
            return
        for key in ("namespace", "name", "uid", "resourceVersion"):
            if metadata.get(key) and not self._reference.get(key):
                self._reference[key] = metadata[key]

    def _payload(self, response: Response) -> Any:
        """The answer as JSON; None if it is not one, or none is needed."""
        payload = response.payload
        if isinstance(payload, dict):
            return payload
        if not self._recording.covers("RequestResponse") and response.status < 400:
            return None
        if isinstance(payload, Object):
            return _decode(with_managed_fields(payload.to_bytes(), payload.managed_fields))
        if isinstance(payload, ObjectList):
            scope = self._info.served
            items = [_decode(obj.to_bytes()) for obj in payload.objects]
            metadata = {"resourceVersion": str(payload.revision)}
            return {"kind": scope.list_kind, "apiVersion": scope.api_version, "metadata": metadata, "items": items}
        if isinstance(payload, bytes):
            return self._auditor.read(self._info, payload, response.content_type.partition(";")[0])
        return None

    def _shown(self, body: Any) -> Any:
        if not self._recording.omits_managed_fields or not isinstance(body, dict):
            return body
        shown = _without_managed_fields(body)
        if isinstance(body.get("items"), list):
            shown["items"] = [_without_managed_fields(item) for item in body["items"]]
        if isinstance(body.get("rows"), list):
            shown["rows"] = [row | {"object": _without_managed_fields(row.get("object") or {})} for row in body["rows"]]
        return shown


def _without_managed_fields(body: Body) -> Body:
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return dict(body)
    return body | {"metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def _status(code: int, answer: Any) -> Body:
    """The code, and what a Status says."""
    status: Body = {"metadata": {}}
    if isinstance(answer, dict) and answer.get("kind") == "Status":
        stated = ("status", "message", "reason", "details")
        status |= {key: answer[key] for key in stated if answer.get(key)}
    return status | {"code": code}


def _user(user: User) -> Body:
    info = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": user.extra}
    return {key: value for key, value in info.items() if value}


def _uri(request: Request) -> str:
    if request.target:
        return request.target
    query = urlencode(request.query, doseq=True)
    path = quote(request.path, safe="/:@!$&'()*+,;=~")
    return f"{path}?{query}" if query else path


def _sources(request: Request) -> list[str]:
    """Where the request came through, the peer last."""
    forwarded = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    real = request.headers.get("x-real-ip", "").strip()
    if real and real not in forwarded:
        forwarded.append(real)
    peer = request.peer_address
    return forwarded if not peer or forwarded[-1:] == [peer] else [*forwarded, peer]


def _agent(request: Request) -> str:
    agent = request.headers.get("user-agent", "")
    return agent if len(agent) <= _MOST_AGENT else agent[:_MOST_AGENT] + _TRUNCATED


def _reference(info: RequestInfo) -> Body | None:
    if not info.is_resource:
        return None
    reference = {
        "resource": info.resource,
        "namespace": info.namespace,
        "name": info.name,
        "uid": "",
        "apiGroup": info.api_group,
        "apiVersion": info.api_version,
        "resourceVersion": "",
        "subresource": info.subresource,
    }
    return {key: value for key, value in reference.items() if value}
