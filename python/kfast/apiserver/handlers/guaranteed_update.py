"""The one way an existing object changes: read, transform, check, write if nobody was faster, else again."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

from kfast._core import Object
from kfast.api.kind import Body, FieldError, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.authz.params import authorize_params
from kfast.apiserver.authz.permissions import missing_permissions
from kfast.apiserver.backend import Backend
from kfast.apiserver.empties import Empties, put_back, take_empties
from kfast.apiserver.handlers.contention import Contention
from kfast.apiserver.handlers.get import read_current
from kfast.apiserver.lifecycle import (
    begin_update,
    bump_generation,
    canonical,
    keep_all_but_status,
    keep_status,
    match_name,
    match_uid,
    preview,
    skimmed_bodies,
    spec_changed,
    stored_bodies,
    unique_owners,
    validate_update,
)
from kfast.apiserver.managed_fields import Entries, take_stated, track, writer
from kfast.apiserver.options import WriteOptions
from kfast.apiserver.other_versions import across_versions
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import another_uid, conflict, invalid, not_found, quoted, unavailable, wrong_object
from kfast.errors import StatusError
from kfast.meta.exchange import Request
from kfast.store.protocol import AbsentError, ModifiedError, UnavailableError

Transform = Callable[[Body, Object], Body]
"""(old, its handle) -> new. Both without resourceVersion and managed fields unless the client states them in `new`."""


@dataclass(frozen=True, slots=True)
class View:
    """What admission sees of an object whose subresource has a kind of its own: the `schema` of that kind, its object
    `of` the whole one, and `into(whole, view)`, which takes over what admission changed. The mutating step sees a copy
    of what was `sent`, if it says more or less than the whole object."""

    schema: str
    of: Callable[[Body], Body]
    into: Callable[[Body, Body], Body]
    sent: Body | None = None


@dataclass(slots=True)
class Update:
    """One change of one object.

    `part` says what of the object may change: `main` (all but status), `status`, or `all` (subresources with rules of
    their own, which skip the kind's strategy). `transform` may run several times and must not keep what it is given.
    """

    transform: Transform
    options: WriteOptions
    part: str = "main"
    metadata_only: bool = False
    """`transform` looks at nothing but metadata, and changes nothing else."""
    keeps_valid: bool = False
    """What `transform` changes outside metadata cannot make a valid object invalid: it is not checked again. Nor does
    it count as a new generation."""
    verb: str = ""
    """`put` or `patch`: whether another uid is an unmet precondition, or a change that is refused."""
    needs_version: bool = False
    """PUT of a kind that refuses unconditional updates."""
    warnings: list[str] = field(default_factory=list)
    admitted: bool = False
    """Admission has seen the request already, as a create of something else (a Binding, an Eviction)."""
    view: View | None = None
    applied: bytes | None = None
    """The JSON of the managed fields after an apply, set by `transform`; other writes are tracked."""


async def guaranteed_update(backend: Backend, request: Request, info: RequestInfo, update: Update) -> Object:
    """The object after the change; unchanged and unwritten if the change is none; its last state if removing the last
    finalizer deleted it. Raises StatusError 400, 404, 409, 422, 504."""
    kind = info.served.kind
    contention = Contention(backend)
    while True:
        current = await read_current(backend, info)
        try:
            if update.metadata_only and _skimmable(info.served, current):
                old, new = skimmed_bodies(current)
                new = update.transform(new, current)
                stated = _stated_version(info, update, current, new)
                if _skims(backend, request, info, update, old, new):
                    return await _attempt(backend, request, info, update, current, old, new, stated, True)
            old, new = stored_bodies(info.served, current)
            new = update.transform(new, current)
            stated = _stated_version(info, update, current, new)
            return await _attempt(backend, request, info, update, current, old, new, stated, update.admitted)
        except ModifiedError as error:
            await contention.lost(error)
        except AbsentError:
            raise not_found(kind, info.name) from None
        except UnavailableError as error:
            raise unavailable(str(error)) from error


def _skimmable(scope: Scope, current: Object) -> bool:
    """Whether an object may be stored again without a look at all but its metadata, as far as itself goes."""
    return scope.kind.metadata_apart is not None and scope.remote is None and scope.shows(current)


def _skims(backend: Backend, request: Request, info: RequestInfo, update: Update, old: Body, new: Body) -> bool:
    """Whether neither the kind's rules nor admission have anything to say on a change of metadata."""
    apart = info.served.kind.metadata_apart
    if apart is None or not apart(new["metadata"], old["metadata"]):
        return False
    if len(new["metadata"].get("ownerReferences") or ()) > 1:  # repeated ones are dropped after admission
        return False
    return backend.admission.skims(_attributes(request, info, update, old, new, ("", "")))


def _stated_version(info: RequestInfo, update: Update, current: Object, new: Body) -> str:
    """Raises StatusError 409 if the client means another version than the current one, or another object."""
    match_name(info, new)
    uid, scope = new["metadata"].get("uid"), info.served
    another = bool(uid) and uid != current.uid
    if another and update.verb == "put":
        raise wrong_object(
            scope.kind, info.namespace if scope.kind.namespaced else "", info.name, "UID", uid, current.uid
        )
    stated = new["metadata"].pop("resourceVersion", None) or ""
    if not isinstance(stated, str) or (stated and not stated.isdigit()):
        raise StatusError(500, "", f"strconv.ParseUint: parsing {quoted(str(stated))}: invalid syntax")
    if stated == "0":
        stated = ""
    if not stated and update.needs_version:
        kind = info.served.kind
        why = FieldError(
            "metadata.resourceVersion", "FieldValueInvalid", "Invalid value: 0: must be specified for an update"
        )
        raise invalid(kind.group, kind.plural, info.name, [why])
    if stated and stated != current.resource_version:
        raise conflict(info.served.kind, info.name)
    if another and update.verb == "patch":
        raise another_uid(scope.kind, info.name, uid)
    return stated


async def _attempt(
    backend: Backend,
    request: Request,
    info: RequestInfo,
    update: Update,
    current: Object,
    old: Body,
    sent: Body,
    version: str,
    admitted: bool,
) -> Object:
    """Writes the change; without admission where it was `admitted`."""
    scope, dry_run = info.served, update.options.dry_run
    kind = scope.kind
    match_uid(kind, sent, old)
    stated, live = take_stated(sent), current.managed_fields
    metadata_only = False  # as far as the kind's rules go
    if update.part == "status":
        scope.subresources[info.subresource].defaults(sent)
    elif update.part == "main":
        metadata_only = not kind.validates_metadata and not spec_changed(sent, old)
        if not metadata_only:
            kind.defaults(sent)
    new = _kept(info, update, sent, old)
    empties = take_empties(backend, scope, new)
    managed = await _managed(backend, request, info, update, old, new, stated, live)
    attributes = _attributes(request, info, update, old, sent, (version, current.resource_version))
    attributes.managed = managed, live
    if not admitted:
        changed = await _admit(backend, scope, update, attributes, sent, empties)
        if changed is not None:
            put_back(empties)
            new = _kept(info, update, changed, old)
            empties = take_empties(backend, scope, new)
    counts = kind.has_generation and update.part != "status" and not update.keeps_valid
    if counts and kind.counts_what_is_dropped:
        bump_generation(kind, new, old)
    if update.part == "main":
        kind.prepare_update(new, old)
    elif update.part == "status":
        scope.subresources[info.subresource].prepare(new, old, backend.clock.now())
    if counts and not kind.counts_what_is_dropped:
        bump_generation(kind, new, old)
    reservations = backend.reservations.get(scope.resource) if update.part == "main" else None
    settle = reservations.begin_update(new, old, dry_run) if reservations is not None else None
    stored = False
    try:
        if not update.keeps_valid or new["metadata"] != old["metadata"]:
            await _validate(backend, request, info, update, current, old, new, empties)
        if empties and not metadata_only:
            kind.defaults(new)  # as upstream's readers see what is absent in storage
        if not admitted:
            attributes.object = new if update.view is None else update.view.of(new)
            attributes.versions = (current.resource_version, current.resource_version)
            await backend.admission.validate(attributes)
        if update.part == "main" and not metadata_only:
            update.warnings[:] = update.warnings or _warnings(kind, new, old)
        obj = await _write(backend, info, current, old, new, managed, dry_run)
        stored = not dry_run
    finally:
        if settle is not None:
            settle(stored)
    return obj


async def _managed(
    backend: Backend,
    request: Request,
    info: RequestInfo,
    update: Update,
    old: Body,
    new: Body,
    stated: Entries | None,
    live: bytes,
) -> bytes:
    """The managed fields after the write."""
    if update.applied is not None:
        return update.applied
    if update.part == "all":
        return live
    author = writer(backend, request, update.options, info.served, info.subresource)
    run = partial(track, backend, info.served, author, old, new, stated, live, info.subresource)
    return await across_versions(backend, info.served, info.subresource, new, run)


async def _validate(
    backend: Backend,
    request: Request,
    info: RequestInfo,
    update: Update,
    current: Object,
    old: Body,
    new: Body,
    empties: Empties,
) -> None:
    """The kind's rules, and what the requester needs permission for. Raises StatusError 403, 422."""
    scope, part = info.served, "main" if update.part == "main" else info.subresource
    refused = await missing_permissions(backend.authorizer, request, info, new, old)
    validate_update(backend, scope, new, old, current.resource_version, part, empties, refused)
    if part == "main":
        await authorize_params(backend, scope, request.user, new, old)


def _attributes(
    request: Request, info: RequestInfo, update: Update, old: Body, new: Body, versions: tuple[str, str]
) -> Attributes:
    schema, view = "", update.view
    name = old["metadata"]["name"]
    if view is not None:
        seen = view.of(new) if view.sent is None else deepcopy(view.sent)
        schema, new, old = view.schema, seen, view.of(old)
    return Attributes.of(
        "UPDATE", request, info, update.options, name=name, object=new, old=old, schema=schema, versions=versions
    )


async def _admit(
    backend: Backend, scope: Scope, update: Update, attributes: Attributes, sent: Body, empties: Empties
) -> Body | None:
    """The object after the mutating step, None if that is what was sent. Plugins see what the client sent, with
    defaults: neither what the system owns nor what the write may not touch is filled in."""
    status = update.part == "status" and backend.admission.looks_at(attributes)
    if status:
        attributes.kind.defaults(sent)
    out_of_sight = take_empties(backend, scope, sent) if empties or status else []
    looked = await backend.admission.admit(attributes)
    put_back(out_of_sight)
    if looked and update.view is not None:
        assert attributes.object is not None
        sent = update.view.into(sent, attributes.object)
    if looked:
        take_stated(sent)
    repeated = unique_owners(sent["metadata"], admitted=True)
    for warning in repeated:
        attributes.warn(warning)
    return sent if looked or repeated else None


def _kept(info: RequestInfo, update: Update, sent: Body, old: Body) -> Body:
    """What was sent, with what the system owns and what the write may not touch as in `old`."""
    new = {**sent, "metadata": dict(sent["metadata"])}
    begin_update(new, old)
    if update.part == "status":
        return keep_all_but_status(new, old, info.served.subresources[info.subresource].metadata)
    if update.part == "main" and info.served.kind.has_status:
        keep_status(new, old)
    return new


def _warnings(kind: Kind, new: Body, old: Body) -> list[str]:
    return kind.warnings(new) if kind.update_warnings is None else kind.update_warnings(new, old)


async def _write(
    backend: Backend, info: RequestInfo, current: Object, old: Body, new: Body, managed: bytes, dry_run: bool
) -> Object:
    scope, store = info.served, backend.store
    if deletable(new) and not dry_run:
        gone = await store.delete(scope.resource, current.namespace, current.name, current.revision)
        reservations = backend.reservations.get(scope.resource)
        if reservations is not None:
            reservations.after_delete(old)
        return preview(scope, new, managed, gone.revision)
    if new == old and managed == current.managed_fields and not _outdated(backend, scope, current):
        return current
    if dry_run:
        return preview(scope, new, managed, current.revision)
    data = canonical(scope, new, managed)
    if scope.remote is not None:
        data = await scope.remote.stored(data)
    obj = await store.update(scope.resource, current.namespace, current.name, data, current.revision)
    return await backend.read_one(scope, obj)


def _outdated(backend: Backend, scope: Scope, current: Object) -> bool:
    """Whether writing an object as it is would store it otherwise: that is how storage is migrated."""
    if not (scope.custom and scope.converts):
        return False
    stored = backend.store.get(scope.resource, current.namespace, current.name)
    return stored is not None and scope.outdated(stored)


def deletable(body: Body) -> bool:
    """A deleted object that nothing holds any more: no finalizers, no grace left, no namespace content."""
    metadata = body["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    if body["kind"] == "Namespace" and body["apiVersion"] == "v1" and (body.get("spec") or {}).get("finalizers"):
        return False
    return not metadata.get("deletionGracePeriodSeconds")
