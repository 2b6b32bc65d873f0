"""Patching and structural validation through the schema, as the API server calls them."""

import json
from typing import Any

import pytest

from kfast._core import DecodeError, PatchError, StrictDecodeError
from kfast.api.schema import load_schema

KEY = "apps/v1/Deployment"
TYPES = {"json": "application/json-patch+json", "merge": "application/merge-patch+json"}
TYPES["strategic"] = "application/strategic-merge-patch+json"
ORIGINAL: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]}},
    },
}


def patch(kind: str, change: Any, validation: str = "Warn") -> tuple[dict[str, Any], list[str]]:
    data = change if isinstance(change, bytes) else json.dumps(change).encode()
    return load_schema().patch(KEY, TYPES[kind], json.dumps(ORIGINAL).encode(), data, validation)


def test_a_strategic_patch_follows_the_schema_of_the_kind() -> None:
    change = {"spec": {"template": {"spec": {"containers": [{"name": "b", "image": "y:2"}]}}}}
    patched, warnings = patch("strategic", change)
    images = {c["name"]: c["image"] for c in patched["spec"]["template"]["spec"]["containers"]}
    assert images == {"a": "x:1", "b": "y:2"}
    assert warnings == []
    replaced, _ = patch("merge", change)
    assert [c["name"] for c in replaced["spec"]["template"]["spec"]["containers"]] == ["b"]


def test_findings_follow_the_validation() -> None:
    change = b'{"spec":{"replicas":2,"replicas":3,"foo":1}}'
    findings = ['duplicate field "spec.replicas"', 'unknown field "spec.foo"']
    patched, warnings = patch("merge", change)
    assert patched["spec"]["replicas"] == 3
    assert "foo" not in patched["spec"]
    assert warnings == findings
    assert patch("merge", change, "Ignore")[1] == []
    with pytest.raises(StrictDecodeError) as refused:
        patch("merge", change, "Strict")
    assert str(refused.value) == f"strict decoding error: {', '.join(findings)}"


def test_refusals() -> None:
    with pytest.raises(PatchError) as failed:
        patch("json", [{"op": "test", "path": "/spec/replicas", "value": 2}])
    assert failed.value.args == ("Invalid", "testing value /spec/replicas failed: test failed")
    with pytest.raises(PatchError) as malformed:
        patch("merge", b"{")
    assert malformed.value.args == ("BadRequest", "error decoding patch: unexpected end of JSON input")
    with pytest.raises(DecodeError, match="cannot unmarshal string into Go struct field"):
        patch("merge", {"spec": {"replicas": "many"}})


def test_structure() -> None:
    schema = load_schema()
    assert schema.validate(KEY, ORIGINAL) == []
    pod = {"spec": {"containers": [{"name": "a"}, {"name": "a"}], "volumes": [{"name": "v", "hostPath": {}}]}}
    assert schema.validate("v1/Pod", pod) == [
        ("spec.volumes[0].hostPath.path", "FieldValueRequired", "Required value"),
        ("spec.containers[1].name", "FieldValueDuplicate", 'Duplicate value: "a"'),
    ]
