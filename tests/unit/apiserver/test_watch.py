"""WATCH: where it starts, what it shares, how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

CM = "/api/v1/namespaces/default/configmaps"


def seen(sink: Any) -> list[tuple[str, str]]:
    return [(e["type"], e["object"]["metadata"].get("name", "")) for e in sink.events]


async def make(call: Any, *names: str, **labels: str) -> list[dict[str, Any]]:
    return [await call.ok("POST", CM, {"metadata": {"name": n, "labels": labels}}) for n in names]


async def until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("did not happen")


async def test_without_a_version_the_present_comes_first(call: Any) -> None:
    await make(call, "a", "b")
    sink = await call.watch(f"{CM}?watch=true")
    await make(call, "c")
    await until(lambda: len(sink.events) >= 3)
    assert seen(sink) == [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")]
    assert sink.events[0]["object"] == await call.ok("GET", f"{CM}/a")


async def test_from_a_version_only_what_is_newer(call: Any) -> None:
    a, _ = await make(call, "a", "b")
    await call.ok("DELETE", f"{CM}/a")
    sink = await call.watch(f"{CM}?watch=1&resourceVersion={a['metadata']['resourceVersion']}")
    await until(lambda: len(sink.events) >= 2)
    assert seen(sink) == [("ADDED", "b"), ("DELETED", "a")]
    revision = int(sink.events[1]["object"]["metadata"]["resourceVersion"])
    assert revision == call.api.backend.store.revision


async def test_watch_list_ends_its_initial_events_with_a_bookmark(call: Any) -> None:
    await make(call, "a")
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    sink = await call.watch(f"{CM}?{query}")
    await make(call, "b")
    await until(lambda: len(sink.events) >= 3)
    assert [t for t, _ in seen(sink)] == ["ADDED", "BOOKMARK", "ADDED"]
    bookmark = sink.events[1]["object"]
    assert (bookmark["kind"], bookmark["apiVersion"]) == ("ConfigMap", "v1")
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(bookmark["metadata"]["resourceVersion"]) == call.api.backend.store.revision - 1
    plain = await call.watch(f"{CM}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan")
    assert plain.events == []


async def test_entering_and_leaving_a_selector(call: Any) -> None:
    merge = {"Content-Type": "application/merge-patch+json"}
    sink = await call.watch(f"{CM}?watch=true&labelSelector=in%3Dyes")
    await make(call, "a", **{"in": "no"})
    await call.ok("PATCH", f"{CM}/a", {"metadata": {"labels": {"in": "yes"}}}, merge)
    await call.ok("PATCH", f"{CM}/a", {"data": {"x": "y"}}, merge)
    await call.ok("PATCH", f"{CM}/a", {"metadata": {"labels": {"in": "no"}}}, merge)
    await until(lambda: len(sink.events) >= 3)
    assert seen(sink) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert sink.events[2]["object"]["metadata"]["labels"] == {"in": "yes"}


async def test_the_old_watch_paths_and_a_single_object(call: Any) -> None:
    await make(call, "a", "b")
    sink = await call.watch("/api/v1/watch/namespaces/default/configmaps/b")
    assert seen(sink) == [("ADDED", "b")]


async def test_history_that_is_gone_is_an_event(call: Any) -> None:
    a, _ = await make(call, "a", "b")
    call.api.backend.store.compact(call.api.backend.store.revision)
    sink = await call.watch(f"{CM}?watch=true&resourceVersion={a['metadata']['resourceVersion']}")
    assert sink.closed == 1
    (event,) = sink.events
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_identical_watches_share_one_feed_and_their_chunks(call: Any) -> None:
    sinks = [await call.watch(f"{CM}?watch=true") for _ in range(20)]
    other = await call.watch("/api/v1/configmaps?watch=true")
    await until(lambda: len(call.api.backend.feeds) == 2)
    await make(call, "a")
    await until(lambda: all(s.events for s in [*sinks, other]))
    assert all(s.chunks[-1] is sinks[0].chunks[-1] for s in sinks)


async def test_joining_during_writes_loses_and_repeats_nothing(call: Any) -> None:
    sinks = []

    async def write() -> None:
        for i in range(300):
            await make(call, f"n{i}")
            for _ in range(i % 7 * 5):
                await asyncio.sleep(0)

    writing = asyncio.create_task(write())
    while not writing.done():
        sinks.append(await call.watch(f"{CM}?watch=true"))
    await writing
    assert len(sinks) > 3
    wanted = {f"n{i}" for i in range(300)}
    await until(lambda: all(len(s.events) >= 300 for s in sinks))
    for sink in sinks:
        assert len(sink.events) == 300
        assert {n for _, n in seen(sink)} == wanted


async def test_a_slow_peer_is_ended_and_the_others_go_on(call: Any) -> None:
    fast, slow = await call.watch(f"{CM}?watch=true"), await call.watch(f"{CM}?watch=true")
    slow.limit = 0
    await make(call, "a")
    await until(lambda: slow.closed)
    await make(call, "b")
    await until(lambda: len(fast.events) == 2)
    assert (slow.closed, slow.events) == (1, [])


async def test_a_peer_lost_while_joining_leaves_no_feed(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = call.api.backend.feeds
    join = feeds.join

    def lost(key: Any, stream: Any, *rest: Any) -> Any:
        stream.end()
        return join(key, stream, *rest)

    monkeypatch.setattr(feeds, "join", lost)
    sink = await call.watch(f"{CM}?watch=true")
    await until(lambda: sink.closed)
    assert (len(feeds), len(feeds.streams)) == (0, 0)


@pytest.mark.parametrize("when", ["catching up", "on the feed"])
async def test_a_failing_encoding_ends_its_streams(call: Any, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("out of luck")

    place = "kfast.apiserver.watch_encoding.PlainEncoding.lines"
    if when == "catching up":
        monkeypatch.setattr(place, broken)
    sink = await call.watch(f"{CM}?watch=true")
    if when == "on the feed":
        monkeypatch.setattr(place, broken)
        await make(call, "a")
    await until(lambda: sink.closed)
    assert (sink.closed, sink.events) == (1, [])


async def test_the_last_watcher_ends_the_feed(call: Any) -> None:
    one, two = await call.watch(f"{CM}?watch=true"), await call.watch(f"{CM}?watch=true")
    for payload in call.sinks:
        payload.close()
        payload.close()
    assert (one.closed, two.closed, len(call.api.backend.feeds)) == (1, 1, 0)


async def test_open_watches_are_counted(call: Any) -> None:
    async def count() -> bytes:
        lines = (await call("GET", "/metrics")).raw
        return b"".join(line for line in lines.splitlines() if line.startswith(b"apiserver_longrunning_requests{"))

    await call.watch(f"{CM}?watch=true")
    native = (await call.native("GET", f"{CM}?watch=true")).payload
    assert (await count()).endswith(b" 2.0")
    native.close()
    native.close()
    call.sinks[0].close()
    assert (await count()).endswith(b" 0.0")


async def test_the_server_ends_all_watches_when_it_stops(call: Any) -> None:
    sinks = [await call.watch(f"{CM}?watch=true") for _ in range(3)]
    native = (await call.native("GET", f"{CM}?watch=true")).payload
    await call.api.stop()
    assert [s.closed for s in sinks] == [1, 1, 1]
    with pytest.raises(StopAsyncIteration):
        await anext(aiter(native))


async def test_tables_carry_their_columns_once(call: Any) -> None:
    await make(call, "a")
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    sink = await call.watch(f"{CM}?watch=true", accept)
    await make(call, "b")
    await until(lambda: len(sink.events) >= 2)
    first, second = (e["object"] for e in sink.events)
    assert (first["kind"], len(first["rows"]), bool(first["columnDefinitions"])) == ("Table", 1, True)
    assert (second["rows"][0]["cells"][0], second["columnDefinitions"]) == ("b", None)


async def test_metadata_only_events(call: Any) -> None:
    await make(call, "a")
    accept = {"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}
    sink = await call.watch(f"{CM}?watch=true", accept)
    assert sink.events[0]["object"]["kind"] == "PartialObjectMetadata"


class ManualClock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, future))
        await future

    async def advance(self, seconds: float) -> None:
        self.time += seconds
        for due, future in self._sleepers:
            if due <= self.time and not future.done():
                future.set_result(None)
        for _ in range(20):
            await asyncio.sleep(0)


class TestTime:
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    async def test_bookmarks_every_minute_and_before_the_end(self, call: Any, clock: ManualClock) -> None:
        sink = await call.watch(f"{CM}?watch=true&allowWatchBookmarks=true&timeoutSeconds=100")
        silent = await call.watch(f"{CM}?watch=true&timeoutSeconds=100")
        await clock.advance(59)
        assert sink.events == []
        await make(call, "a")
        await clock.advance(1)
        await until(lambda: len(sink.events) >= 2)
        assert seen(sink)[-1] == ("BOOKMARK", "")
        assert int(sink.events[-1]["object"]["metadata"]["resourceVersion"]) == call.api.backend.store.revision
        await clock.advance(38)
        assert len([e for e in sink.events if e["type"] == "BOOKMARK"]) == 2
        assert sink.closed == 0
        await clock.advance(2)
        assert (sink.closed, silent.closed) == (1, 1)
        assert [e["type"] for e in silent.events] == ["ADDED"]

    async def test_an_idle_resource_advances_its_bookmarks(self, call: Any, clock: ManualClock) -> None:
        sink = await call.watch(f"{CM}?watch=true&allowWatchBookmarks=true")
        await call.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "other"}})
        await clock.advance(60)
        await until(lambda: sink.events)
        assert int(sink.events[0]["object"]["metadata"]["resourceVersion"]) == call.api.backend.store.revision

    async def test_without_a_timeout_it_is_half_an_hour_to_an_hour(self, call: Any, clock: ManualClock) -> None:
        sink = await call.watch(f"{CM}?watch=true")
        await clock.advance(1790)
        assert sink.closed == 0
        await clock.advance(1830)
        assert sink.closed == 1

    async def test_native_bookmarks_and_timeout(self, call: Any, clock: ManualClock) -> None:
        response = await call.native("GET", f"{CM}?watch=true&allowWatchBookmarks=true&timeoutSeconds=100")
        got: list[tuple[str, Any]] = []

        async def read() -> None:
            async for batch in response.payload:
                got.extend(batch)

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        await make(call, "a")
        await until(lambda: got)
        await clock.advance(60)
        await until(lambda: len(got) == 2)
        assert [kind for kind, _ in got] == ["ADDED", "BOOKMARK"]
        assert got[1][1].revision == call.api.backend.store.revision
        await make(call, "b")
        await until(lambda: len(got) == 3)
        await clock.advance(100)
        await asyncio.wait_for(reading, 5)


async def test_native_watches_hand_out_handles(call: Any) -> None:
    await make(call, "a")
    response = await call.native("GET", f"{CM}?watch=true")
    batches = aiter(response.payload)
    assert [(t, o.name) for t, o in await anext(batches)] == [("ADDED", "a")]
    await make(call, "b")
    assert [(t, o.name) for t, o in await anext(batches)] == [("ADDED", "b")]
    response.payload.close()
    with pytest.raises(StopAsyncIteration):
        await anext(batches)
