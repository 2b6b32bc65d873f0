"""POST: creates an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.lifecycle import (
    begin_create,
    canonical,
    generate_name,
    match_namespace,
    metadata_of,
    preview,
    unique_owners,
    validate_create,
)
from kfast.apiserver.options import WriteOptions, write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import (
    already_exists,
    bad_request,
    being_deleted,
    generate_name_conflict,
    method_not_supported,
    unavailable,
)
from kfast.errors import StatusError
from kfast.meta.exchange import Request, Response
from kfast.store.protocol import AlreadyExistsError, UnavailableError

_ATTEMPTS = 8
"""Names tried for a generateName."""


async def create(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """201 with the stored object. Raises StatusError 400, 403, 404 (namespace), 405, 406, 409, 415, 422."""
    scope = info.served
    if info.name or (scope.kind.namespaced and not info.namespace):
        raise method_not_supported()
    output = output_of(request, scope, "object")
    options = write_options(request, "CreateOptions")
    body, warnings = decode_object(backend, request, info, scope.schema, options.field_validation)
    with warned(warnings):
        obj = await create_body(backend, request, info, body, options, warnings)
    response = object_response(backend, request, info, output, obj, 201)
    response.warnings = warnings
    return response


async def create_body(
    backend: Backend, request: Request, info: RequestInfo, body: Body, options: WriteOptions, warnings: list[str]
) -> Object:
    """All of a create after decoding; adds to `warnings`."""
    prepared = await prepare(backend, request, info, body, options, warnings)
    stored = False
    try:
        obj = await insert(backend, info, prepared, options.dry_run)
        stored = not options.dry_run
    finally:
        if prepared.settle is not None:
            prepared.settle(stored)
    return obj


@dataclass(slots=True)
class Prepared:
    """A new object that may be stored, the prefix of a generated name, and what is to be told whether it was."""

    body: Body
    generated: str | None
    settle: Callable[[bool], None] | None


async def prepare(
    backend: Backend, request: Request, info: RequestInfo, body: Body, options: WriteOptions, warnings: list[str]
) -> Prepared:
    """All of a create between decoding and the store: system fields, defaults, admission, strategy, validation."""
    scope = info.served
    kind = scope.kind
    match_namespace(info, body)
    begin_create(backend, scope, body)
    metadata = metadata_of(body)
    warnings += unique_owners(metadata)
    generated = metadata.get("generateName") if not metadata.get("name") else None
    if generated:
        metadata["name"] = generate_name(backend, generated)
    kind.defaults(body)
    attributes = Attributes(
        "CREATE",
        kind,
        info.subresource,
        info.namespace if kind.namespaced else "",
        "" if generated else metadata.get("name", ""),
        body,
        None,
        request.user,
        options.dry_run,
    )
    await backend.admission.admit(attributes)
    kind.prepare_create(body)
    if kind.prepare_requester is not None and request.user is not None:
        kind.prepare_requester(body, request.user)
    settle = _reserve(backend, scope.resource, body, options.dry_run)
    try:
        validate_create(backend, scope, body)
        warnings += kind.warnings(body)
        await backend.admission.validate(attributes)
    except BaseException:
        if settle is not None:
            settle(False)
        raise
    return Prepared(body, generated, settle)


def _reserve(backend: Backend, resource: str, body: Body, dry_run: bool) -> Callable[[bool], None] | None:
    reservations = backend.reservations.get(resource)
    return reservations.begin_create(body, dry_run) if reservations is not None else None


async def insert(backend: Backend, info: RequestInfo, prepared: Prepared, dry_run: bool) -> Object:
    """Stores the object, under another name if a generated one is taken. Raises StatusError 400, 409, 503."""
    scope, store, generated = info.served, backend.store, prepared.generated
    metadata = prepared.body["metadata"]
    namespace = info.namespace if scope.kind.namespaced else ""
    if dry_run:
        if store.get(scope.resource, namespace, metadata["name"]) is not None:
            raise _taken(backend, scope, namespace, metadata["name"])
        return preview(scope, prepared.body, 0)
    for _ in range(_ATTEMPTS if generated else 1):
        try:
            body = canonical(scope, dict(prepared.body))
            return await store.create(scope.resource, namespace, metadata["name"], body)
        except AlreadyExistsError as error:
            failure = insertion_error(backend, info, prepared, error)
            if generated:
                metadata["name"] = generate_name(backend, generated)
        except (UnavailableError, ValueError) as error:
            raise insertion_error(backend, info, prepared, error) from error
    raise failure


def insertion_error(backend: Backend, info: RequestInfo, prepared: Prepared, error: Exception | None) -> StatusError:
    """What the store's refusal of a new object is to its client."""
    scope, name = info.served, prepared.body["metadata"]["name"]
    if isinstance(error, AlreadyExistsError):
        if prepared.generated:
            return generate_name_conflict(scope.kind, name)
        return _taken(backend, scope, info.namespace if scope.kind.namespaced else "", name)
    if isinstance(error, UnavailableError):
        return unavailable(str(error))
    return bad_request(str(error))


def _taken(backend: Backend, scope: Scope, namespace: str, name: str) -> StatusError:
    current = backend.store.get(scope.resource, namespace, name)
    deleting = current is not None and current.deleting
    return being_deleted(scope.kind, name) if deleting else already_exists(scope.kind, name)


@contextmanager
def warned(warnings: list[str]) -> Iterator[None]:
    """A refusal inside tells the warnings found so far, too."""
    try:
        yield
    except StatusError as error:
        error.warnings = warnings
        raise
