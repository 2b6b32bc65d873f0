"""The contract of `kfast.store.protocol.Store`, run against every implementation."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kfast._core import FieldSelector, LabelSelector, Object
from kfast.store.embedded import EmbeddedStore
from kfast.store.protocol import (
    AbsentError,
    AlreadyExistsError,
    CompactedError,
    ModifiedError,
    Store,
    Watch,
)

FIELDS = [("spec.nodeName", "spec.nodeName", ""), ("spec.phase", "spec.phase", "Pending")]


def pod(name: str, namespace: str = "d", *, node: str = "", **labels: str) -> bytes:
    spec = {"nodeName": node} if node else {}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    return json.dumps(body, separators=(",", ":")).encode()


async def put(store: Store, name: str, namespace: str = "d", *, node: str = "", **labels: str) -> Object:
    body = pod(name, namespace, node=node, **labels)
    current = store.get("pods", namespace, name)
    if current is None:
        return await store.create("pods", namespace, name, body)
    return await store.update("pods", namespace, name, body, current.revision)


def names(objects: object) -> list[str]:
    return [f"{o.namespace}/{o.name}" for o in objects]  # type: ignore[attr-defined]


async def events(watch: Watch, count: int) -> list[tuple[str, str, int]]:
    """The next `count` events as (type, name, revision)."""
    found: list[tuple[str, str, int]] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            await watch.wait()
            found += [(kind, o.name, o.revision) for kind, o, _ in watch.events()]
    return found


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = EmbeddedStore(None if request.param == "memory" else str(tmp_path / "store.db"))
    store.register("pods", FIELDS)
    yield store
    await store.close()


async def test_an_empty_store_is_at_revision_1(store: Store) -> None:
    assert (store.revision, store.compacted) == (1, 1)
    assert store.get("pods", "d", "a") is None
    page = store.list("pods")
    assert (list(page.objects), page.revision, page.next_start, page.remaining) == ([], 1, None, None)
    assert page.items_json() == b""


async def test_each_write_of_any_resource_takes_the_next_revision(store: Store) -> None:
    first = await put(store, "a")
    config = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"d"}}'
    second = await store.create("configmaps", "d", "c", config)
    third = await put(store, "a")
    assert [first.revision, second.revision, third.revision, store.revision] == [2, 3, 4, 4]
    assert first.to_bytes().startswith(b'{"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"2","name":"a"')
    assert store.get("pods", "d", "a").revision == 4


async def test_create_of_what_exists_is_refused(store: Store) -> None:
    await put(store, "a")
    with pytest.raises(AlreadyExistsError):
        await store.create("pods", "d", "a", pod("a"))
    await store.create("pods", "e", "a", pod("a", "e"))
    assert store.revision == 3


async def test_update_and_delete_compare_revisions(store: Store) -> None:
    first = await put(store, "a")
    second = await store.update("pods", "d", "a", pod("a", x="1"), first.revision)
    for attempt in (
        store.update("pods", "d", "a", pod("a"), first.revision),
        store.delete("pods", "d", "a", first.revision),
    ):
        with pytest.raises(ModifiedError) as refused:
            await attempt
        assert refused.value.current.to_bytes() == second.to_bytes()
    for absent in (store.update("pods", "d", "b", pod("b"), 2), store.delete("pods", "d", "b", 2)):
        with pytest.raises(AbsentError):
            await absent
    assert store.revision == 3


async def test_delete_returns_the_last_state_at_the_deletes_revision(store: Store) -> None:
    first = await put(store, "a", x="1")
    last = await store.delete("pods", "d", "a", first.revision)
    assert (last.revision, last.labels, last.to_dict()["metadata"]["resourceVersion"]) == (3, {"x": "1"}, "3")
    assert store.get("pods", "d", "a") is None
    again = await store.create("pods", "d", "a", pod("a"))
    assert again.revision == 4
    with pytest.raises(ModifiedError):
        await store.delete("pods", "d", "a", first.revision)


async def test_a_write_of_the_same_bytes_is_a_write(store: Store) -> None:
    first = await put(store, "a")
    watch = store.watch("pods")
    second = await put(store, "a")
    assert second.revision == first.revision + 1
    assert await events(watch, 1) == [("MODIFIED", "a", second.revision)]


async def test_a_list_is_in_order_of_storage_keys(store: Store) -> None:
    for namespace, name in [("b", "a"), ("a", "b"), ("a", "a-b"), ("a", "a"), ("a-b", "z")]:
        await put(store, name, namespace)
    # As upstream's etcd keys sort: "a-b/" is below "a/".
    assert names(store.list("pods").objects) == ["a-b/z", "a/a", "a/a-b", "a/b", "b/a"]
    assert names(store.list("pods", "a").objects) == ["a/a", "a/a-b", "a/b"]
    assert names(store.list("pods", "none").objects) == []


async def test_items_are_the_stored_bytes_without_type(store: Store) -> None:
    bodies = [(await put(store, name)).to_bytes() for name in "ab"]
    page = store.list("pods")
    assert page.items_json(with_type=True) == b",".join(bodies)
    assert page.items_json(with_type=True, head=b'{"items":[', tail=b"]}") == b'{"items":[' + b",".join(bodies) + b"]}"
    assert page.items_json() == b",".join(b.replace(b'"apiVersion":"v1","kind":"Pod",', b"") for b in bodies)


async def test_a_list_reads_any_retained_revision(store: Store) -> None:
    await put(store, "a", x="1")
    await put(store, "b", x="1")
    old = store.revision
    await put(store, "a", x="2")
    await store.delete("pods", "d", "b", 3)
    assert names(store.list("pods").objects) == ["d/a"]
    page = store.list("pods", revision=old)
    assert (names(page.objects), page.revision) == (["d/a", "d/b"], old)
    ones = LabelSelector.parse("x=1")
    assert names(store.list("pods", labels=ones).objects) == []
    assert names(store.list("pods", labels=ones, revision=old).objects) == ["d/a", "d/b"]
    with pytest.raises(ValueError, match="future"):
        store.list("pods", revision=store.revision + 1)
    store.compact(old + 1)
    with pytest.raises(CompactedError) as refused:
        store.list("pods", revision=old)
    assert refused.value.compacted == store.compacted == old + 1


async def test_pages_are_true_at_one_revision(store: Store) -> None:
    for i in range(7):
        await put(store, f"p{i}")
    first = store.list("pods", limit=3)
    await store.delete("pods", "d", "p4", store.get("pods", "d", "p4").revision)
    await put(store, "p3x")
    second = store.list("pods", limit=3, start=first.next_start, revision=first.revision)
    third = store.list("pods", limit=3, start=second.next_start, revision=first.revision)
    assert [first.remaining, second.remaining, third.remaining] == [4, 1, None]
    assert (first.next_start, third.next_start) == ("d/p2\0", None)
    found = [*first.objects, *second.objects, *third.objects]
    assert names(found) == [f"d/p{i}" for i in range(7)]


async def test_pages_of_a_selector_are_full_and_count_nothing(store: Store) -> None:
    for i in range(20):
        await put(store, f"p{i:02}", even=str(i % 2 == 0))
    selector = LabelSelector.parse("even=True")
    page = store.list("pods", labels=selector, limit=4)
    assert (len(page.objects), page.remaining, page.next_start) == (4, None, "d/p06\0")
    rest = store.list("pods", labels=selector, limit=6, start=page.next_start)
    assert (len(rest.objects), rest.next_start) == (6, None)


@pytest.mark.parametrize(
    ("labels", "fields", "expected"),
    [
        ("app=w", "", ["d/a", "d/b"]),
        ("app in (w,v),tier!=t", "", ["d/b", "d/c"]),
        ("app", "spec.nodeName=n1", ["d/a"]),
        ("!app", "", ["e/a"]),
        ("", "spec.nodeName=", ["d/c", "e/a"]),
        ("", "spec.nodeName!=n1", ["d/b", "d/c", "e/a"]),
        ("", "metadata.name=a", ["d/a", "e/a"]),
        ("", "metadata.name=a,metadata.namespace=e", ["e/a"]),
        ("", "spec.phase=Pending,spec.nodeName=n2", ["d/b"]),
        ("", "spec.nodeName=n1,spec.nodeName=n2", []),
    ],
)
async def test_selectors(store: Store, labels: str, fields: str, expected: list[str]) -> None:
    await put(store, "a", node="n1", app="w", tier="t")
    await put(store, "b", node="n2", app="w")
    await put(store, "c", app="v")
    await put(store, "a", "e")
    page = store.list("pods", labels=LabelSelector.parse(labels), fields=FieldSelector.parse(fields))
    assert names(page.objects) == expected


async def test_an_undeclared_field_is_refused(store: Store) -> None:
    selector = FieldSelector.parse("spec.x=1")
    with pytest.raises(ValueError, match=r"field label not supported: spec\.x"):
        store.list("pods", fields=selector)
    await put(store, "a")
    with pytest.raises(ValueError, match="field label not supported"):
        store.watch("pods", fields=selector)


async def test_a_watch_hands_out_each_event_in_order(store: Store) -> None:
    watch = store.watch("pods")
    first = await put(store, "a")
    second = await put(store, "a", x="1")
    third = await store.delete("pods", "d", "a", second.revision)
    expected = [("ADDED", "a", 2), ("MODIFIED", "a", 3), ("DELETED", "a", 4)]
    assert await events(watch, 3) == expected
    assert (watch.events(), watch.revision) == ([], 4)

    again = store.watch("pods", since=2)
    lines = [json.loads(line) for line in again.frames()]
    assert [(e["type"], e["object"]) for e in lines] == [
        ("MODIFIED", second.to_dict()),
        ("DELETED", third.to_dict()),
    ]
    previous = [before and before.to_bytes() for _, _, before in store.watch("pods", since=1).events()]
    assert previous == [None, first.to_bytes(), second.to_bytes()]


async def test_a_watch_hears_nothing_of_other_resources_but_its_revision_moves(store: Store) -> None:
    watch = store.watch("pods")
    config = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"d"}}'
    await store.create("configmaps", "d", "c", config)
    assert (watch.events(), watch.revision) == ([], 2)


@pytest.mark.parametrize("selector", ["labels", "fields"])
async def test_entering_and_leaving_a_selector(store: Store, selector: str) -> None:
    if selector == "labels":
        watch = store.watch("pods", labels=LabelSelector.parse("x=1"))
        inside, outside = {"x": "1"}, {"x": "2"}
    else:
        watch = store.watch("pods", fields=FieldSelector.parse("spec.nodeName=n1"))
        inside, outside = {"node": "n1"}, {"node": "n2"}
    await put(store, "a", **outside)
    entered = await put(store, "a", **inside)
    stayed = await put(store, "a", **inside, y="1")
    left = await put(store, "a", **outside)
    await store.delete("pods", "d", "a", left.revision)
    await put(store, "b", **inside)
    found = []
    async with asyncio.timeout(10):
        while len(found) < 4:
            await watch.wait()
            found += watch.events()
    assert [(kind, o.name, o.revision) for kind, o, _ in found] == [
        ("ADDED", "a", entered.revision),
        ("MODIFIED", "a", stayed.revision),
        ("DELETED", "a", left.revision),
        ("ADDED", "b", store.revision),
    ]
    gone = found[2][1].to_dict()
    assert gone["metadata"]["labels"] == stayed.labels, "the old state ..."
    assert gone["metadata"]["resourceVersion"] == str(left.revision), "... with the new revision"
    assert found[2][2].to_bytes() == stayed.to_bytes()


async def test_a_watch_of_a_namespace_or_a_name(store: Store) -> None:
    in_e = store.watch("pods", "e")
    named = store.watch("pods", fields=FieldSelector.parse("metadata.name=b"))
    both = store.watch("pods", "d", fields=FieldSelector.parse("metadata.name=b"))
    for namespace, name in [("d", "a"), ("e", "a"), ("e", "b"), ("d", "b")]:
        await put(store, name, namespace)
    seen = [names(o for _, o, _ in watch.events()) for watch in (in_e, named, both)]
    assert seen == [["e/a", "e/b"], ["e/b", "d/b"], ["d/b"]]


async def test_a_watch_of_a_compacted_revision_is_refused(store: Store) -> None:
    slow = store.watch("pods")
    for _ in range(5):
        await put(store, "a")
    store.compact(4)
    with pytest.raises(CompactedError) as refused:
        store.watch("pods", since=3)
    assert refused.value.compacted == 4
    assert len(store.watch("pods", since=4).events()) == 2
    with pytest.raises(CompactedError):
        slow.events()


async def test_closing_a_watch_wakes_its_waiter(store: Store) -> None:
    watch = store.watch("pods")
    waiter = asyncio.create_task(watch.wait())
    await asyncio.sleep(0)
    watch.close()
    async with asyncio.timeout(5):
        await waiter
    await put(store, "a")
    assert watch.events() == []


async def test_wait_revision(store: Store) -> None:
    assert await store.wait_revision(1, 0.01)
    assert not await store.wait_revision(2, 0.01)
    waiters = [asyncio.create_task(store.wait_revision(r, 10)) for r in (3, 2)]
    await asyncio.sleep(0)
    await put(store, "a")
    assert await waiters[1]
    assert not waiters[0].done()
    await put(store, "a")
    assert await waiters[0]


async def test_parallel_writers_lose_no_update(store: Store) -> None:
    await put(store, "counter", n="0")

    async def increment() -> None:
        while True:
            current = store.get("pods", "d", "counter")
            body = pod("counter", n=str(int(current.labels["n"]) + 1))
            try:
                await store.update("pods", "d", "counter", body, current.revision)
            except ModifiedError:
                await asyncio.sleep(0)
            else:
                return

    async with asyncio.timeout(60):
        await asyncio.gather(*(increment() for _ in range(200)))
    assert store.get("pods", "d", "counter").labels == {"n": "200"}
    assert store.revision == 202


async def test_a_watcher_that_reconnects_sees_each_event_exactly_once(store: Store) -> None:
    rng = random.Random(7)

    async def write() -> list[int]:
        revisions = []
        for _ in range(300):
            name = f"p{rng.randrange(20)}"
            current = store.get("pods", "d", name)
            if current is not None and rng.random() < 0.3:
                revisions.append((await store.delete("pods", "d", name, current.revision)).revision)
            else:
                revisions.append((await put(store, name)).revision)
            if rng.random() < 0.2:
                await asyncio.sleep(0)
        return revisions

    async def watch(until: int) -> list[int]:
        seen: list[int] = []
        since = 1
        while since < until:
            cursor = store.watch("pods", since=since)
            await cursor.wait()
            seen += [o.revision for _, o, _ in cursor.events(limit=3)]
            since = cursor.revision
            cursor.close()
        return seen

    watching = asyncio.create_task(watch(301))
    written = await write()
    async with asyncio.timeout(20):
        assert await watching == written == list(range(2, 302))


async def test_a_write_is_seen_by_reads_once_it_returns(store: Store) -> None:
    watch = store.watch("pods")
    for i in range(20):
        made = await put(store, f"p{i}")
        assert store.revision >= made.revision
        assert store.get("pods", "d", f"p{i}").revision == made.revision
        assert made.revision in [o.revision for _, o, _ in watch.events()]


async def test_a_batch_is_visible_at_once_and_failures_stand_in_their_places(store: Store) -> None:
    watch = store.watch("pods")
    await put(store, "taken")
    made = await store.create_many("pods", [("d", name, pod(name)) for name in ("a", "taken", "b", "a")])
    assert [o.revision if isinstance(o, Object) else type(o) for o in made] == [
        3,
        AlreadyExistsError,
        4,
        AlreadyExistsError,
    ]
    assert await events(watch, 3) == [("ADDED", "taken", 2), ("ADDED", "a", 3), ("ADDED", "b", 4)]
    bound = await store.bind_many([("d", name, "", "n1", ()) for name in ("a", "none", "b", "a")], "now")
    assert [o.revision if isinstance(o, Object) else o for o in bound[:1] + bound[2:]] == [5, 6, ("assigned", "n1")]
    assert isinstance(bound[1], AbsentError)
    assert names(store.list("pods", fields=FieldSelector.parse("spec.nodeName=n1")).objects) == ["d/a", "d/b"]
    assert await store.create_many("pods", []) == []
    watch.close()
