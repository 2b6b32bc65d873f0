"""`clientConnection.qps` and `burst`: how fast a scheduler of its own process may write."""

from __future__ import annotations

from collections.abc import Sequence

from kfast.client.transports.protocol import Transport
from kfast.clock import Clock
from kfast.meta.exchange import Binding, Outcomes, Request, Response
from kfast.runtime.workqueue import TokenBucket
from kfast.scheduler.configuration.types import ClientConnectionConfiguration


class ThrottledTransport:
    """Another transport whose writes wait for tokens, first come, first served; reads and watches do not."""

    def __init__(self, transport: Transport, bucket: TokenBucket, clock: Clock) -> None:
        self._transport = transport
        self._bucket = bucket
        self._clock = clock

    async def send(self, request: Request) -> Response:
        """As the transport does, in its turn."""
        if request.method != "GET" and (wait := self._bucket.reserve()) > 0:
            await self._clock.sleep(wait)
        return await self._transport.send(request)

    async def create_many(self, path: str, bodies: Sequence[bytes], agent: str, objects: bool) -> Outcomes | None:
        """None: each request takes a token of its own."""

    async def bind_many(self, bindings: Sequence[Binding]) -> Outcomes | None:
        """None: each request takes a token of its own."""

    async def close(self) -> None:
        """Closes the transport."""
        await self._transport.close()


def throttled(transport: Transport, stated: ClientConnectionConfiguration, clock: Clock) -> Transport:
    """The transport as a file states it, before defaults: unchanged if it states neither `qps` nor `burst`, or a
    negative `qps`. What is left out is upstream's default: 50 a second, 100 at once."""
    if stated.qps < 0 or not (stated.qps or stated.burst):
        return transport
    return ThrottledTransport(transport, TokenBucket(clock, stated.qps or 50.0, stated.burst or 100), clock)
