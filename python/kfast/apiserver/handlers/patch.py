"""PATCH: JSON patch, merge patch and strategic merge patch, retried when the object changes meanwhile."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from kfast._core import CoreError, Object, PatchError
from kfast.api.kind import Body, FieldError
from kfast.apiserver.backend import Backend
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.handlers.apply import APPLY_PATCH, apply
from kfast.apiserver.handlers.create import warned
from kfast.apiserver.handlers.guaranteed_update import Update, guaranteed_update
from kfast.apiserver.handlers.patch_errors import refused, unfit
from kfast.apiserver.lifecycle import decode_json, encode_json
from kfast.apiserver.options import WriteOptions, write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import invalid, quoted, unreadable_patch, unsupported_media_type
from kfast.meta.exchange import Request, Response

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"


async def patch(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """200 with the object. Raises StatusError 400, 404, 406, 409, 415, 422."""
    return await patch_part(backend, request, info, "main")


async def patch_part(backend: Backend, request: Request, info: RequestInfo, part: str) -> Response:
    """PATCH of the main resource or of its status."""
    scope = info.served
    media_type = patch_type(request, scope.custom)
    if media_type == APPLY_PATCH:
        return await apply(backend, request, info, part)
    output = output_of(request, scope, "object")
    options = write_options(request, "PatchOptions")
    warnings: list[str] = []
    # A JSON patch may name what they are in.
    named = (b"managedFields", b'"/metadata"', b'""') if media_type == JSON_PATCH else (b"managedFields",)
    shows_managed_fields = any(name in request.body for name in named)

    def transform(old: Body, current: Object) -> Body:
        old["metadata"]["resourceVersion"] = current.resource_version
        if shows_managed_fields and current.managed_fields:
            old["metadata"]["managedFields"] = decode_json(current.managed_fields)
        new, found = apply_patch(backend, info, scope.schema, media_type, old, request.body, options, True)
        warnings[:] = found
        return new

    metadata_only = part == "main" and media_type != JSON_PATCH and _names_metadata_only(request.body)
    change = Update(transform, options, part, metadata_only and not shows_managed_fields, verb="patch")
    with warned(warnings):
        obj = await guaranteed_update(backend, request, info, change)
    response = object_response(backend, request, info, output, obj)
    response.warnings = warnings + change.warnings
    return response


def _names_metadata_only(data: bytes) -> bool:
    try:
        patch = decode_json(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(patch, dict) and patch.keys() == {"metadata"} and isinstance(patch["metadata"], dict)


def patch_type(request: Request, custom: bool) -> str:
    """The patch's media type. Raises StatusError 415."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    supported = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH, *(() if custom else (STRATEGIC_PATCH,)))
    if media_type not in supported:
        raise unsupported_media_type(supported) if custom else unreadable_patch()
    return media_type


def apply_patch(
    backend: Backend,
    info: RequestInfo,
    schema: str,
    media_type: str,
    old: Body,
    data: bytes,
    options: WriteOptions,
    empties: bool = False,
) -> tuple[Body, list[str]]:
    """The patched object, pruned, and warnings; `empties` as in `decode_object`. Raises StatusError 400 (no patch), 422
    (does not apply)."""
    kind = info.served.kind
    kept = _untouched(media_type, data, old)
    part = {key: value for key, value in old.items() if key not in kept}
    try:
        structure = backend.structure(info.served, schema)
        original = encode_json(part)
        patched, warnings = structure.patch(schema, media_type, original, data, options.field_validation, empties)
    except PatchError as error:
        raise refused(*error.args) from None
    except CoreError as error:
        raise unfit(str(error), data, old, media_type == STRATEGIC_PATCH, media_type == MERGE_PATCH) from None
    if kept:
        patched = {key: old[key] if key in kept else patched[key] for key in old if key in kept or key in patched}
    for key in ("apiVersion", "kind"):
        stated = patched.get(key) or old[key]
        if stated != old[key] and media_type != STRATEGIC_PATCH:
            message = f"Invalid value: {quoted(str(stated))}: must be {old[key]}"
            shown = stated if info.served.custom and key == "kind" else kind.kind
            raise invalid(kind.group, shown, info.name, [FieldError(key, "FieldValueInvalid", message)])
        patched[key] = old[key]
    return patched, warnings


def _untouched(media_type: str, data: bytes, old: Body) -> Collection[str]:
    """Properties of `old` that need not be read again: a merge patch changes only what it names."""
    if media_type == JSON_PATCH:
        return ()
    try:
        patch = decode_json(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    if not isinstance(patch, dict) or not patch.keys() <= old.keys():
        return ()
    return old.keys() - patch.keys() - {"apiVersion", "kind"}
