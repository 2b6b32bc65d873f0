"""Server-side apply: a PATCH whose body is the configuration its field manager wants, and owns from then on."""

from __future__ import annotations

from typing import Any

import msgspec

from kfast._core import ApplyConflictError, CoreError, Object, OtherVersionsError, UnconvertedError
from kfast.api.kind import Body
from kfast.apiserver.backend import Backend
from kfast.apiserver.configurations import converted, misfit
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.handlers.create import create_body
from kfast.apiserver.handlers.guaranteed_update import Update, guaranteed_update
from kfast.apiserver.lifecycle import encode_json, match_namespace
from kfast.apiserver.managed_fields import Others, Writer, out_of_reach, writer
from kfast.apiserver.options import WriteOptions, write_options
from kfast.apiserver.other_versions import learn
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import apply_conflict, bad_request
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response

APPLY_PATCH = "application/apply-patch+yaml"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_JSON_TYPES = {list: "array", str: "string", bool: "bool", type(None): "null"}
_KUBECTL = "kubectl"
"""The manager that takes over what kubectl's client-side apply set."""


async def apply(backend: Backend, request: Request, info: RequestInfo, part: str) -> Response:
    """200 with the object, 201 if it was created. Raises StatusError 400, 404 (subresources), 406, 409, 422, 500."""
    scope = info.served
    output = output_of(request, scope, "object")
    options = write_options(request, "PatchOptions", apply=True)
    config, warnings = read_configuration(backend, request, scope, options)
    author = writer(backend, request, options, scope, info.subresource)
    others: Others = ([], [], scope.custom)

    def transform(old: Body, current: Object) -> Body:
        live = encode_json(old) if scope.converts else current.to_bytes()
        managed = current.managed_fields
        merged, change.applied = merge_configuration(backend, scope, author, options, config, live, managed, others)
        if merged is None:
            change.applied = managed
            return old
        return typed(backend, scope, merged, config)

    change = Update(transform, options, part)
    status = 200
    while True:
        try:
            obj = await guaranteed_update(backend, request, info, change)
            break
        except OtherVersionsError as wanted:
            await learn(backend, scope, info.subresource, config, others, wanted)
            continue
        except StatusError as error:
            if not error.not_found or part != "main":
                raise
        try:
            obj = await _create(backend, request, info, options, config, warnings)
            status = 201
            break
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
    response = object_response(backend, request, info, output, obj, status)
    response.warnings = warnings + change.warnings
    return response


def read_configuration(
    backend: Backend, request: Request, scope: Scope, options: WriteOptions
) -> tuple[Body, list[str]]:
    """The body, and warnings about what occurs twice in it. Raises StatusError 400, 500."""
    try:
        config, repeated = backend.schema.read_yaml(request.body)
    except CoreError as error:
        raise bad_request(f"error decoding YAML: error converting YAML to JSON: {error}") from None
    if not isinstance(config, dict):
        found = _JSON_TYPES.get(type(config), "number")
        why = f"json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {why}")
    if repeated and options.field_validation == "Strict":
        raise bad_request(f"error strict decoding YAML: error converting YAML to JSON: {repeated}")
    group, _, version = str(config.get("apiVersion") or "").rpartition("/")
    kind = scope.kind
    if (group, version, config.get("kind")) != (kind.group, kind.version, kind.kind):
        raise bad_request(f"invalid object type: {group}/{version}, Kind={config.get('kind') or ''}")
    if config.get("metadata") is None:
        config["metadata"] = {}
    if _metadata(config).get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    why = misfit(backend.structure(scope, scope.schema), scope.schema, config)
    if why:
        raise _untyped(config, why)
    told = repeated.split("\n  ")[1:] if repeated and options.field_validation == "Warn" else []
    return config, told


def _metadata(config: Body) -> Body:
    metadata = config["metadata"]
    return metadata if isinstance(metadata, dict) else {}


def _untyped(config: Body, why: str) -> StatusError:
    return StatusError(500, "", f"failed to create typed patch object ({described(config)}): {why}")


def described(config: Body) -> str:
    """Which object a configuration is of, as upstream's errors name it."""
    namespace, name = (v if isinstance(v := _metadata(config).get(key), str) else "" for key in ("namespace", "name"))
    return f"{namespace}/{name}; {_go_kind(config)}"


def _go_kind(config: Body) -> str:
    group, _, version = config["apiVersion"].rpartition("/")
    return f"{group}/{version}, Kind={config['kind']}"


def merge_configuration(
    backend: Backend,
    scope: Scope,
    author: Writer,
    options: WriteOptions,
    config: Body,
    live: bytes | None,
    managed: bytes,
    others: Others | None = None,
) -> tuple[Body | None, bytes]:
    """The merged object, None if nothing changes, and the JSON of its managed fields; `others` as of `track`. Raises
    StatusError 409, 500."""
    reach = out_of_reach(scope, config, author[2])
    annotations = msgspec.json.decode(live)["metadata"].get("annotations") if live is not None else None
    last = (annotations or {}).get(_LAST_APPLIED)
    takes_over = last.encode() if last and options.field_manager == _KUBECTL else None
    try:
        merged, entries = backend.structure(scope, scope.schema).apply(
            scope.schema, live, config, [managed], author, reach, options.force, takes_over, others
        )
    except ApplyConflictError as conflict:
        raise apply_conflict(conflict.args[0]) from None
    except OtherVersionsError:
        raise
    except UnconvertedError as error:
        raise StatusError(500, "", str(error)) from None
    except CoreError as error:
        raise _untyped(config, str(error)) from None
    if merged is not None and last and options.field_manager == _KUBECTL:
        merged["metadata"]["annotations"][_LAST_APPLIED] = _last_applied(config)
    return merged, entries


def _last_applied(config: Body) -> str:
    """What client-side apply would note of a configuration, so that one can go on with it."""
    metadata: dict[str, Any] = dict(config["metadata"])
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != _LAST_APPLIED}
    if "annotations" in metadata:
        metadata["annotations"] = annotations
    text: bytes = msgspec.json.encode({**config, "metadata": metadata}, order="sorted")
    return text.decode() + "\n"


def typed(backend: Backend, scope: Scope, merged: Body, config: Body, empties: bool = True) -> Body:
    """An object a configuration was merged into with the values its kind writes; `empties` as in `decode_object`.
    Raises StatusError 500."""
    structure = backend.structure(scope, scope.schema)
    try:
        body, _ = structure.decode(scope.schema, encode_json(merged), "application/json", "Ignore", empties)
    except CoreError as error:
        why = f"unable to convert unstructured object to {_go_kind(config)}: {converted(str(error))}"
        what = f"failed to convert new object ({described(config)}) to proper version: {why}"
        raise StatusError(500, "", what) from None
    if scope.custom:
        _keep_nulls(merged, body)
    body["apiVersion"], body["kind"] = scope.api_version, scope.kind.kind
    return body


def _keep_nulls(merged: Any, body: Any) -> None:
    """Puts back what a decoder takes out of custom resources: nulls that are applied are checked like any value."""
    if isinstance(merged, dict) and isinstance(body, dict):
        for key, value in merged.items():
            if value is None and key != "metadata":
                body.setdefault(key, None)
            elif key != "metadata":
                _keep_nulls(value, body.get(key))
    elif isinstance(merged, list) and isinstance(body, list):
        for value, kept in zip(merged, body, strict=False):
            _keep_nulls(value, kept)


async def _create(
    backend: Backend,
    request: Request,
    info: RequestInfo,
    options: WriteOptions,
    config: Body,
    warnings: list[str],
) -> Object:
    scope = info.served
    author = writer(backend, request, options, scope, info.subresource)
    merged, entries = merge_configuration(backend, scope, author, options, config, None, b"")
    body = typed(backend, scope, merged if merged is not None else config, config)
    metadata = body["metadata"]
    if metadata.get("name") not in (None, "", info.name):
        raise bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({info.name})"
        )
    metadata["name"] = info.name
    match_namespace(info, body)
    return await create_body(backend, request, info, body, options, warnings, entries)
