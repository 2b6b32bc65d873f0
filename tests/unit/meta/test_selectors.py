"""The selector classes as Python sees them; the grammar is tested in the crate."""

import pytest

from kfast._core import FieldSelector, LabelSelector, Object


def test_labels() -> None:
    selector = LabelSelector.parse("tier in (b,a), app=web,!old")
    assert str(selector) == "app=web,!old,tier in (a,b)"
    assert selector.matches({"app": "web", "tier": "a"})
    assert not selector.matches({"app": "web", "tier": "a", "old": ""})
    pod = Object.parse(b'{"metadata":{"labels":{"tier":"b","app":"web"}}}')
    assert selector.matches(pod)
    assert LabelSelector.parse("").empty
    assert not selector.empty
    with pytest.raises(ValueError, match=r"^unable to parse requirement: found '', expected: identifier$"):
        LabelSelector.parse("!")


def test_selector_objects() -> None:
    assert not LabelSelector.from_dict(None).matches({})
    assert LabelSelector.from_dict({}).matches({"a": "b"})
    expressions = [{"key": "b", "operator": "NotIn", "values": ["x"]}, {"key": "c", "operator": "Exists"}]
    selector = LabelSelector.from_dict({"matchLabels": {"a": "1"}, "matchExpressions": expressions})
    assert str(selector) == "a=1,b notin (x),c"
    assert selector.matches({"a": "1", "c": ""})
    assert str(LabelSelector.from_map({"b": "2", "a": "1"})) == "a=1,b=2"
    with pytest.raises(ValueError, match='"Gt" is not a valid label selector operator'):
        LabelSelector.from_dict({"matchExpressions": [{"key": "a", "operator": "Gt"}]})


def test_fields() -> None:
    selector = FieldSelector.parse("status.phase!=Running,metadata.name==a")
    assert selector.requirements == [("metadata.name", "=", "a"), ("status.phase", "!=", "Running")]
    assert selector.matches({"metadata.name": "a"})
    assert not selector.matches({"metadata.name": "a", "status.phase": "Running"})
    assert FieldSelector.parse("").empty
    with pytest.raises(ValueError, match="can't understand 'x'"):
        FieldSelector.parse("x")
