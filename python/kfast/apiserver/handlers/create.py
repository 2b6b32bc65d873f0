"""POST: creates an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from kfast._core import Object
from kfast.api.kind import Body, FieldError, PrepareBodies, Used, Whole
from kfast.apiserver.admission.chain import Attributes, refusal
from kfast.apiserver.admission.pod_security import AUDIT_VIOLATIONS
from kfast.apiserver.authz.params import authorize_params
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_object
from kfast.apiserver.empties import put_back, take_empties
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.lifecycle import (
    NAME_SUFFIX,
    begin_create,
    canonical,
    generate_name,
    match_namespace,
    metadata_of,
    name_suffix,
    preview,
    stated_revision,
    unique_owners,
    validate_create,
    wipe_system_owned,
)
from kfast.apiserver.managed_fields import manager_of, take_stated, track, writer
from kfast.apiserver.negotiate import content_type
from kfast.apiserver.options import WriteOptions, write_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import (
    already_exists,
    bad_request,
    being_deleted,
    forbidden,
    generate_name_conflict,
    invalid,
    method_not_supported,
    unavailable,
)
from kfast.clock import rfc3339
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
    (prepared,) = await prepare_bodies(backend, request, info, [request.body], options)
    if isinstance(prepared, StatusError):
        raise prepared
    try:
        obj = await settled(backend, info, prepared, options.dry_run)
    except StatusError as error:
        error.warnings = prepared.warnings
        raise
    response = object_response(backend, request, info, output, obj, 201)
    response.warnings = prepared.warnings
    return response


async def create_body(
    backend: Backend,
    request: Request,
    info: RequestInfo,
    body: Body,
    options: WriteOptions,
    warnings: list[str],
    applied: bytes | None = None,
) -> Object:
    """All of a create after decoding; adds to `warnings`. `applied`: the JSON of the managed fields of an apply."""
    prepared = await prepare(backend, request, info, body, options, warnings, applied)
    return await settled(backend, info, prepared, options.dry_run)


async def settled(backend: Backend, info: RequestInfo, prepared: Prepared, dry_run: bool) -> Object:
    """Stores the object and tells whether it was."""
    stored = False
    try:
        obj = await insert(backend, info, prepared, dry_run)
        stored = not dry_run
    finally:
        if prepared.settle is not None:
            prepared.settle(stored)
    return obj


@dataclass(slots=True)
class Prepared:
    """A new object that may be stored: its canonical bytes, how to name it anew if its name was generated, and what is
    to be told whether it was."""

    name: str
    data: bytes
    warnings: list[str]
    renamed: Callable[[], tuple[str, bytes]] | None = None
    settle: Callable[[bool], None] | None = None


async def prepare_bodies(
    backend: Backend, request: Request, info: RequestInfo, bodies: Sequence[bytes], options: WriteOptions
) -> list[Prepared | StatusError]:
    """Creates between their bodies and the store; `request` is theirs but for the body."""
    whole = await _prepare_whole(backend, request, info, bodies, options)
    return [
        ready or await _prepare_body(backend, request, info, body, options)
        for ready, body in zip(whole, bodies, strict=True)
    ]


async def _prepare_body(
    backend: Backend, request: Request, info: RequestInfo, data: bytes, options: WriteOptions
) -> Prepared | StatusError:
    request.body = data
    warnings: list[str] = []
    try:
        body, warnings = decode_object(backend, request, info, info.served.schema, options.field_validation, True)
        return await prepare(backend, request, info, body, options, warnings)
    except StatusError as error:
        error.warnings = warnings
        return error


async def _prepare_whole(
    backend: Backend, request: Request, info: RequestInfo, bodies: Sequence[bytes], options: WriteOptions
) -> Sequence[Prepared | StatusError | None]:
    """The same without an object in Python, where the kind can and no plugin looks at it; None for a body that is to be
    refused as a whole, whose error the other way finds."""
    kind = info.served.kind
    attributes = Attributes.of("CREATE", request, info, options)
    prepare_many = await _preparation(backend, attributes)
    if prepare_many is None:
        return [None] * len(bodies)
    media_type, now = content_type(request), rfc3339(backend.clock.now())
    manager = manager_of(request, options)

    def run(bodies: Sequence[bytes], uids: list[str]) -> Sequence[Whole | None]:
        suffixes = [name_suffix(backend) for _ in bodies]
        validation = options.field_validation
        return prepare_many(
            backend.schema, list(bodies), media_type, validation, info.namespace, now, uids, suffixes, manager
        )

    def renamed(body: bytes, uid: str) -> tuple[str, bytes]:
        (again,) = run([body], [uid])
        assert again is not None
        return again[0], again[2]

    uids = [backend.new_uid() for _ in bodies]
    prepared: list[Prepared | StatusError | None] = []
    charges: list[tuple[int, str, Used]] = []
    for body, uid, whole in zip(bodies, uids, run(bodies, uids), strict=True):
        if whole is None:
            prepared.append(None)
            continue
        name, generated, data, warnings, violations, admitted = whole
        refused, audit, used = admitted or (None, None, None)
        attributes.name = name[:-NAME_SUFFIX] if generated else name
        try:
            await backend.admission.admit_unseen(attributes)
            if refused is not None and refused[0]:
                raise refusal(attributes, refused[1])
            attributes.name = name
            if violations:
                raise invalid(kind.group, kind.kind, name, [FieldError(*violation) for violation in violations])
            if audit is not None and len(bodies) == 1:
                attributes.annotate(AUDIT_VIOLATIONS, audit)
            if refused is not None:
                raise refusal(attributes, refused[1])
            await backend.admission.validate_unseen(attributes)
        except StatusError as error:
            error.warnings = warnings
            prepared.append(error)
            continue
        if used is not None:
            charges.append((len(prepared), name, used))
        prepared.append(Prepared(name, data, warnings, partial(renamed, body, uid) if generated else None))
    if charges:
        await _charge(backend, attributes, prepared, charges)
    return prepared


async def _preparation(backend: Backend, attributes: Attributes) -> PrepareBodies | None:
    """How the kind goes from bodies to bytes; None where objects are needed in Python on the way."""
    kind = attributes.kind
    pods = kind.resource == "pods"
    if (kind.prepare_bodies is None and not pods) or backend.admission.looks_at(attributes):
        return None
    if not pods:
        return kind.prepare_bodies
    rules = await backend.new_pods.rules(attributes)
    return rules.prepare if rules is not None else None


async def _charge(
    backend: Backend,
    attributes: Attributes,
    prepared: list[Prepared | StatusError | None],
    charges: Sequence[tuple[int, str, Used]],
) -> None:
    """Charges quotas with pods, (number, name, what it takes); an error takes the place of one that exceeds them."""
    outcomes = await backend.new_pods.charge(attributes, [(name, used) for _, name, used in charges])
    for (number, _, _), error in zip(charges, outcomes, strict=True):
        pod = prepared[number]
        if error is not None and isinstance(pod, Prepared):
            error.warnings = pod.warnings
            prepared[number] = error


async def prepare(
    backend: Backend,
    request: Request,
    info: RequestInfo,
    body: Body,
    options: WriteOptions,
    warnings: list[str],
    applied: bytes | None = None,
) -> Prepared:
    """All of a create between decoding and the store: defaults, admission, system fields, strategy, validation."""
    scope = info.served
    kind = scope.kind
    if kind.definition is not None and kind.definition.terminating:
        why = "create not allowed while custom resource definition is terminating"
        raise forbidden(kind.group, kind.plural, metadata_of(body).get("name") or "", why)
    match_namespace(info, body)
    metadata = metadata_of(body)
    stated, stated_version = take_stated(body), metadata.get("resourceVersion") or ""
    wipe_system_owned(metadata)
    warnings += unique_owners(metadata)
    kind.defaults(body)
    metadata = metadata_of(body)  # defaults may have made it anew
    empties = take_empties(backend, scope, body)
    managed = applied
    if managed is None:
        author = writer(backend, request, options, scope, "")
        managed = track(backend, scope, author, None, body, stated, b"", "")
    attributes = Attributes.of("CREATE", request, info, options, name=metadata.get("name") or "", object=body)
    attributes.managed = managed, b""
    await backend.admission.admit(attributes)
    put_back(empties)
    take_stated(body)
    match_namespace(info, body)
    generated = begin_create(backend, scope, body)
    warnings += unique_owners(body["metadata"], admitted=True)
    warnings += kind.prepare_create(body) or ()
    if kind.prepare_requester is not None and request.user is not None:
        kind.prepare_requester(body, request.user)
    settle = _reserve(backend, scope.resource, body, options.dry_run)
    try:
        validate_create(backend, scope, body)
        await authorize_params(backend, scope, request.user, body, None)
        warnings += kind.warnings(body)
        if empties:
            take_empties(backend, scope, body)
            kind.defaults(body)  # as upstream's readers see what is absent in storage
        attributes.name = body["metadata"]["name"]
        await backend.admission.validate(attributes)
        revision = stated_revision(stated_version, options.dry_run)
    except BaseException:
        if settle is not None:
            settle(False)
        raise
    data = canonical(scope, dict(body), managed)
    if revision:
        data = preview(scope, dict(body), managed, revision).to_bytes()
    rename = partial(_renamed, backend, scope, body, managed) if generated else None
    return Prepared(body["metadata"]["name"], data, warnings, rename, settle)


def _renamed(backend: Backend, scope: Scope, body: Body, managed: bytes) -> tuple[str, bytes]:
    """The object under another generated name."""
    metadata = metadata_of(body)
    metadata["name"] = generate_name(backend, metadata["generateName"])
    scope.kind.defaults(body)  # one may depend on the name
    return metadata["name"], canonical(scope, dict(body), managed)


def _reserve(backend: Backend, resource: str, body: Body, dry_run: bool) -> Callable[[bool], None] | None:
    reservations = backend.reservations.get(resource)
    return reservations.begin_create(body, dry_run) if reservations is not None else None


async def insert(backend: Backend, info: RequestInfo, prepared: Prepared, dry_run: bool) -> Object:
    """Stores the object, under another name if a generated one is taken. Raises StatusError 400, 409, 503."""
    scope, store = info.served, backend.store
    namespace = info.namespace if scope.kind.namespaced else ""
    if dry_run:
        if store.get(scope.resource, namespace, prepared.name) is not None:
            raise _taken(backend, scope, namespace, prepared.name)
        return Object.parse(prepared.data)
    for _ in range(_ATTEMPTS if prepared.renamed else 1):
        try:
            data = prepared.data if scope.remote is None else await scope.remote.stored(prepared.data)
            return await backend.read_one(scope, await store.create(scope.resource, namespace, prepared.name, data))
        except AlreadyExistsError as error:
            failure = insertion_error(backend, info, prepared, error)
            if prepared.renamed:
                prepared.name, prepared.data = prepared.renamed()
        except (UnavailableError, ValueError) as error:
            raise insertion_error(backend, info, prepared, error) from error
    raise failure


def insertion_error(backend: Backend, info: RequestInfo, prepared: Prepared, error: Exception | None) -> StatusError:
    """What the store's refusal of a new object is to its client."""
    scope, name = info.served, prepared.name
    if isinstance(error, AlreadyExistsError):
        if prepared.renamed:
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
