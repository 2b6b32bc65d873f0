"""`Tree`: a body that stays in Rust from decode to canonical bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kfast._core import DecodeError, StrictDecodeError, Tree
from kfast.api.schema import load_schema

JSON = "application/json"
POD: dict[str, Any] = {
    "spec": {"containers": [{"name": "a", "image": "b", "resources": {"limits": {"cpu": "1"}}}]},
    "metadata": {"name": "p", "resourceVersion": "7", "labels": {"name": "x"}},
    "kind": "Pod",
    "apiVersion": "v1",
}


def decoded(body: dict[str, Any] = POD, key: str = "v1/Pod") -> Tree:
    tree, findings = load_schema().decode_tree(key, json.dumps(body).encode(), JSON, "Strict")
    assert findings == []
    return tree


def test_a_tree_is_what_decode_makes_a_dict_of():
    body = json.dumps(POD).encode()
    plain, _ = load_schema().decode("v1/Pod", body, JSON, "Strict")
    assert decoded().to_dict() == plain


def test_canonical_bytes_start_with_the_type_and_carry_no_version():
    text = decoded().to_bytes()
    assert text.startswith(b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"name":"x"}},"spec":{')
    assert load_schema().decode("v1/Pod", text, JSON, "Strict")[0] == json.loads(text)


def test_texts_are_escaped():
    odd = 'a"\\\n\r\t\b\f\x01\x7fé\u2028😀'
    tree = decoded({"metadata": {"annotations": {odd: odd}}})
    assert json.loads(tree.to_bytes())["metadata"]["annotations"] == {odd: odd}


def test_fields_are_read_by_path():
    tree = decoded()
    assert tree.get("spec", "containers", 0, "name") == "a"
    assert tree.get("metadata", "labels") == {"name": "x"}
    assert tree.get("metadata", "labels", "name") == "x"
    assert tree.get("spec", "containers", 1) is None
    assert tree.get("spec", "no", "such", default=3) == 3


def test_fields_are_set_and_taken_out_by_path():
    tree = decoded()
    tree.set(("status", "phase"), "Pending")
    tree.set(("metadata", "labels", "name"), "y")
    tree.set(("metadata", "annotations"), {"k": "v"})
    tree.set(("spec", "containers", 0, "env"), [{"name": "N", "value": None}])
    tree.set(("spec", "containers", 0, "resources", "limits"), None)
    again = tree.to_dict()
    assert again["status"]["phase"] == "Pending"
    assert again["metadata"]["labels"] == {"name": "y"}
    assert again["metadata"]["annotations"] == {"k": "v"}
    assert again["spec"]["containers"][0]["env"] == [{"name": "N"}]
    assert again["spec"]["containers"][0]["resources"] == {}


@pytest.mark.parametrize("path", [(), ("nope",), ("spec", "containers", 7), ("metadata", "name", "x"), ("spec", 0)])
def test_a_place_the_kind_has_not_is_refused(path: tuple[str | int, ...]):
    with pytest.raises(KeyError):
        decoded().set(path, "x")


def test_values_of_no_kind_are_refused():
    with pytest.raises(ValueError, match=r"v1\.PodSpec has no field"):
        decoded().set(("spec",), {"nope": 1})
    with pytest.raises(TypeError):
        decoded().set(("spec", "nodeName"), object())


def test_trees_are_equal_whatever_the_order():
    schema = load_schema()
    one = schema.tree("v1/Pod", {"kind": "Pod", "metadata": {"labels": {"a": "1", "b": "2"}}})
    other = schema.tree("v1/Pod", {"metadata": {"labels": {"b": "2", "a": "1"}}, "kind": "Pod"})
    assert one == other == other.copy()
    other.set(("kind",), "Node")
    assert one != other


@pytest.mark.parametrize("media", ["application/yaml", JSON])
def test_malformed_bodies_are_refused(media: str):
    with pytest.raises(DecodeError):
        load_schema().decode_tree("v1/Pod", b"{a: [", media, "Ignore")
    with pytest.raises(StrictDecodeError):
        load_schema().decode_tree("v1/Pod", b'{"a": 1}', media, "Strict")


def test_other_formats_make_the_same_tree():
    schema = load_schema()
    tree = decoded()
    message = schema.encode("v1/Pod", tree.to_dict(), "application/vnd.kubernetes.protobuf")
    assert schema.decode_tree("v1/Pod", message, "application/vnd.kubernetes.protobuf", "Strict")[0] == tree
    assert schema.decode_tree("v1/Pod", json.dumps(POD).encode(), "application/yaml", "Strict")[0] == tree


def test_structure_is_validated_without_a_dict():
    schema = load_schema()
    body = {"metadata": {}, "spec": {"containers": [{"name": "a"}, {"name": "a"}]}}
    assert schema.validate("v1/Pod", schema.tree("v1/Pod", body)) == schema.validate("v1/Pod", body) != []
