"""One leader at a time, by client-go's rules."""

import asyncio
import json

import pytest

from kfast.errors import StatusError
from kfast.runtime import LeaderElector, LeadershipLostError


def lease(server):
    [body] = [json.loads(b) for path, b in server.objects.items() if "/leases/" in path]
    return body["spec"]


def leading(client, clock, name, log):
    async def lead():
        log.append(name)
        await clock.sleep(10_000)

    elector = LeaderElector(client, clock, "lock", name)
    return elector, asyncio.ensure_future(elector.run(lead))


def test_the_second_waits_until_the_first_is_silent(virtual):
    async def scenario(server, client, clock):
        log = []
        first, task = leading(client, clock, "first", log)
        await clock.sleep(1)
        second, waiting = leading(client, clock, "second", log)
        await clock.sleep(100)
        assert log == ["first"]
        assert first.is_leader
        assert second.leader == "first"
        assert lease(server)["leaseTransitions"] == 0
        # It dies without giving the lease up.
        server.fail["PUT"] = [StatusError(500, "InternalError", "down")]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        silent_since = clock.monotonic()
        while len(log) < 2:
            await clock.sleep(0.5)
        assert 9 <= clock.monotonic() - silent_since <= 15 + 2 * 4.4
        assert lease(server)["holderIdentity"] == "second"
        assert lease(server)["leaseTransitions"] == 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    virtual(scenario)


def test_a_released_lease_is_taken_at_once(virtual):
    async def scenario(server, client, clock):
        log = []
        _, task = leading(client, clock, "first", log)
        await clock.sleep(1)
        _, waiting = leading(client, clock, "second", log)
        await clock.sleep(5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert lease(server)["holderIdentity"] == ""
        await clock.sleep(5)
        assert log == ["first", "second"]
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    virtual(scenario)


def test_a_leader_that_cannot_renew_stops_leading(virtual):
    async def scenario(server, client, clock):
        log = []
        _, task = leading(client, clock, "first", log)
        await clock.sleep(3)
        server.fail["PUT"] = [StatusError(500, "InternalError", "down")] * 100
        started = clock.monotonic()
        with pytest.raises(LeadershipLostError):
            await task
        assert 8 <= clock.monotonic() - started <= 15
        assert len(log) == 1

    virtual(scenario)
