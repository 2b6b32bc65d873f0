"""pods/binding of many pods: checked and written by the core, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.apiserver.backend import Backend
from kfast.apiserver.status_errors import not_found, unavailable
from kfast.apiserver.subresources.binding import unbindable, validate_target
from kfast.clock import rfc3339
from kfast.errors import StatusError
from kfast.meta.exchange import Binding, Outcomes
from kfast.store.protocol import AbsentError, StoreError


async def bind_many(backend: Backend, bindings: Sequence[Binding]) -> Outcomes:
    """None or the failure of each binding."""
    scope = backend.scope("", "v1", "pods")
    assert scope is not None
    outcomes: Outcomes = [None] * len(bindings)
    fit = [number for number, binding in enumerate(bindings) if binding.node]
    if len(fit) < len(bindings):
        for number, binding in enumerate(bindings):
            outcomes[number] = None if binding.node else _invalid(binding)
    labelled = backend.new_pods.labelled([bindings[n] for n in fit])
    made = await backend.store.bind_many(labelled, rfc3339(backend.clock.now()))
    for number, outcome in zip(fit, made, strict=True):
        if not isinstance(outcome, Object):
            outcomes[number] = _failure(scope.kind, bindings[number], outcome)
    return outcomes


def _invalid(binding: Binding) -> StatusError | None:
    try:
        validate_target(binding.name, {"name": binding.node})
    except StatusError as error:
        return error
    return None


def _failure(kind: Kind, binding: Binding, outcome: StoreError | tuple[str, str]) -> StatusError:
    if isinstance(outcome, AbsentError):
        return not_found(kind, binding.name)
    if isinstance(outcome, StoreError):
        return unavailable(str(outcome))
    return unbindable(kind, binding.namespace, binding.name, binding.uid, *outcome)
