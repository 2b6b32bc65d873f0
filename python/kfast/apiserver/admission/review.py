"""AdmissionReview: what a webhook is sent, and what it may answer."""

from __future__ import annotations

import base64
import string
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.options import DeleteOptions
from kfast.apiserver.status_errors import quoted
from kfast.apiserver.webhook_client import WebhookError, unreadable
from kfast.errors import StatusError

GROUP = "admission.k8s.io"
_BASE64 = frozenset(string.ascii_letters + string.digits + "+/=")
_encode = msgspec.json.encode


class InvalidResponseError(WebhookError):
    """A webhook's answer is no AdmissionReview for the request."""


class DeniedError(StatusError):
    """A webhook says no."""


@dataclass(slots=True)
class AdmissionResponse:
    """A webhook's verdict. `patch` is a JSON patch, `result` a Status if it says why."""

    allowed: bool
    result: Body | None = None
    patch: bytes = b""
    patch_type: str = ""
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)


def admission_request(attributes: Attributes, kind: Kind, uid: str) -> Body:
    """The AdmissionRequest but for the objects, as if it were one for `kind`."""
    requested = attributes.kind
    wanted = attributes.object_schema if kind is requested or attributes.schema else kind.schema
    request = {
        "uid": uid,
        "kind": _gvk(wanted),
        "resource": _gvr(kind),
        "subResource": attributes.subresource,
        "requestKind": _gvk(attributes.object_schema),
        "requestResource": _gvr(requested),
        "requestSubResource": attributes.subresource,
        "name": attributes.name,
        "namespace": attributes.namespace,
        "operation": attributes.operation,
    }
    for optional in ("subResource", "requestSubResource", "name", "namespace"):
        if not request[optional]:
            del request[optional]
    return request | {
        "userInfo": _user(attributes),
        "dryRun": attributes.dry_run,
        "options": _options(attributes),
    }


def review(version: str, request: Body, object: bytes, old: bytes) -> bytes:  # noqa: A002
    """The AdmissionReview as JSON, around objects that are encoded already (`null` for none)."""
    whole = request | {"object": msgspec.Raw(object), "oldObject": msgspec.Raw(old)}
    return _encode({"kind": "AdmissionReview", "apiVersion": f"{GROUP}/{version}", "request": whole})


def read_response(version: str, uid: str, mutating: bool, answer: Any) -> AdmissionResponse:
    """The verdict in a webhook's answer. Raises WebhookError for what is no AdmissionReview, InvalidResponseError for
    one that does not fit the request."""
    if not isinstance(answer, dict):
        raise WebhookError(unreadable("array" if isinstance(answer, list) else "string"))
    _check_type(version, str(answer.get("apiVersion") or ""), str(answer.get("kind") or ""))
    try:
        read = msgspec.convert(answer, _Review)
    except msgspec.ValidationError as error:
        raise WebhookError(_mistyped(answer, str(error))) from error
    response = read.response
    if response is None:
        raise InvalidResponseError("webhook response was absent")
    if version == "v1":
        if response.uid != uid:
            raise InvalidResponseError(f"expected response.uid={quoted(uid)}, got {quoted(response.uid)}")
        if not answer.get("apiVersion") or not answer.get("kind"):
            group, _, stated = read.apiVersion.rpartition("/")
            got = f"{group}/{stated}, Kind={read.kind}"
            raise InvalidResponseError(f"expected webhook response of {GROUP}/v1, Kind=AdmissionReview, got {got}")
    patch = _decoded(response.patch)
    _check_patch(version, mutating, patch, response.patchType)
    return AdmissionResponse(
        allowed=response.allowed,
        result=response.status,
        patch=patch if mutating else b"",
        patch_type=response.patchType or "" if version == "v1" else "JSONPatch",
        warnings=response.warnings or [],
        annotations=response.auditAnnotations or {},
    )


class _Response(msgspec.Struct):
    uid: str = ""
    allowed: bool = False
    status: dict[str, Any] | None = None
    patch: str | None = None
    patchType: str | None = None  # noqa: N815
    auditAnnotations: dict[str, str] | None = None  # noqa: N815
    warnings: list[str] | None = None


class _Review(msgspec.Struct):
    apiVersion: str = ""  # noqa: N815
    kind: str = ""
    response: _Response | None = None


def _check_type(version: str, stated_version: str, kind: str) -> None:
    """Raises WebhookError for another kind of object; one that says nothing is taken for what is expected."""
    expected, api_version = "AdmissionReview", f"{GROUP}/{version}"
    if kind in ("", expected) and stated_version in ("", api_version):
        return
    short = stated_version.rpartition("/")[2]
    known = kind == expected and stated_version in (f"{GROUP}/v1", f"{GROUP}/v1beta1")
    if known or (kind, stated_version) == ("Status", "v1"):
        raise WebhookError(f"converting ({short}.{kind}) to ({version}.{expected}): unknown conversion")
    scheme = 'in scheme "pkg/runtime/scheme.go:111"'
    raise WebhookError(f"no kind {quoted(kind)} is registered for version {quoted(stated_version)} {scheme}")


_GO_TYPES = {bool: "bool", str: "string", list: "array", dict: "object", int: "number", float: "number"}
_WANTED = {
    "uid": "types.UID",
    "allowed": "bool",
    "status": "v1.Status",
    "patch": "[]uint8",
    "patchType": "v1.PatchType",
    "auditAnnotations": "map[string]string",
    "warnings": "[]string",
}


def _mistyped(answer: Body, why: str) -> str:
    """A type error as Go's decoder has it. `why` ends with the path, such as `$.response.allowed`."""
    name = why.rpartition("$.response.")[2].strip("`").partition("[")[0]
    response = answer.get("response")
    if not isinstance(response, dict) or name not in _WANTED:
        return f"json: cannot unmarshal the answer of the webhook: {why}"
    found = _GO_TYPES.get(type(response.get(name)), "object")
    return (
        f"json: cannot unmarshal {found} into Go struct field AdmissionResponse.response.{name} of type {_WANTED[name]}"
    )


def denial(hook: str, result: Body | None) -> DeniedError:
    """The refusal a webhook's Status stands for, at least 400."""
    status = dict(result or {})
    code = status.get("code")
    reason, why = str(status.get("reason") or ""), str(status.get("message") or "")
    told = f": {why or reason}" if why or reason else " without explanation"
    return DeniedError(
        code if isinstance(code, int) and code >= 400 else 400,
        reason,
        f"admission webhook {quoted(hook)} denied the request{told}",
        status.get("details") or None,
    )


def _decoded(patch: str | None) -> bytes:
    try:
        return base64.b64decode(patch or "", validate=True)
    except ValueError:
        text = patch or ""
        at = next((i for i, char in enumerate(text) if char not in _BASE64), len(text))
        raise WebhookError(f"illegal base64 data at input byte {at}") from None


def _check_patch(version: str, mutating: bool, patch: bytes, kind: str | None) -> None:
    """Raises InvalidResponseError where only one of patch and type is given, or either is not expected."""
    if version != "v1":  # never checked there: there is one type only
        return
    if not mutating:
        for name, stated in (("patch", bool(patch)), ("patchType", kind is not None)):
            if stated:
                raise InvalidResponseError(f"validating webhook may not return response.{name}")
        return
    if patch and kind is None:
        raise InvalidResponseError("webhook returned response.patch but not response.patchType")
    if not patch and kind is not None:
        raise InvalidResponseError("webhook returned response.patchType but not response.patch")
    if kind == "":
        raise InvalidResponseError('webhook returned invalid response.patchType of ""')


def _gvk(schema: str) -> dict[str, str]:
    api_version, _, kind = schema.rpartition("/")
    group, _, version = api_version.rpartition("/")
    return {"group": group, "version": version, "kind": kind}


def _gvr(kind: Kind) -> dict[str, str]:
    return {"group": kind.group, "version": kind.version, "resource": kind.plural}


def _user(attributes: Attributes) -> Body:
    user = attributes.user
    if user is None:
        return {}
    info = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": user.extra}
    return {key: value for key, value in info.items() if value}


def _options(attributes: Attributes) -> Body | None:
    """CreateOptions and the like, as the client stated them; None for CONNECT."""
    options, request = attributes.options, attributes.request
    if options is None or request is None:
        return None
    dry_run = {"dryRun": ["All"]} if options.dry_run else {}
    if isinstance(options, DeleteOptions):
        preconditions = {"uid": options.uid, "resourceVersion": options.resource_version}
        stated = {
            "gracePeriodSeconds": options.grace_seconds,
            "preconditions": {k: v for k, v in preconditions.items() if v is not None} or None,
            "orphanDependents": options.orphan_dependents,
            "propagationPolicy": options.propagation,
        }
        return _typed("DeleteOptions", {k: v for k, v in stated.items() if v is not None} | dry_run)
    stated = {"fieldManager": options.field_manager, "fieldValidation": request.param("fieldValidation")}
    stated = {key: value for key, value in stated.items() if value}
    if attributes.operation == "CREATE":
        return _typed("CreateOptions", dry_run | stated)
    return _typed("UpdateOptions", dry_run | stated)


def _typed(kind: str, stated: Body) -> Body:
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1", **stated}
