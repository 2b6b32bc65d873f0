"""`Lister` against plain dicts: indexes are right from whenever they are first asked."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfast._core import Object
from kfast.runtime.lister import Lister


def obj(namespace: str, name: str, colours: str) -> Object:
    metadata = {"namespace": namespace, "name": name, "labels": {"colours": colours}}
    return Object.parse(json.dumps({"apiVersion": "v1", "kind": "Thing", "metadata": metadata}).encode())


def colours_of(thing: Object) -> tuple[str, ...]:
    return tuple(thing.labels["colours"])


CHANGES = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.none() | st.sampled_from(["", "r", "g", "rg", "gr"]))
    | st.just("look"),
    max_size=40,
)


@given(CHANGES)
def test_indexes_follow_the_objects(changes):
    lister, model = Lister({"colour": colours_of}), {}
    for change in [*changes, "look"]:
        if change == "look":
            assert {(o.namespace, o.name): o for o in lister} == model
            for colour in "rgb":
                expected = {key for key, o in model.items() if colour in colours_of(o)}
                assert {(o.namespace, o.name) for o in lister.by_index("colour", colour)} == expected
                assert all(model[o.namespace, o.name] is o for o in lister.by_index("colour", colour))
                assert lister.has_indexed("colour", colour) == bool(expected)
            continue
        namespace, name, colours = change
        if colours is None:
            assert lister.remove(obj(namespace, name, "")) is model.pop((namespace, name), None)
        else:
            thing = obj(namespace, name, colours)
            assert lister.put(thing) is model.get((namespace, name))
            model[namespace, name] = thing


def test_an_index_that_nobody_asks_is_not_computed():
    asked: list[str] = []
    lister = Lister({"name": lambda o: asked.append(o.name) or (o.name,)})
    lister.put(obj("a", "x", ""))
    assert asked == []
    assert [o.name for o in lister.by_index("name", "x")] == ["x"]
    lister.put(obj("a", "y", ""))
    assert asked == ["x", "y"]


def test_an_unknown_index_is_an_error():
    with pytest.raises(KeyError):
        Lister().by_index("colour", "r")
