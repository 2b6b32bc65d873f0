"""Watches of config maps: what they begin with, what they tell, in which order."""

from __future__ import annotations

import pytest
from exam import conformance

watchers = conformance("sig-api-machinery", "Watchers")


@pytest.fixture
def maps(kube):
    return kube("ConfigMap")


def labelled(value: str) -> dict:
    return {"metadata": {"labels": {"watched": value}}}


@watchers("should observe add, update, and delete watch notifications on configmaps")
def test_watches_tell_what_they_select(maps):
    only_a, only_b = (maps.watch(labelSelector=f"watched={value}") for value in "ab")
    both = maps.watch(labelSelector="watched in (a,b)")
    maps.create("one", **labelled("a"))
    for number in "12":
        maps.patch("one", {"data": {"number": number}})
    maps.delete("one")
    maps.create("two", **labelled("b"))
    maps.delete("two")
    one = [("ADDED", "one"), ("MODIFIED", "one"), ("MODIFIED", "one"), ("DELETED", "one")]
    two = [("ADDED", "two"), ("DELETED", "two")]
    assert only_a.take(4) == one
    assert only_b.take(2) == two
    assert both.take(6) == one + two
    maps.create("three", **labelled("a"))
    assert only_a.take(1) == [("ADDED", "three")]
    for watch in (only_a, only_b, both):
        watch.close()


@watchers("should be able to start watching from a specific resource version")
def test_watch_from_a_version(maps):
    maps.create("one")
    first, second = (maps.patch("one", {"data": {"number": number}}) for number in "12")
    maps.delete("one")
    watch = maps.watch("one", resourceVersion=first["metadata"]["resourceVersion"])
    assert watch.next() == ("MODIFIED", second)
    assert watch.next()[0] == "DELETED"
    watch.close()


@watchers("should be able to restart watching from the last resource version observed by the previous watch")
def test_watch_goes_on_where_another_ended(maps):
    broken = maps.watch("one")
    maps.create("one")
    maps.patch("one", {"data": {"number": "1"}})
    assert broken.next()[0] == "ADDED"
    seen = broken.next()[1]["metadata"]["resourceVersion"]
    broken.close()
    second = maps.patch("one", {"data": {"number": "2"}})
    watch = maps.watch("one", resourceVersion=seen)
    maps.delete("one")
    assert watch.next() == ("MODIFIED", second)
    assert watch.next()[0] == "DELETED"
    watch.close()


@watchers("should observe an object deletion if it stops meeting the requirements of the selector")
def test_leaving_the_selection_is_a_deletion(maps):
    watch = maps.watch(labelSelector="watched=yes")
    maps.create("one", **labelled("yes"))
    maps.patch("one", {"data": {"number": "1"}})
    maps.patch("one", labelled("no"))
    maps.patch("one", {"data": {"number": "2"}})
    back = maps.patch("one", labelled("yes"))
    last = maps.patch("one", {"data": {"number": "3"}})
    maps.delete("one")
    assert [kind for kind, _ in watch.take(3)] == ["ADDED", "MODIFIED", "DELETED"]
    assert watch.next() == ("ADDED", back)
    assert watch.next() == ("MODIFIED", last)
    assert watch.next()[0] == "DELETED"
    watch.close()


@watchers("should receive events on concurrent watches in same order")
def test_all_watches_tell_in_the_same_order(maps):
    watches = [maps.watch(resourceVersion=maps.list()["metadata"]["resourceVersion"])]
    written = []
    for number in range(30):
        made = maps.create(f"m{number}")
        written.append(made["metadata"]["resourceVersion"])
        watches.append(maps.watch(resourceVersion=written[-1]))
        if number % 3 == 1:
            written.append(maps.patch(f"m{number - 1}", {"data": {"a": "b"}})["metadata"]["resourceVersion"])
        if number % 3 == 2:
            maps.delete(f"m{number - 1}")
    last = maps.create("last")["metadata"]["resourceVersion"]
    orders = []
    for watch in watches:
        order: list[str] = []
        while order[-1:] != [last]:
            order.append(watch.next()[1]["metadata"]["resourceVersion"])
        watch.close()
        orders.append(order)
    whole = orders[0]
    assert [version for version in whole if version in written] == written
    assert whole == sorted(whole, key=int)
    assert all(order == whole[-len(order) :] for order in orders)
