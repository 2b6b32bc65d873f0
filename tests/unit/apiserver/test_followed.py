"""`Followed` against the store itself: after every acknowledged write it shows what the store holds."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfast.apiserver.followed import Followed
from kfast.store.embedded import EmbeddedStore

RESOURCE = "configmaps"


def body(namespace: str, name: str, marked: bool) -> bytes:
    metadata = {"name": name, "namespace": namespace, "labels": {"marked": str(marked)}}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}).encode()


def is_marked(obj) -> bool:
    return obj.labels["marked"] == "True"


async def write(store, namespace: str, name: str, marked: bool | None, resource: str = RESOURCE) -> None:
    """Brings the object to that state; None deletes it."""
    present = store.get(resource, namespace, name)
    if marked is None:
        if present is not None:
            await store.delete(resource, namespace, name, present.revision)
    elif present is None:
        await store.create(resource, namespace, name, body(namespace, name, marked))
    else:
        await store.update(resource, namespace, name, body(namespace, name, marked), present.revision)


WRITES = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from([True, False, None]), st.booleans()),
    max_size=30,
)


@given(WRITES)
def test_it_shows_what_the_store_holds(writes):
    async def check() -> None:
        store = EmbeddedStore()
        followed = Followed(store, RESOURCE, is_marked)
        for namespace, name, marked, look in writes:
            await write(store, namespace, name, marked)
            if not look:
                continue
            expected = [obj for obj in store.list(RESOURCE).objects if is_marked(obj)]
            assert [obj.revision for obj in followed] == [obj.revision for obj in expected]
            here = {obj.name: obj.revision for obj in expected if obj.namespace == "a"}
            assert {name: obj.revision for name, obj in followed.within("a").items()} == here

    asyncio.run(check())


@pytest.fixture(params=["memory", "sqlite"])
async def store(request, tmp_path):
    store = EmbeddedStore(None if request.param == "memory" else tmp_path / "store.db")
    yield store
    await store.close()


async def test_an_acknowledged_write_is_seen_at_once(store):
    followed = Followed(store, RESOURCE)
    for number in range(20):
        await write(store, "a", f"c{number}", True)
        assert len(followed.within("a")) == number + 1


async def test_the_version_grows_with_changes_of_the_resource_only(store):
    followed = Followed(store, RESOURCE)
    first = followed.version()
    await write(store, "a", "x", True, "secrets")
    assert followed.version() == first
    await write(store, "a", "x", True)
    assert followed.version() > first
    assert followed.version() == followed.version()


async def test_a_watch_that_is_lost_is_made_anew(store):
    await write(store, "a", "x", True)
    followed = Followed(store, RESOURCE)
    assert list(followed.within("a")) == ["x"]
    store.register(RESOURCE, [("data", "data", "")])  # ends all watches of the resource
    await write(store, "a", "y", True)
    assert sorted(followed.within("a")) == ["x", "y"]
    await write(store, "a", "x", None)
    assert list(followed.within("a")) == ["y"]
