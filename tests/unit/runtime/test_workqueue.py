"""The work queue's promises, by client-go's definitions."""

import asyncio

from kfast.clock import LoopClock
from kfast.runtime import WorkQueue
from kfast.runtime.workqueue import ExponentialBackoff, TokenBucket
from kfast.testing.virtual_time import run_virtual


def in_virtual_time(scenario):
    async def main():
        clock = LoopClock()
        queue = WorkQueue(clock)
        await scenario(queue, clock)
        queue.close()

    run_virtual(main())


def test_a_key_is_queued_once():
    async def scenario(queue, clock):
        for key in ("a", "b", "a", "a"):
            queue.add(key)
        assert len(queue) == 2
        assert [await queue.get(), await queue.get()] == ["a", "b"]

    in_virtual_time(scenario)


def test_a_key_added_while_worked_on_comes_again_after_done():
    async def scenario(queue, clock):
        queue.add("a")
        assert await queue.get() == "a"
        queue.add("a")
        queue.add("a")
        assert len(queue) == 0
        queue.done("a")
        assert await queue.get() == "a"
        queue.done("a")
        assert queue.idle

    in_virtual_time(scenario)


def test_delays_count_from_the_clock_and_the_earliest_wins():
    async def scenario(queue, clock):
        queue.add_after("slow", 100)
        queue.add_after("fast", 5)
        queue.add_after("slow", 50)
        queue.add_after("slow", 70)
        assert (await queue.get(), clock.monotonic()) == ("fast", 5)
        assert (await queue.get(), clock.monotonic()) == ("slow", 50)
        queue.done("slow")
        await clock.sleep(1000)
        assert len(queue) == 0

    in_virtual_time(scenario)


def test_failures_of_a_key_double_its_delay_until_forgotten():
    backoff = ExponentialBackoff()
    assert [backoff.when("a") for _ in range(5)] == [0.005, 0.01, 0.02, 0.04, 0.08]
    assert backoff.when("b") == 0.005
    backoff.forget("a")
    assert backoff.when("a") == 0.005
    for _ in range(100):
        last = backoff.when("a")
    assert last == 1000


def test_the_bucket_lets_a_burst_through_and_then_its_rate():
    async def scenario(queue, clock):
        bucket = TokenBucket(clock, rate=10, burst=3)
        assert [round(bucket.reserve(), 6) for _ in range(5)] == [0, 0, 0, 0.1, 0.2]
        assert not bucket.accept()
        await clock.sleep(0.31)
        assert bucket.accept()
        assert not bucket.accept()

    in_virtual_time(scenario)


def test_workers_never_share_a_key():
    async def scenario(queue, clock):
        running, clashes, done = set(), 0, 0

        async def work():
            nonlocal clashes, done
            while True:
                key = await queue.get()
                clashes += key in running
                running.add(key)
                await clock.sleep(0.01)
                running.discard(key)
                done += 1
                queue.done(key)

        workers = [asyncio.ensure_future(work()) for _ in range(8)]
        for step in range(200):
            queue.add(step % 7)
            await clock.sleep(0.003)
        await clock.sleep(1)
        assert clashes == 0
        assert done >= 100
        for worker in workers:
            worker.cancel()

    in_virtual_time(scenario)
