"""Many uniform writes of one caller at once: the rules and errors of single requests, one store transaction.

What a batch path does not cover (kinds that reserve something or are never stored, admission plugins that care about
bindings) is sent through the chain request by request.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from kfast._core import Object
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.backend import Backend
from kfast.apiserver.handlers.create_many import batchable, create_many
from kfast.apiserver.request_info import RequestInfo, request_info
from kfast.apiserver.subresources.bind_many import bind_many
from kfast.errors import StatusError
from kfast.meta.exchange import Batch, BindBatch, Binding, CreateBatch, Handler, Outcomes, Request, User

Authorize = Callable[[User, RequestInfo], Awaitable[None]]
"""Raises StatusError 403."""
Observe = Callable[[RequestInfo, int, float, int], None]
"""Counts requests: attributes, code, seconds, how many."""

SIZE = 1024
"""Writes of one transaction: they hold the loop and the store's locks together."""

_encode = msgspec.json.encode


class Batches:
    """Answers batches; `handle` is the chain of single requests."""

    def __init__(self, backend: Backend, authorize: Authorize, handle: Handler, observe: Observe) -> None:
        self._backend = backend
        self._authorize = authorize
        self._handle = handle
        self._observe = observe
        self.one_by_one = False
        """Every request goes through the chain by itself: each is to be audited."""

    async def handle(self, batch: Batch) -> Outcomes:
        """The outcomes in order."""
        if isinstance(batch, BindBatch):
            return await self._bind(batch)
        return await self._create(batch)

    async def _create(self, batch: CreateBatch) -> Outcomes:
        headers = {"user-agent": batch.agent}
        request = Request("POST", batch.path, headers=headers, user=batch.user, native=True)
        info = request_info(request, self._backend.scope)
        if self.one_by_one or not batchable(self._backend, info):
            return [await self._single(batch.path, body, batch.user, batch.agent) for body in batch.bodies]
        try:
            await self._authorize(batch.user, info)
        except StatusError as error:
            return [error] * len(batch.bodies)
        outcomes: Outcomes = []
        for part in _parts(batch.bodies):
            started = time.perf_counter()
            made = await create_many(self._backend, request, info, part, batch.objects)
            self._count(info, made, time.perf_counter() - started)
            outcomes += made
        return outcomes

    async def _bind(self, batch: BindBatch) -> Outcomes:
        backend, user = self._backend, batch.user
        outcomes: Outcomes = [None] * len(batch.bindings)
        scope = backend.scope("", "v1", "pods")
        create = Attributes("CREATE", scope.kind, "binding", "", "", None, None, user, False) if scope else None
        single = self.one_by_one or create is None or backend.admission.looks_at(create)
        allowed: dict[str, bool] = {}
        fit: list[tuple[int, Binding]] = []
        for number, binding in enumerate(batch.bindings):
            namespace = binding.namespace
            if namespace not in allowed:
                allowed[namespace] = not single and await self._may_bind(user, namespace)
            if allowed[namespace]:
                fit.append((number, binding))
            else:
                path = f"/api/v1/namespaces/{namespace}/pods/{binding.name}/binding"
                outcomes[number] = await self._single(path, _encode(binding.body()), user)
        for part in _parts(fit):
            started = time.perf_counter()
            made = await bind_many(backend, [binding for _, binding in part])
            self._count(self._binding(part[0][1].namespace, user), made, time.perf_counter() - started)
            for (number, _), outcome in zip(part, made, strict=True):
                outcomes[number] = outcome
        return outcomes

    async def _may_bind(self, user: User, namespace: str) -> bool:
        """Whether `user` may bind every pod of the namespace, and admission has nothing against it. If not, he may
        still bind some that a rule names."""
        try:
            info = self._binding(namespace, user)
            await self._authorize(user, info)
            attributes = Attributes("CREATE", info.served.kind, "binding", namespace, "", None, None, user, False)
            await self._backend.admission.review(attributes)
        except StatusError:
            return False
        return bool(namespace)

    def _binding(self, namespace: str, user: User) -> RequestInfo:
        path = f"/api/v1/namespaces/{namespace}/pods//binding"
        return request_info(Request("POST", path, user=user, native=True), self._backend.scope)

    def _count(self, info: RequestInfo, outcomes: Outcomes, seconds: float) -> None:
        """Each request of a part took as long as the part."""
        codes = Counter(outcome.code if isinstance(outcome, StatusError) else 201 for outcome in outcomes)
        for code, count in codes.items():
            self._observe(info, code, seconds, count)

    async def _single(self, path: str, body: bytes, user: User, agent: str = "") -> Object | StatusError | None:
        headers = {"content-type": "application/json", "user-agent": agent}
        answer = await self._handle(Request("POST", path, {}, headers, body, user, native=True))
        payload: Any = answer.payload
        if answer.status >= 400:
            return StatusError.from_dict(payload)
        if isinstance(payload, dict):
            return None if payload.get("kind") == "Status" else Object.parse(_encode(payload))
        return payload  # type: ignore[no-any-return]


def _parts(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[at : at + SIZE] for at in range(0, len(items), SIZE)]
