"""Reads request bodies against the schema of a kind, with upstream's messages for what does not fit."""

from __future__ import annotations

from typing import Any

from kfast._core import CoreError, DecodeError, StrictDecodeError
from kfast.api.kind import Body
from kfast.apiserver.backend import Backend
from kfast.apiserver.negotiate import content_type
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import bad_request
from kfast.meta.exchange import Request
from kfast.meta.gvk import GroupVersion


def decode_object(
    backend: Backend, request: Request, info: RequestInfo, schema: str, validation: str
) -> tuple[Body, list[str]]:
    """The body as an object of `schema` (`apps/v1/Deployment`), pruned, and warnings about unknown fields.

    Raises StatusError 400 (malformed, other kind or version, strict violations) and 415.
    """
    media_type = content_type(request)
    if not request.body:
        raise bad_request("Required body is empty") if info.verb == "create" else bad_request("EOF")
    try:
        body, warnings = backend.schema.decode(schema, request.body, media_type, validation)
    except CoreError as error:
        raise bad_request(_refusal(backend, request.body, media_type, schema, error)) from None
    _check_type(body, schema)
    return body, warnings


def _refusal(backend: Backend, data: bytes, media_type: str, schema: str, error: CoreError) -> str:
    api_version, _, kind = schema.rpartition("/")
    group_version = GroupVersion.parse(api_version)
    message = str(error)
    if not isinstance(error, StrictDecodeError):
        try:
            stated_version, stated_kind = backend.schema.sniff(data, media_type)
        except CoreError:
            return message
        if stated_kind and (stated_kind != kind or (stated_version and stated_version != api_version)):
            return _mismatch(stated_version or api_version, stated_kind, api_version, kind)
    prefix = f'{kind} in version "{group_version.version}" cannot be handled as a {kind}: '
    if message.startswith(prefix) or "cannot be handled as a" in message:
        return message
    is_syntax = isinstance(error, DecodeError) and message.startswith(("error ", "yaml: ", "couldn't get"))
    return message if is_syntax else prefix + message


def _check_type(body: Body, schema: str) -> None:
    """Kind and version must be the ones of the path; what is missing is filled in."""
    api_version, _, kind = schema.rpartition("/")
    stated_kind: Any = body.get("kind") or kind
    stated_version: Any = body.get("apiVersion") or api_version
    if stated_kind != kind or stated_version != api_version:
        raise bad_request(_mismatch(stated_version, stated_kind, api_version, kind))
    body["kind"], body["apiVersion"] = kind, api_version


def _mismatch(stated_version: str, stated_kind: str, api_version: str, kind: str) -> str:
    if stated_kind == kind:
        return f"the API version in the data ({stated_version}) does not match the expected API version ({api_version})"
    version = stated_version.rpartition("/")[2]
    return f'{stated_kind} in version "{version}" cannot be handled as a {kind}: no kind "{kind}" in the data'
