"""Many uniform writes: in one piece where the transport can, else as single requests side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.errors import StatusError
from kfast.meta.exchange import Binding, Outcomes

if TYPE_CHECKING:
    from kfast.client.client import Client

_PARALLEL = 32
"""Single requests under way at once."""
_encode = msgspec.json.encode
T = TypeVar("T")


async def create_many(
    client: Client, kind: Kind, bodies: Sequence[dict[str, Any]], namespace: str, objects: bool
) -> Outcomes:
    """See `Client.create_many`."""
    places: dict[str, list[int]] = {}
    for number, body in enumerate(bodies):
        where = namespace or str(body.get("metadata", {}).get("namespace") or "")
        places.setdefault(where, []).append(number)
    outcomes: Outcomes = [None] * len(bodies)
    for where, numbers in places.items():
        texts = [_encode(bodies[number]) for number in numbers]
        made = await client.transport.create_many(kind.path(where), texts, client.user_agent, objects)
        if made is None:

            async def create(number: int, where: str = where) -> Object | None:
                made = await client.create(kind, bodies[number], where)
                return made if objects else None

            made = await _side_by_side(create, numbers)
        for number, outcome in zip(numbers, made, strict=True):
            outcomes[number] = outcome
    return outcomes


async def bind_many(client: Client, pods: Kind, bindings: Sequence[Binding]) -> Outcomes:
    """See `Client.bind_many`."""
    made = await client.transport.bind_many(bindings)
    if made is not None:
        return made

    async def bind(binding: Binding) -> None:
        path = pods.path(binding.namespace, binding.name, "binding")
        await client.request("POST", path, body=_encode(binding.body()))

    return await _side_by_side(bind, bindings)


async def _side_by_side(call: Callable[[T], Awaitable[Object | None]], items: Sequence[T]) -> Outcomes:
    """The outcome of each call; another failure than a StatusError ends all."""
    outcomes: Outcomes = [None] * len(items)
    waiting = iter(enumerate(items))

    async def work() -> None:
        for number, item in waiting:
            try:
                outcomes[number] = await call(item)
            except StatusError as error:
                outcomes[number] = error

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_PARALLEL, len(items))):
            group.create_task(work())
    return outcomes
