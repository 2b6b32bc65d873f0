"""Creates of one collection: each prepared as a single create is, stored in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from kfast._core import Object
from kfast.apiserver.backend import Backend
from kfast.apiserver.encode import object_response, output_of
from kfast.apiserver.handlers.create import Prepared, insert, insertion_error, prepare_bodies
from kfast.apiserver.options import WriteOptions
from kfast.apiserver.request_info import RequestInfo
from kfast.errors import StatusError
from kfast.meta.exchange import Outcomes, Request
from kfast.store.protocol import AlreadyExistsError

_OPTIONS = WriteOptions()


def batchable(backend: Backend, info: RequestInfo) -> bool:
    """Whether creates of this path may share a transaction: stored objects of kinds that reserve nothing."""
    scope = info.scope
    if scope is None or info.verb != "create" or info.name or info.subresource or "create" not in scope.verbs:
        return False
    if scope.kind.namespaced != bool(info.namespace) or scope.resource in backend.reservations:
        return False
    return scope.remote is None and scope.kind.resource not in backend.virtual and scope.kind.resource != "bindings"


async def create_many(
    backend: Backend, request: Request, info: RequestInfo, bodies: Sequence[bytes], objects: bool
) -> Outcomes:
    """The outcomes of POSTs of `bodies`; `request` is theirs but for the body. None for objects unless `objects`."""
    scope = info.served
    outcomes: Outcomes = [None] * len(bodies)
    ready: list[tuple[int, Prepared]] = []
    for number, prepared in enumerate(await prepare_bodies(backend, request, info, bodies, _OPTIONS)):
        if isinstance(prepared, StatusError):
            outcomes[number] = prepared
        else:
            ready.append((number, prepared))
    namespace = info.namespace if scope.kind.namespaced else ""
    writes = [(namespace, prepared.name, prepared.data) for _, prepared in ready]
    made = await backend.store.create_many(scope.resource, writes)
    output = output_of(request, scope, "object")
    for (number, prepared), outcome in zip(ready, made, strict=True):
        try:
            if isinstance(outcome, AlreadyExistsError) and prepared.renamed:
                outcome = await insert(backend, info, prepared, dry_run=False)
            elif not isinstance(outcome, Object):
                raise insertion_error(backend, info, prepared, outcome)
        except StatusError as error:
            outcomes[number] = error
        else:
            answer = object_response(backend, request, info, output, outcome, 201).payload if objects else None
            outcomes[number] = answer if isinstance(answer, Object) else None
    return outcomes
