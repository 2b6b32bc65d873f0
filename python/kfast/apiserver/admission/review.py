"""AdmissionReview: what a webhook is sent, and what it may answer."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.options import DeleteOptions
from kfast.apiserver.status_errors import quoted
from kfast.apiserver.webhook_client import WebhookError
from kfast.errors import StatusError

GROUP = "admission.k8s.io"
_encode = msgspec.json.encode


class InvalidResponseError(WebhookError):
    """A webhook's answer is no AdmissionReview for the request."""


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
    """The verdict in a webhook's answer. Raises InvalidResponseError."""
    if not isinstance(answer, dict):
        raise InvalidResponseError("webhook response was absent")
    response = answer.get("response")
    if not isinstance(response, dict):
        raise InvalidResponseError("webhook response was absent")
    if version == "v1":
        if response.get("uid", "") != uid:
            stated = quoted(str(response.get("uid", "")))
            raise InvalidResponseError(f"expected response.uid={quoted(uid)}, got {stated}")
        stated_version, stated_kind = answer.get("apiVersion") or "", answer.get("kind") or ""
        if (stated_version, stated_kind) != (f"{GROUP}/v1", "AdmissionReview"):
            group, _, stated_version = stated_version.rpartition("/")
            expected = f"{GROUP}/v1, Kind=AdmissionReview"
            got = f"{group}/{stated_version}, Kind={stated_kind}"
            raise InvalidResponseError(f"expected webhook response of {expected}, got {got}")
    patch, patch_type = _patch(version, mutating, response)
    result = response.get("status")
    return AdmissionResponse(
        allowed=response.get("allowed") is True,
        result=result if isinstance(result, dict) else None,
        patch=patch,
        patch_type=patch_type,
        warnings=[str(text) for text in response.get("warnings") or ()],
        annotations={str(key): str(value) for key, value in (response.get("auditAnnotations") or {}).items()},
    )


def denial(hook: str, result: Body | None) -> StatusError:
    """The refusal a webhook's Status stands for, at least 400."""
    status = dict(result or {})
    code = status.get("code")
    reason, why = str(status.get("reason") or ""), str(status.get("message") or "")
    told = f": {why or reason}" if why or reason else " without explanation"
    return StatusError(
        code if isinstance(code, int) and code >= 400 else 400,
        reason,
        f"admission webhook {quoted(hook)} denied the request{told}",
        status.get("details") or None,
    )


def _patch(version: str, mutating: bool, response: Body) -> tuple[bytes, str]:
    """The patch and its type. Raises InvalidResponseError where only one is given, or either is not expected."""
    try:
        patch = base64.b64decode(response.get("patch") or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise InvalidResponseError(f"response.patch is no base64: {error}") from error
    kind = response.get("patchType")
    if version != "v1":  # never checked there: there is one type only
        return (patch, "JSONPatch") if mutating and patch else (b"", "")
    if not mutating:
        for name, value in (("patch", patch), ("patchType", kind is not None)):
            if value:
                raise InvalidResponseError(f"validating webhook may not return response.{name}")
        return b"", ""
    if patch and kind is None:
        raise InvalidResponseError("webhook returned response.patch but not response.patchType")
    if not patch and kind is not None:
        raise InvalidResponseError("webhook returned response.patchType but not response.patch")
    if kind == "":
        raise InvalidResponseError('webhook returned invalid response.patchType of ""')
    return patch, str(kind or "")


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
    if request.method != "PATCH":
        return _typed("UpdateOptions", dry_run | stated)
    force = {"force": options.force} if "force" in request.query else {}
    return _typed("PatchOptions", dry_run | force | stated)


def _typed(kind: str, stated: Body) -> Body:
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1", **stated}
