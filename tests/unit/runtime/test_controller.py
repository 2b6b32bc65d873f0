"""A controller hears of its keys, retries what fails and stops when told."""

from itertools import pairwise

import pytest

from kfast.clock import LoopClock
from kfast.errors import StatusError
from kfast.runtime import Controller, Expectations, Manager, Watch, own_key
from kfast.testing.virtual_time import run_virtual


def managed(client, clock, *controllers):
    return Manager(client, clock, controllers, catalog=())


def test_every_change_leads_to_a_reconcile_of_the_newest_state(virtual, pods):
    async def scenario(server, client, clock):
        seen = []

        async def reconcile(context, key):
            pod = context.lister(pods).get(*key)
            seen.append((key[1], pod.revision if pod else None))

        server.add("a")
        manager = managed(
            client, clock, Controller(name="c", watches=(Watch(kind=pods, map=own_key),), reconcile=reconcile)
        )
        await manager.start()
        await clock.sleep(1)
        server.add("b")
        server.change("b", spec={})
        server.delete("a")
        await clock.sleep(1)
        assert seen == [("a", 1), ("b", 3), ("a", None)]
        assert manager.idle
        await manager.stop()
        server.add("c")
        await clock.sleep(1)
        assert len(seen) == 3

    virtual(scenario)


def test_what_fails_is_tried_again_later_and_later(virtual, pods, caplog):
    async def scenario(server, client, clock):
        times = []

        async def reconcile(context, key):
            times.append(clock.monotonic())
            if len(times) == 1:
                raise StatusError(409, "Conflict", "changed meanwhile")
            if len(times) < 5:
                raise ValueError("a defect")
            assert context.queue.failures(key) == 4

        server.add("a")
        manager = managed(
            client, clock, Controller(name="c", watches=(Watch(kind=pods, map=own_key),), reconcile=reconcile)
        )
        await manager.start()
        await clock.sleep(10)
        waits = [round(later - earlier, 4) for earlier, later in pairwise(times)]
        assert waits == [0.005, 0.01, 0.02, 0.04]
        assert manager.context("c").queue.failures(("default", "a")) == 0
        assert caplog.text.count("ValueError: a defect") == 3
        assert "changed meanwhile" not in caplog.text
        await manager.stop()

    virtual(scenario)


def test_a_key_comes_back_when_asked_for(virtual, pods):
    async def scenario(server, client, clock):
        times = []

        async def reconcile(context, key):
            times.append(clock.monotonic())
            return 60.0

        controller = Controller(name="c", watches=(), reconcile=reconcile, start=lambda context: [("", context.name)])
        manager = managed(client, clock, controller)
        await manager.start()
        await clock.sleep(200)
        assert times == [0, 60, 120, 180]
        await manager.stop()

    virtual(scenario)


def test_events_tell_old_from_new(virtual, pods):
    async def scenario(server, client, clock):
        events = []

        def on_event(context, old, new):
            events.append((old and old.revision, new and new.revision))
            return ()

        async def reconcile(context, key):
            raise AssertionError("nothing was enqueued")

        manager = managed(
            client, clock, Controller(name="c", watches=(Watch(kind=pods, on_event=on_event),), reconcile=reconcile)
        )
        await manager.start()
        server.add("a")
        server.change("a", spec={})
        server.delete("a")
        await clock.sleep(1)
        assert events == [(None, 1), (1, 2), (3, None)]
        await manager.stop()

    virtual(scenario)


def test_each_controller_has_a_state_of_its_own(virtual, pods):
    async def scenario(server, client, clock):
        async def reconcile(context, key):
            return None

        controller = Controller(name="c", watches=(), reconcile=reconcile, state=dict)
        one, two = managed(client, clock, controller), managed(client, clock, controller)
        one.context("c").state["x"] = 1
        assert two.context("c").state == {}
        with pytest.raises(KeyError):
            one.context("other")

    virtual(scenario)


def test_expectations_hold_until_seen_or_too_old():
    async def main():
        clock = LoopClock()
        expectations = Expectations(clock)
        assert expectations.satisfied("k")
        expectations.expect_creations("k", 2)
        expectations.creation_observed("k")
        assert not expectations.satisfied("k")
        expectations.creation_observed("k")
        assert expectations.satisfied("k")
        expectations.expect_deletions("k", ["a", "b"])
        expectations.deletion_observed("k", "a")
        expectations.deletion_observed("k", "a")
        assert not expectations.satisfied("k")
        expectations.deletion_observed("k", "b")
        assert expectations.satisfied("k")
        expectations.expect_creations("k", 1)
        await clock.sleep(299)
        assert not expectations.satisfied("k")
        await clock.sleep(2)
        assert expectations.satisfied("k")

    run_virtual(main())
