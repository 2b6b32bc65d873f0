"""Conversion of custom resources by a webhook: ConversionReview (upstream: apiextensions-apiserver's conversion)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import msgspec

from kfast._core import Object, Schema
from kfast.api.kind import Body, Kind
from kfast.apiserver.conversion_metrics import ConversionMetrics
from kfast.apiserver.converted_fields import ConvertedFields
from kfast.apiserver.converted_watch import ConvertedWatch
from kfast.apiserver.status_errors import quoted
from kfast.apiserver.webhook_client import WebhookClient, WebhookError, WebhookTarget
from kfast.errors import StatusError
from kfast.meta.gvk import GroupVersion
from kfast.meta.validation import validate_annotations, validate_labels
from kfast.store.protocol import Watch

TIMEOUT_SECONDS = 30.0
_REVIEW_VERSIONS = ("v1", "v1beta1")
_GROUP = "apiextensions.k8s.io"
_NATIVE = {dict: "map[string]interface {}", list: "[]interface {}", str: "string", bool: "bool", int: "int64"}
_decode = msgspec.json.decode
_encode = msgspec.json.encode


class WebhookConversion:
    """Takes objects of one custom kind between the version it is served in and those it is stored in.

    Every method raises StatusError 500 if the webhook cannot be asked or its answer is not one.
    """

    def __init__(
        self, kind: Kind, client: WebhookClient, new_uid: Callable[[], str], metrics: ConversionMetrics
    ) -> None:
        assert kind.definition is not None
        assert kind.definition.webhook is not None
        self._kind = kind
        self._structures = kind.definition.structures
        self._webhook = kind.definition.webhook
        self._client = client
        self._new_uid = new_uid
        self._metrics = metrics

    async def read(self, objects: Sequence[Object]) -> list[Object]:
        """Stored objects in the served version."""
        wanted = self._kind.api_version
        bodies = [self._completed(_decode(obj.to_bytes())) for obj in objects]
        foreign = [at for at, body in enumerate(bodies) if body["apiVersion"] != wanted]
        converted = await self._convert([bodies[at] for at in foreign], wanted)
        read = list(objects)
        for at, body in enumerate(bodies):
            if body["apiVersion"] == wanted and objects[at].api_version == wanted:
                read[at] = Object.parse(_encode(body))
        for at, body in zip(foreign, converted, strict=True):
            read[at] = Object.parse(_encode(body))
        return read

    async def convert(self, body: Body) -> Body:
        """An object of another version in the served one."""
        (converted,) = await self._convert([body], self._kind.api_version)
        return converted

    async def stored(self, data: bytes) -> bytes:
        """An object as it is to be stored, from its canonical bytes in the served version."""
        wanted = self._kind.storage or self._kind.api_version
        body = _decode(data)
        if body["apiVersion"] == wanted:
            return data
        (converted,) = await self._convert([body], wanted)
        metadata = converted["metadata"]
        metadata.pop("resourceVersion", None)
        ordered = {"apiVersion": converted.pop("apiVersion"), "kind": converted.pop("kind"), "metadata": metadata}
        return _encode(ordered | {key: value for key, value in converted.items() if key != "metadata"})

    def watch(self, cursor: Watch, fields: ConvertedFields | None) -> Watch:
        """A cursor over stored objects as one over objects of the served version, of which `fields` chooses."""
        return ConvertedWatch(cursor, self.read, fields)

    async def _convert(self, bodies: list[Body], wanted: str) -> list[Body]:
        """Those bodies, which are of one version, in the version `wanted`."""
        if not bodies:
            return []
        started, why = perf_counter(), ""
        try:
            return await self._converted(bodies, wanted)
        except _FailedError as error:
            why = error.kind
            raise
        finally:
            before, after = (GroupVersion.parse(version).version for version in (bodies[0]["apiVersion"], wanted))
            about = (self._kind.resource, before, after)
            self._metrics.observe(about, why, perf_counter() - started)

    async def _converted(self, bodies: list[Body], wanted: str) -> list[Body]:
        group, version = GroupVersion.parse(bodies[0]["apiVersion"])
        where = f"conversion webhook for {group}/{version}, Kind={self._kind.kind}"
        found = await self._ask(bodies, wanted, where)
        if len(found) != len(bodies):
            why = f"{where} returned {len(found)} objects, expected {len(bodies)}"
            raise _FailedError(why, "partial_response")
        converted = []
        for at, (before, after) in enumerate(zip(bodies, found, strict=True)):
            place = f"object at index {at}" if len(bodies) == 1 else f"converted object at index {at}"
            _check_type(before, after, wanted, f"{where} returned invalid {place}")
            _check_identity(before, after, f"{where} returned invalid object")
            _restore_metadata(before, after, f"{where} returned invalid metadata")
            converted.append(self._pruned(after))
        return converted

    async def _ask(self, bodies: list[Body], wanted: str, where: str) -> list[Any]:
        stated = self._webhook.get("conversionReviewVersions") or ()
        version = next((version for version in stated if version in _REVIEW_VERSIONS), None)
        if version is None:
            raise _FailedError("no supported conversion review versions", "call")
        uid = self._new_uid()
        review = {
            "kind": "ConversionReview",
            "apiVersion": f"{_GROUP}/{version}",
            "request": {"uid": uid, "desiredAPIVersion": wanted, "objects": bodies},
        }
        try:
            target = WebhookTarget.of(self._webhook.get("clientConfig") or {})
            answer = await self._client.post(target, _encode(review), TIMEOUT_SECONDS)
        except WebhookError as error:
            raise _FailedError(f"{where} failed: {error}", "call") from error
        return _objects(answer, uid, version, where)

    def _completed(self, body: Body) -> Body:
        """With what the version it is stored in has grown since."""
        return self._typed(body, True)

    def _pruned(self, body: Body) -> Body:
        return self._typed(body, False)

    def _typed(self, body: Body, defaults: bool) -> Body:
        structure: Schema | None = self._structures.get(body["apiVersion"].rpartition("/")[2])
        if structure is None:
            return body
        data = structure.reread(f"{body['apiVersion']}/{self._kind.kind}", _encode(body), defaults)
        if data is None:
            return body
        read: Body = _decode(data)
        if "resourceVersion" in body["metadata"]:
            read["metadata"]["resourceVersion"] = body["metadata"]["resourceVersion"]
        return read


class _FailedError(StatusError):
    """A conversion failed; `kind` is the failure_type of metrics, shortened."""

    def __init__(self, message: str, kind: str = "invalid_converted_object") -> None:
        super().__init__(500, "", message)
        self.kind = kind


def _malformed(message: str) -> StatusError:
    return _FailedError(message, "malformed_response")


def _objects(answer: Any, uid: str, version: str, where: str) -> list[Any]:
    """The objects of a ConversionReview. Raises StatusError 500."""
    answer = answer if isinstance(answer, dict) else {}
    if version == "v1" and (answer.get("apiVersion"), answer.get("kind")) != (f"{_GROUP}/v1", "ConversionReview"):
        group, _, stated = str(answer.get("apiVersion") or "").rpartition("/")
        found = f"{group}/{stated}, Kind={answer.get('kind') or ''}"
        expected = f"{_GROUP}/v1, Kind=ConversionReview"
        raise _malformed(f"{where} failed: expected webhook response of {expected}, got {found}")
    response = answer.get("response")
    if not isinstance(response, dict):
        raise _malformed(f"{where} failed: no response provided")
    stated_uid = str(response.get("uid") or "")
    if version == "v1" and stated_uid != uid:
        raise _malformed(f"{where} failed: expected response.uid={quoted(uid)}, got {quoted(stated_uid)}")
    result = response.get("result") or {}
    if result.get("status") != "Success":
        status = result.get("status") or ""
        why = result.get("message") or f"response.result.status was '{status}', not 'Success'"
        raise _malformed(f"{where} failed: {why}")
    return list(response.get("convertedObjects") or ())


def _check_type(before: Body, after: Any, wanted: str, preface: str) -> None:
    if not isinstance(after, dict) or not after.get("kind"):
        text = _encode(after).decode()
        raise _FailedError(f"{preface}: Object 'Kind' is missing in '{text}'")
    stated = after.get("apiVersion") or ""
    if stated != wanted:
        raise _FailedError(f"{preface}: invalid groupVersion (expected {wanted}, received {stated})")
    if after["kind"] != before["kind"]:
        raise _FailedError(f"{preface}: invalid kind (expected {before['kind']}, received {after['kind']})")


def _check_identity(before: Body, after: Body, preface: str) -> None:
    old, new = before["metadata"], after.get("metadata")
    new = new if isinstance(new, dict) else {}
    for key, name in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        expected, found = old.get(key) or "", new.get(key) or ""
        if expected != found:
            raise _FailedError(f"{preface}: must have the same {name}: {expected} != {found}")


def _restore_metadata(before: Body, after: Body, preface: str) -> None:
    """A webhook may change labels and annotations; the rest is as it was."""
    if "metadata" not in after:
        raise _FailedError(f"{preface}: missing metadata in converted object")
    stated = after["metadata"]
    if not isinstance(stated, dict):
        raise _FailedError(f"{preface}: invalid metadata of type {_go_type(stated)} in converted object")
    metadata = {key: value for key, value in before["metadata"].items() if key not in ("labels", "annotations")}
    for key, check, path in (
        ("labels", validate_labels, "metadata.labels"),
        ("annotations", validate_annotations, "metadata.annotation"),
    ):
        values = stated.get(key)
        if values is None:
            continue
        if not isinstance(values, dict):
            raise _FailedError(f"{preface}: invalid metadata.{key} of type {_go_type(values)} in converted object")
        for name, value in values.items():
            if not isinstance(value, str):
                why = f"must be a string, but is {_go_type(value)} in converted object"
                raise _FailedError(f"{preface}: metadata.{key}[{name}] {why}")
        if values != (before["metadata"].get(key) or {}):
            errors = [f"{where}: {message}" for where, _, message in check(values, path)]
            if errors:
                raise _FailedError(f"{preface}: {errors[0] if len(errors) == 1 else '[' + ', '.join(errors) + ']'}")
        metadata[key] = values
    after["metadata"] = metadata


def _go_type(value: Any) -> str:
    return "<nil>" if value is None else _NATIVE.get(type(value), "float64")
