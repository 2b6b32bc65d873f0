"""What the API server publishes of custom resources: OpenAPI v2 and v3, and kubectl by it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from custom import OPEN, definition, definitions, installed, version
from exam import conformance

published = conformance("sig-api-machinery", "CustomResourcePublishOpenAPI [Privileged:ClusterAdmin]")
FOO = {
    "description": "Foo CRD for tests",
    "type": "object",
    "properties": {
        "spec": {
            "description": "Specification of Foo",
            "type": "object",
            "properties": {
                "bars": {
                    "description": "List of Bars and their specs.",
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"description": "Name of Bar.", "type": "string"},
                            "age": {"description": "Age of Bar.", "type": "string"},
                            "feeling": {"type": "string", "enum": ["Great", "Down"]},
                        },
                    },
                }
            },
        },
        "status": {"description": "Status of Foo", "type": "object", "properties": {"bars": {"type": "array",
                   "items": {"type": "object", "properties": {"available": {"type": "boolean"}}}}}},
    },
}  # fmt: skip
INNER = {
    "type": "object",
    "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                   "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}}},
}  # fmt: skip


@pytest.fixture
def group(kube):
    return f"{kube.namespace}.example.com"


def schema_name(group: str, kind: str, served: str = "v1") -> str:
    """Under which name a definition of the kind is published."""
    return f"{'.'.join(reversed(group.split('.')))}.{served}.{kind}"


def publications(kube: Any, group: str, kind: str, served: str = "v1") -> tuple[Any, Any]:
    """The kind's definitions in v2 and in v3, None where there is none."""
    name = schema_name(group, kind, served)
    v2 = kube.send("GET", "/openapi/v2", accept="application/json").json["definitions"].get(name)
    v3 = kube.send("GET", f"/openapi/v3/apis/{group}/{served}")
    return v2, v3.json["components"]["schemas"].get(name) if v3.status == 200 else None


def stripped(schema: Any) -> Any:
    """A published schema without what publication adds at its root."""
    schema = {key: value for key, value in schema.items() if key != "x-kubernetes-group-version-kind"}
    added = ("apiVersion", "kind", "metadata")
    properties = {k: v for k, v in schema.pop("properties", {}).items() if k not in added}
    return schema | ({"properties": properties} if properties else {})


@published("works for CRD with validation schema")
def test_a_schema_is_published_and_kubectl_goes_by_it(kube, kubectl, group):
    with installed(kube, definition(group, "Foo", version(schema=FOO))):
        for document in publications(kube, group, "Foo"):
            assert stripped(document) == FOO
        valid = {
            "apiVersion": f"{group}/v1",
            "kind": "Foo",
            "metadata": {"name": "f"},
            "spec": {"bars": [{"name": "b"}]},
        }
        for verb in ("create", "apply"):
            kubectl(verb, "-f", "-", stdin=valid)
            kubectl("delete", f"foos.{group}", "f")
        for bar, spec, said in (
            ({"name": "b", "feeling": "Odd"}, {}, "Unsupported value"),
            ({"name": "b"}, {"foo": True}, 'unknown field "spec.foo"'),
            ({"age": "10"}, {}, "Required value"),
        ):
            wrong = {**valid, "spec": {"bars": [bar], **spec}}
            for verb in ("create", "apply"):
                assert said in kubectl.fails(verb, "-f", "-", stdin=wrong)
        assert "Foo CRD for tests" in kubectl("explain", f"foos.{group}")
        assert "Specification of Foo" in kubectl("explain", "foos.spec", f"--api-version={group}/v1")
        assert "creationTimestamp\t<string>" in kubectl("explain", "foos.metadata", f"--api-version={group}/v1")
        recursive = kubectl("explain", "foos.spec.bars", "--recursive", f"--api-version={group}/v1")
        assert "name\t<string> -required-" in recursive
        assert 'field "bars2" does not exist' in kubectl.fails(
            "explain", "foos.spec.bars2", f"--api-version={group}/v1"
        )


@pytest.mark.parametrize(
    ("schema", "spec"),
    [
        pytest.param(OPEN, {"any": {"thing": [1]}}, marks=published("works for CRD without validation schema")),
        pytest.param({**INNER, "x-kubernetes-preserve-unknown-fields": True}, {"a": {"b": 1}}, marks=published(
            "works for CRD preserving unknown fields at the schema root")),
        pytest.param(INNER, {"a": {"b": 1}}, marks=published(
            "works for CRD preserving unknown fields in an embedded object")),
    ],
    ids=["open", "root", "embedded"],
)  # fmt: skip
def test_unknown_fields_are_taken_where_they_are_kept(kube, kubectl, group, schema, spec):
    with installed(kube, definition(group, "Foo", version(schema=schema))) as things:
        v2, v3 = publications(kube, group, "Foo")
        assert v2["type"] == v3["type"] == "object"
        body = things.body("f", spec=spec)
        for verb in ("create", "apply"):
            kubectl(verb, "-f", "-", stdin=body)
            assert things.get("f")["spec"] == spec
            kubectl("delete", f"foos.{group}", "f")
        assert "KIND:       Foo" in kubectl("explain", "foos", f"--api-version={group}/v1")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("one", "Foo", "v1"), ("two", "Foo", "v1"), marks=published(
            "works for multiple CRDs of different groups")),
        pytest.param(("one", "Foo", "v1"), ("one", "Bar", "v1"), marks=published(
            "works for multiple CRDs of same group and version but different kinds")),
        pytest.param(("one", "Foo", "v1"), ("one", "Bar", "v2"), marks=published(
            "works for multiple CRDs of same group but different versions")),
    ],
    ids=["groups", "kinds", "versions"],
)  # fmt: skip
def test_several_definitions(kube, group, first, second):
    def made(place: str, kind: str, served: str) -> Any:
        return definition(f"{place}.{group}", kind, version(served, FOO, storage=True))

    with installed(kube, made(*first)), installed(kube, made(*second)):
        for place, kind, served in (first, second):
            for document in publications(kube, f"{place}.{group}", kind, served):
                assert stripped(document) == FOO


def changed(kube: Any, body: Any, change: Any) -> None:
    definitions(kube).change(body["metadata"]["name"], lambda found: change(found["spec"]["versions"]))


@published("updates the published spec when one version gets renamed")
def test_a_version_gets_another_name(kube, group):
    body = definition(group, "Foo", version("v2", copy.deepcopy(FOO)), version("v1", copy.deepcopy(FOO)))
    with installed(kube, body):
        assert all(publications(kube, group, "Foo", "v2"))
        changed(kube, body, lambda versions: versions[0].update(name="v4"))
        until(lambda: all(publications(kube, group, "Foo", "v4")))
        until(lambda: publications(kube, group, "Foo", "v2") == (None, None))
        assert all(stripped(document) == FOO for document in publications(kube, group, "Foo", "v1"))


@published("removes definition from spec when one version gets changed to not be served")
def test_a_version_is_no_longer_served(kube, group):
    body = definition(group, "Foo", version("v5", copy.deepcopy(FOO)), version("v1", copy.deepcopy(FOO)))
    with installed(kube, body):
        assert all(publications(kube, group, "Foo", "v5"))
        changed(kube, body, lambda versions: versions[0].update(served=False))
        until(lambda: publications(kube, group, "Foo", "v5") == (None, None))
        assert all(stripped(document) == FOO for document in publications(kube, group, "Foo", "v1"))


def until(true: Any) -> None:
    """Asks until it is so; the test's own timeout ends what never is."""
    while not true():
        pass
