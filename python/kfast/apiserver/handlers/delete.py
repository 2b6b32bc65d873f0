"""DELETE of one object: preconditions, grace, finalizers and propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kfast._core import Object
from kfast.api.kind import Body, Kind
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.backend import Backend
from kfast.apiserver.decode import decode_options
from kfast.apiserver.encode import object_response, output_of, status_success
from kfast.apiserver.handlers.contention import Contention
from kfast.apiserver.handlers.create import warned
from kfast.apiserver.handlers.get import read_current
from kfast.apiserver.handlers.guaranteed_update import deletable
from kfast.apiserver.lifecycle import canonical, preview, stored_bodies, stored_body
from kfast.apiserver.negotiate import Output
from kfast.apiserver.options import DeleteOptions, delete_options
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.scope import Scope
from kfast.apiserver.status_errors import conflict, precondition_failed, unavailable
from kfast.clock import parse_time, rfc3339
from kfast.meta.exchange import Request, Response
from kfast.store.protocol import AbsentError, ModifiedError, UnavailableError

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
RETURNS_OBJECT = frozenset(
    {
        "pods",
        "services",
        "podtemplates",
        "persistentvolumes",
        "persistentvolumeclaims",
        "resourcequotas",
        "serviceaccounts",
        "storageclasses.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "csidrivers.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
        "volumeattributesclasses.storage.k8s.io",
        "deviceclasses.resource.k8s.io",
        "resourceclaims.resource.k8s.io",
        "resourceclaimtemplates.resource.k8s.io",
        "resourceslices.resource.k8s.io",
    }
)
"""Resources whose DELETE answers with the removed object instead of a Status."""


@dataclass(slots=True)
class Deletion:
    """The outcome: the object as it is now, or was last, and whether it is gone."""

    object: Object
    gone: bool


async def delete(backend: Backend, request: Request, info: RequestInfo) -> Response:
    """200 with a Status or the object; 202 where orphanDependents=false leaves it waiting.
    Raises StatusError 400, 403, 404, 409, 415, 422."""
    scope = info.served
    output = output_of(request, scope, "object")
    options = read_options(backend, request)
    kind = scope.kind
    silent = options.propagation is None and options.orphan_dependents is None
    warnings = [kind.delete.warning] if kind.delete.warning and silent else []
    with warned(warnings):
        outcome = await delete_object(backend, request, info, options)
    response = _answer(backend, request, info, output, options, outcome)
    response.warnings = warnings
    return response


def _answer(
    backend: Backend, request: Request, info: RequestInfo, output: Output, options: DeleteOptions, outcome: Deletion
) -> Response:
    scope, kind = info.served, info.served.kind
    if outcome.gone and scope.resource not in RETURNS_OBJECT and output.transform == "":
        details = {"name": info.name, "group": kind.group, "kind": kind.plural, "uid": outcome.object.uid}
        return status_success(request, 200, {k: v for k, v in details.items() if v})
    status = 202 if not outcome.gone and options.orphan_dependents is False else 200
    return object_response(backend, request, info, output, outcome.object, status)


def read_options(backend: Backend, request: Request) -> DeleteOptions:
    """DeleteOptions of the body or the query. Raises StatusError 400, 415, 422."""
    if not request.body:
        return delete_options(request, None)
    return delete_options(request, decode_options(backend, request, "DeleteOptions"))


async def delete_object(
    backend: Backend, request: Request, info: RequestInfo, options: DeleteOptions, admitted: bool = False
) -> Deletion:
    """Deletes, or marks as being deleted, whatever version is current when it succeeds. `admitted`: admission has seen
    the request as one for something else (an Eviction), or is not asked, as for the system's own."""
    kind = info.served.kind
    contention = Contention(backend)
    while True:
        current = await read_current(backend, info)
        check_preconditions(kind, current, options)
        if not admitted:
            await _admit(backend, request, info, current, options)
            admitted = True
        try:
            return await _attempt(backend, info, current, options)
        except (ModifiedError, AbsentError) as error:
            await contention.lost(error)
        except UnavailableError as error:
            raise unavailable(str(error)) from error


def check_preconditions(kind: Kind, current: Object, options: DeleteOptions) -> None:
    """Raises StatusError 409 unless uid and resourceVersion, where stated, are those of the object."""
    if kind.delete.mark is not None:
        for what, stated, found in (
            ("UID", options.uid, current.uid),
            ("ResourceVersion", options.resource_version, current.resource_version),
        ):
            if stated is not None and stated != found:
                why = f"Precondition failed: {what} in precondition: {stated}, {what} in object meta: {found}"
                raise conflict(kind, current.name, why)
    if options.uid is not None and options.uid != current.uid:
        why = f"the UID in the precondition ({options.uid}) does not match the UID in record ({current.uid})."
        raise precondition_failed(kind, current.name, f"{why} The object might have been deleted and then recreated")
    version = options.resource_version
    if version is not None and version != current.resource_version:
        why = (
            f"the ResourceVersion in the precondition ({version}) does not match "
            f"the ResourceVersion in record ({current.resource_version})."
        )
        raise precondition_failed(kind, current.name, f"{why} The object might have been modified")


async def _admit(
    backend: Backend, request: Request, info: RequestInfo, current: Object, options: DeleteOptions
) -> None:
    attributes = Attributes.of(
        "DELETE",
        request,
        info,
        options,
        name="" if info.verb == "deletecollection" else current.name,
        old=stored_body(info.served, current),
        versions=("", current.resource_version),
        managed=(b"", current.managed_fields),
    )
    await backend.admission.review(attributes)


async def _attempt(backend: Backend, info: RequestInfo, current: Object, options: DeleteOptions) -> Deletion:
    scope, store = info.served, backend.store
    body, before = stored_bodies(scope, current)
    if _mark(backend, scope.kind, body, options):
        if options.dry_run:
            return Deletion(preview(scope, body, current.managed_fields, current.revision), True)
        if body != before:  # the mark is seen by watchers before the object goes
            data = await _stored(scope, body, current)
            current = await store.update(scope.resource, current.namespace, current.name, data, current.revision)
        try:
            gone = await store.delete(scope.resource, current.namespace, current.name, current.revision)
        except AbsentError:
            if body == before:
                raise
            return Deletion(current, True)  # who saw the mark was faster
        reservations = backend.reservations.get(scope.resource)
        if reservations is not None:
            reservations.after_delete(before)
        return Deletion(gone, True)
    if body == before:
        return Deletion(current, False)
    if options.dry_run:
        return Deletion(preview(scope, body, current.managed_fields, current.revision), False)
    data = await _stored(scope, body, current)
    obj = await store.update(scope.resource, current.namespace, current.name, data, current.revision)
    return Deletion(await backend.read_one(scope, obj), False)


async def _stored(scope: Scope, body: Body, current: Object) -> bytes:
    data = canonical(scope, body, current.managed_fields)
    return data if scope.remote is None else await scope.remote.stored(data)


def _mark(backend: Backend, kind: Kind, body: Body, options: DeleteOptions) -> bool:
    """Changes `body` as a delete does; True if it is to be removed now."""
    metadata = body["metadata"]
    now = backend.clock.now()
    if kind.resource == "namespaces":
        return _mark_namespace(metadata, body, options, now)
    if kind.delete.mark is not None and "deletionTimestamp" not in metadata:
        kind.delete.mark(body, now)
        return False
    grace = _grace(kind, body, metadata, options)
    if grace is not None:
        pending = _mark_graceful(metadata, grace, options, now)
        if pending:
            return False
    finalizers = _finalizers(kind, metadata, options)
    if finalizers:
        metadata["finalizers"] = finalizers
        if not grace:
            _mark_deleting(metadata, now)
        return False
    metadata.pop("finalizers", None)
    return not grace


def _grace(kind: Kind, body: Body, metadata: dict[str, Any], options: DeleteOptions) -> int | None:
    """Seconds left to the object; None if its deletion is not graceful."""
    if kind.delete.grace_seconds is None:
        return None
    if "deletionTimestamp" in metadata:
        pending = metadata.get("deletionGracePeriodSeconds")
        if not pending:
            return None
        return int(pending) if options.grace_seconds is None else min(options.grace_seconds, int(pending))
    return max(kind.delete.grace_seconds(body, options.grace_seconds), 0)


def _mark_graceful(metadata: dict[str, Any], grace: int, options: DeleteOptions, now: float) -> bool:
    """Starts or shortens the grace period; True if a running one is left as it is."""
    if "deletionTimestamp" in metadata:
        pending = int(metadata["deletionGracePeriodSeconds"])
        if grace >= pending:
            return True
        start = parse_time(metadata["deletionTimestamp"]) - pending
        metadata["deletionTimestamp"] = rfc3339(start + grace)
    else:
        metadata["deletionTimestamp"] = rfc3339(now + grace)
        if metadata.get("generation"):
            metadata["generation"] += 1
    metadata["deletionGracePeriodSeconds"] = grace
    return False


def _mark_deleting(metadata: dict[str, Any], now: float) -> None:
    """An object that only its finalizers keep."""
    if "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = rfc3339(now)
        if metadata.get("generation"):
            metadata["generation"] += 1
    metadata["deletionGracePeriodSeconds"] = 0


def _finalizers(kind: Kind, metadata: dict[str, Any], options: DeleteOptions) -> list[str]:
    """The object's finalizers with those of the garbage collector as the propagation policy demands."""
    old = metadata.get("finalizers") or []
    kept = [f for f in old if f not in (ORPHAN, FOREGROUND)]
    if options.orphan_dependents is not None:
        orphan, foreground = options.orphan_dependents, False
    elif options.propagation is not None:
        orphan, foreground = options.propagation == "Orphan", options.propagation == "Foreground"
    elif ORPHAN in old or FOREGROUND in old:
        return list(old)
    else:
        orphan, foreground = kind.delete.propagation == "Orphan", False
    return kept + [ORPHAN] * orphan + [FOREGROUND] * foreground


def _mark_namespace(metadata: dict[str, Any], body: Body, options: DeleteOptions, now: float) -> bool:
    """A namespace first terminates; it goes once its content and finalizers are gone."""
    if "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = rfc3339(now)
        body["status"] = {**(body.get("status") or {}), "phase": "Terminating"}
        if options.propagation == "Orphan" or options.orphan_dependents:
            finalizers = metadata.setdefault("finalizers", [])
            if ORPHAN not in finalizers:
                finalizers.append(ORPHAN)
    return deletable(body)
