"""The embedded store on pods of 3.6 KB: `pytest bench/micro/test_store.py`."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from kfast._core import FieldSelector, LabelSelector
from kfast.store.embedded import EmbeddedStore

FIELDS = [(path, path, "") for path in ("spec.nodeName", "spec.schedulerName", "status.phase", "status.podIP")]
PODS = 17_900
FILL = "x" * 3_300


def pod(i: int) -> bytes:
    return (
        f'{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"pod-{i:06}","namespace":"ns-{i % 10}",'
        f'"uid":"00000000-0000-0000-0000-{i:012}","labels":{{"app":"app-{i % 50}","tier":"web"}},'
        f'"annotations":{{"fill":"{FILL}"}}}},"spec":{{"nodeName":"node-{i % 5000}"}},'
        f'"status":{{"phase":"Running","podIP":"10.0.{i // 250}.{i % 250}"}}}}'
    ).encode()


async def fill(store: EmbeddedStore, numbers: Iterator[int] | range, workers: int = 32) -> None:
    """Creates the pods of these numbers, so many at a time."""
    source = iter(numbers)

    async def work() -> None:
        for i in source:
            await store.create("pods", f"ns-{i % 10}", f"pod-{i:06}", pod(i))

    await asyncio.gather(*(work() for _ in range(workers)))


@pytest.fixture(scope="module")
def store() -> EmbeddedStore:
    store = EmbeddedStore()
    store.register("pods", FIELDS)
    asyncio.run(fill(store, range(PODS)))
    return store


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_create_1000(benchmark: BenchmarkFixture, tmp_path: Path, kind: str) -> None:
    numbers = itertools.count()
    with asyncio.Runner() as runner:
        store = EmbeddedStore(None if kind == "memory" else tmp_path / "store.db")
        store.register("pods", FIELDS)

        def create() -> None:
            runner.run(fill(store, itertools.islice(numbers, 1000)))

        benchmark.pedantic(create, rounds=5, warmup_rounds=1)
        runner.run(store.close())


def test_get(benchmark: BenchmarkFixture, store: EmbeddedStore) -> None:
    assert benchmark(store.get, "pods", "ns-1", "pod-000001") is not None


def test_list_17900(benchmark: BenchmarkFixture, store: EmbeddedStore) -> None:
    assert len(benchmark(lambda: store.list("pods").items_json())) > 60_000_000


def test_list_by_label_360_of_17900(benchmark: BenchmarkFixture, store: EmbeddedStore) -> None:
    selector = LabelSelector.parse("app=app-7")
    assert len(benchmark(lambda: store.list("pods", labels=selector).items_json())) > 1_000_000


def test_list_by_field_none_of_17900(benchmark: BenchmarkFixture, store: EmbeddedStore) -> None:
    selector = FieldSelector.parse("spec.nodeName=none")
    assert benchmark(lambda: store.list("pods", fields=selector).items_json()) == b""


def test_first_page_of_500(benchmark: BenchmarkFixture, store: EmbeddedStore) -> None:
    assert benchmark(lambda: store.list("pods", limit=500)).remaining == PODS - 500


def test_watch_100_events_by_1000_cursors(benchmark: BenchmarkFixture) -> None:
    store = EmbeddedStore()
    store.register("pods", FIELDS)
    watches = [store.watch("pods") for _ in range(1000)]
    numbers = itertools.count()

    def deliver() -> int:
        asyncio.run(fill(store, itertools.islice(numbers, 100)))
        return sum(len(watch.frames()) for watch in watches)

    assert benchmark.pedantic(deliver, rounds=5, warmup_rounds=1) == 100_000


def test_write_beside_5000_node_watches(benchmark: BenchmarkFixture) -> None:
    store = EmbeddedStore()
    store.register("pods", FIELDS)
    watches = [store.watch("pods", fields=FieldSelector.parse(f"spec.nodeName=node-{i}")) for i in range(5000)]
    numbers = itertools.count()

    def write() -> None:
        asyncio.run(fill(store, itertools.islice(numbers, 1000)))

    benchmark.pedantic(write, rounds=5, warmup_rounds=1)
    assert sum(len(watch.events()) for watch in watches) == next(numbers)
