"""The scale subresource: replicas and selector of any scalable kind as autoscaling/v1 Scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kfast._core import LabelSelector, Object
from kfast.api.apiextensions.printer_columns import printer_columns
from kfast.api.columns import AGE, NAME
from kfast.api.kind import Body, Column, FieldError, Kind
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.encode import body_response, current_body, output_of
from kfast.apiserver.handlers.apply import APPLY_PATCH, described, merge_configuration, read_configuration, typed
from kfast.apiserver.handlers.get import read_current
from kfast.apiserver.handlers.guaranteed_update import Update, View, guaranteed_update
from kfast.apiserver.handlers.patch import apply_patch, patch_type
from kfast.apiserver.lifecycle import encode_json, match_name
from kfast.apiserver.managed_fields import Writer, track, writer
from kfast.apiserver.negotiate import Output
from kfast.apiserver.options import WriteOptions, write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import bad_request, conflict, internal, invalid, quoted, wrong_object
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response

_SCHEMA = "autoscaling/v1/Scale"
_KIND = Kind(
    group="autoscaling",
    version="v1",
    kind="Scale",
    plural="scales",
    columns=(
        NAME,
        Column("Desired", "spec.replicas", "integer"),
        Column("Available", "status.replicas", "integer"),
        AGE,
    ),
)
"""What transforms need to know; Scales are not stored."""
_SCOPE = Scope(_KIND, _KIND)
_CUSTOM_KIND = replace(_KIND, columns=(*_KIND.columns[:-1], printer_columns([])[-1]))
_CUSTOM_SCOPE = Scope(_CUSTOM_KIND, _CUSTOM_KIND)
_ABSENT = -(2**31)
"""What upstream patches in the place of replicas that are not set."""
_Edit = Callable[[Body, bytes], tuple[Body, bytes]]
"""(Scale, JSON of its managed fields) -> the same after the write."""
_COPIED = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


async def get_scale(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """The Scale of the object. Raises StatusError 404, 406."""
    kind = info.served.kind
    scope = _CUSTOM_SCOPE if kind.definition else _SCOPE
    output = output_of(request, scope, "object")
    body = current_body(info.served, await read_current(backend, info))
    if kind.definition and _at(body, kind.scale_paths["spec"]) is None:
        raise internal(f"the spec replicas field {_shown(kind)} does not exist")
    return body_response(backend, request, output, scale_of(kind, body), scope)


async def update_scale(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """PUT of a Scale: sets the replicas. Raises StatusError 400, 404, 409, 422."""
    output = output_of(request, _SCOPE, "object")
    options = write_options(request, "UpdateOptions")
    stated, warnings = decode_object(backend, request, info, _SCHEMA, options.field_validation)
    match_name(info, stated)
    author = writer(backend, request, options, _SCOPE, "scale")

    def edit(scale: Body, live: bytes) -> tuple[Body, bytes]:
        uid, found = stated["metadata"].get("uid"), scale["metadata"]["uid"]
        if uid and uid != found:
            raise wrong_object(info.served.kind, info.namespace, info.name, "UID", uid, found)
        return stated, _track(backend, author, scale, stated, live)

    sent = {"status": {"replicas": 0}, **stated}
    response = await _write(backend, request, info, options, edit, output, sent)
    response.warnings = warnings
    return response


async def patch_scale(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """PATCH of a Scale. Raises StatusError 400, 404, 409, 415, 422, 500."""
    output = output_of(request, _SCOPE, "object")
    media_type = patch_type(request, False)
    if media_type == APPLY_PATCH:
        return await _apply_configuration(backend, request, info, output)
    options = write_options(request, "PatchOptions")
    author = writer(backend, request, options, _SCOPE, "scale")

    def edit(scale: Body, live: bytes) -> tuple[Body, bytes]:
        patched, _ = apply_patch(backend, info, _SCHEMA, media_type, scale, request.body, options)
        return patched, _track(backend, author, scale, patched, live)

    return await _write(backend, request, info, options, edit, output)


async def _apply_configuration(backend: Backend, request: Request, info: RequestInfo, output: Output) -> Response:
    """Server-side apply. On custom resources upstream refuses whatever changes something."""
    options = write_options(request, "PatchOptions", apply=True)
    config, warnings = read_configuration(backend, request, _SCOPE, options)
    author = writer(backend, request, options, _SCOPE, "scale")

    def edit(scale: Body, live: bytes) -> tuple[Body, bytes]:
        if info.served.custom and not live:
            why = _unconverted("live", "/; autoscaling/v1, Kind=Scale")
            raise StatusError(500, "", f"failed to create manager for existing fields: {why}")
        written = encode_json(scale)
        merged, entries = merge_configuration(backend, _SCOPE, author, options, config, written, live)
        if merged is None:
            return scale, live
        if info.served.custom and encode_json(merged) != written:
            raise StatusError(500, "", _unconverted("new", described(config)))
        new = typed(backend, _SCOPE, merged, config, False)
        match_name(info, new)
        return new, entries

    response = await _write(backend, request, info, options, edit, output)
    response.warnings = warnings
    return response


def _unconverted(which: str, name: str) -> str:
    invalid_version = "request to convert CR to an invalid group/version: autoscaling/v1"
    return f"failed to convert {which} object ({name}) to proper version: {invalid_version}"


async def _write(
    backend: Backend,
    request: Request,
    info: RequestInfo,
    options: WriteOptions,
    edit: _Edit,
    output: Output,
    sent: Body | None = None,
) -> Response:
    kind, schema = info.served.kind, backend.schema
    paths = _replicas_paths(kind)

    def transform(old: Body, current: Object) -> Body:
        body, managed = current_body(info.served, current), current.managed_fields
        scale = scale_of(kind, body)
        absent = kind.definition is not None and _at(body, kind.scale_paths["spec"]) is None
        if absent:
            scale["spec"]["replicas"] = _ABSENT
        new, entries = edit(scale, schema.scale_managers(managed, paths))
        if absent and (new.get("spec") or {}).get("replicas") == _ABSENT:
            raise bad_request(f"the spec replicas field {_shown(kind)} cannot be empty")
        change.applied = schema.managers_with_scale(managed, entries, paths, kind.api_version)
        return _apply(kind, old, new)

    def of(body: Body) -> Body:
        return scale_of(kind, body)

    def into(body: Body, scale: Body) -> Body:
        return _apply(kind, body, scale)

    change = Update(transform, options, view=View(_SCHEMA, of, into, sent))
    obj = await guaranteed_update(backend, request, info, change)
    return body_response(backend, request, output, scale_of(info.served.kind, current_body(info.served, obj)), _SCOPE)


def _track(backend: Backend, author: Writer, old: Body, new: Body, live: bytes) -> bytes:
    written = {**new, "spec": _desired((new.get("spec") or {}).get("replicas"))}
    return track(backend, _SCOPE, author, old, written, None, live, "scale")


def _desired(replicas: int | None) -> Body:
    """The spec of a Scale, which 0 is left out of."""
    return {"replicas": replicas} if replicas else {}


def _replicas_paths(kind: Kind) -> dict[str, list[str]]:
    paths = kind.definition.replicas if kind.definition else {kind.api_version: kind.scale_paths["spec"]}
    return {version: path.split(".") if path else [] for version, path in paths.items()}


def scale_of(kind: Kind, body: Body) -> Body:
    """The Scale of an object."""
    metadata = {key: body["metadata"][key] for key in _COPIED if key in body["metadata"]}
    scale: Body = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": _desired(_at(body, kind.scale_paths["spec"])),
        "status": {"replicas": _at(body, kind.scale_paths["status"]) or 0},
    }
    selector = _selector_text(_at(body, kind.scale_paths.get("selector", "")))
    if selector:
        scale["status"]["selector"] = selector
    return scale


def _shown(kind: Kind) -> str:
    return quoted("." + kind.scale_paths["spec"])


def _selector_text(selector: Any) -> str:
    """Label selectors are objects, but a map in ReplicationControllers and text in custom resources."""
    if isinstance(selector, str) or not selector:
        return selector or ""
    if not {"matchLabels", "matchExpressions"} & selector.keys():
        selector = {"matchLabels": selector}
    return str(LabelSelector.from_dict(selector))


def _apply(kind: Kind, old: Body, scale: Body) -> Body:
    metadata = scale.get("metadata") or {}
    name = old["metadata"]["name"]
    if metadata.get("uid") and metadata["uid"] != old["metadata"]["uid"] and kind.definition is None:
        found = f"UID in precondition: {metadata['uid']}, UID in object meta: {old['metadata']['uid']}"
        raise conflict(kind, name, f"Precondition failed: {found}", "scale")
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    if replicas < 0 and kind.definition is None:
        message = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid("autoscaling", "Scale", name, [FieldError("spec.replicas", "FieldValueInvalid", message)])
    *parents, last = kind.scale_paths["spec"].split(".")
    target = old
    for key in parents:
        target = target.setdefault(key, {})
    target[last] = replicas
    if metadata.get("resourceVersion"):
        old["metadata"]["resourceVersion"] = metadata["resourceVersion"]
    return old


def _at(body: Body, path: str) -> Any:
    value: Any = body
    for key in filter(None, path.lstrip(".").split(".")):
        value = value.get(key) if isinstance(value, dict) else None
    return value if path else None
