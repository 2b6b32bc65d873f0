"""Custom resource definitions and what they define."""

from __future__ import annotations

import json

import pytest
from custom import OPEN, definition, definitions, established, installed, version
from exam import conformance
from kube import APPLY, JSON_PATCH
from test_lists import resources_of

PRIVILEGED = "[Privileged:ClusterAdmin]"
simple = conformance(
    "sig-api-machinery", f"CustomResourceDefinition resources {PRIVILEGED} Simple CustomResourceDefinition"
)
resources = conformance("sig-api-machinery", f"CustomResourceDefinition resources {PRIVILEGED}")
fields = conformance("sig-api-machinery", "FieldValidation")
aggregated = conformance("sig-api-machinery", "AggregatedDiscovery")
SPEC = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "foo": {"type": "string"},
                "cronSpec": {"type": "string", "pattern": r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"},
                "ports": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
                    "items": {
                        "type": "object",
                        "required": ["containerPort", "protocol"],
                        "properties": {
                            "containerPort": {"type": "integer", "format": "int32"},
                            "protocol": {"type": "string"},
                            "name": {"type": "string"},
                        },
                    },
                },
            },
        }
    },
}
PORT = {"name": "x", "containerPort": 80, "protocol": "TCP"}


@pytest.fixture
def group(kube):
    """A group of the test's own."""
    return f"{kube.namespace}.example.com"


@simple("creating/deleting custom resource definition objects works")
def test_create_and_delete(kube, group):
    body = definition(group, "Thing")
    with installed(kube, body):
        assert definitions(kube).get(body["metadata"]["name"])["spec"]["group"] == group
    definitions(kube).wait_gone(body["metadata"]["name"])


@simple("listing custom resource definition objects works")
def test_list_and_delete_many(kube, group):
    things, label = definitions(kube), {"set": kube.namespace}
    bodies = [definition(group, f"Thing{letter}") for letter in "ABC"]
    for body in bodies:
        body["metadata"]["labels"] = label
        things.post(body)
    selector = f"set={kube.namespace}"
    names = [body["metadata"]["name"] for body in bodies]
    assert things.names(label_selector=selector) == names
    things.delete_all(label_selector=selector)
    for name in names:
        things.wait_gone(name)


@simple("getting/updating/patching custom resource definition status sub-resource works")
def test_status(kube, group):
    body = definition(group, "Thing")
    name, things = body["metadata"]["name"], definitions(kube)

    def condition(kind: str) -> dict:
        return {"type": kind, "status": "True", "reason": "Test", "message": kind}

    with installed(kube, body):
        status = things.get(name, "status")["status"]
        assert established({"status": status})
        changed = things.change(name, lambda b: b["status"]["conditions"].append(condition("Updated")), "status")
        assert changed["status"]["conditions"][-1]["message"] == "Updated"
        conditions = [*changed["status"]["conditions"], condition("Patched")]
        patched = things.patch(name, {"status": {"conditions": conditions}}, "status")
        assert [c["type"] for c in patched["status"]["conditions"]][-2:] == ["Updated", "Patched"]


@resources("should include custom resource definition resources in discovery documents")
def test_definitions_are_discovered(kube):
    groups = {group["name"]: group for group in kube.send("GET", "/apis").json["groups"]}
    found = {"groupVersion": "apiextensions.k8s.io/v1", "version": "v1"}
    assert found in groups["apiextensions.k8s.io"]["versions"]
    assert found in kube.send("GET", "/apis/apiextensions.k8s.io").json["versions"]
    listed = kube.send("GET", "/apis/apiextensions.k8s.io/v1").json["resources"]
    assert "customresourcedefinitions" in [resource["name"] for resource in listed]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("raw", marks=aggregated("should support raw aggregated discovery request for CRDs")),
        pytest.param("single", marks=aggregated("should support aggregated discovery interface for CRDs")),
    ],
)
def test_custom_resources_are_discovered(kube, group, path):
    with installed(kube, definition(group, "Thing")):
        if path == "raw":
            assert (group, "v1", "things") in resources_of(kube, "/apis")
        else:
            listed = kube.send("GET", f"/apis/{group}/v1").json["resources"]
            assert [resource["name"] for resource in listed] == ["things"]
            assert group in [found["name"] for found in kube.send("GET", "/apis").json["groups"]]


@resources("custom resource defaulting for requests and from storage works")
def test_defaults_of_requests_and_of_what_is_stored(kube, group):
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    body = definition(group, "Thing", version(schema=schema), scope="Cluster")
    at = "/spec/versions/0/schema/openAPIV3Schema/properties"
    with installed(kube, body) as things:

        def change(*operations: dict) -> None:
            name = body["metadata"]["name"]
            definitions(kube).patch(name, list(operations), content_type=JSON_PATCH)

        def defaults(name: str) -> tuple:
            found = things.get(name)
            return found.get("a"), found.get("b")

        first = things.create("one")
        change({"op": "add", "path": f"{at}/a/default", "value": "A"})
        while defaults("one") != ("A", None):
            assert defaults("one")[1] is None
        second = things.create("two")
        assert second["a"] == "A"
        change({"op": "remove", "path": f"{at}/a/default"}, {"op": "add", "path": f"{at}/b/default", "value": "B"})
        while defaults("two") != ("A", "B"):
            assert defaults("two")[0] == "A"
        assert defaults("one") == (None, "B")
        assert int(first["metadata"]["resourceVersion"]) < int(second["metadata"]["resourceVersion"])


@conformance(
    "sig-api-machinery",
    f"CustomResourceDefinition Watch {PRIVILEGED} CustomResourceDefinition Watch",
)("watch on custom resource definition objects")
def test_watch(kube, group):
    with installed(kube, definition(group, "Thing", scope="Cluster")) as things:
        one, two = things.watch("one"), things.watch("two")
        for name in ("one", "two"):
            things.create(name)
        for name in ("one", "two"):
            things.patch(name, {"dummy": "test"})
        for name in ("one", "two"):
            things.delete(name)
        for watch, name in ((one, "one"), (two, "two")):
            assert watch.take(3) == [(kind, name) for kind in ("ADDED", "MODIFIED", "DELETED")]
            watch.close()


def applied(kube, path: str, text: str):
    query = {"fieldManager": "me", "fieldValidation": "Strict"}
    return kube.send("PATCH", path, text, query=query, content_type=APPLY)


@pytest.mark.parametrize(
    ("schema", "spec", "code"),
    [
        pytest.param(SPEC, {"foo": "f", "cronSpec": "* * * * */5", "ports": [PORT]}, 201, marks=fields(
            "should create/apply a valid CR for CRD with validation schema")),
        pytest.param(OPEN, {"unknown": "u", "cronSpec": "* * * * */5", "ports": [PORT]}, 201, marks=fields(
            "should create/apply a CR with unknown fields for CRD with no validation schema")),
        pytest.param(SPEC, {"foo": "f", "extra": "e", "ports": [PORT]}, 500, marks=fields(
            "should create/apply an invalid CR with extra properties for CRD with validation schema")),
    ],
    ids=["valid", "open", "extra"],
)  # fmt: skip
def test_strict_apply(kube, group, schema, spec, code):
    with installed(kube, definition(group, "Thing", version(schema=schema), scope="Cluster")) as things:
        answer = applied(kube, things.path("one"), json.dumps(things.body("one", spec=spec)))
        assert answer.status == code, answer.data
        if code == 500:  # as upstream answers
            assert ".spec.extra: field not declared in schema" in answer.json["message"]
            query = {"fieldValidation": "Strict"}
            refused = kube.send("POST", things.path(), things.body("one", spec=spec), query=query)
            assert 'strict decoding error: unknown field "spec.extra"' in refused.json["message"]


@fields("should detect duplicates in a CR when preserving unknown fields")
def test_duplicates_in_what_is_kept_as_it_is(kube, group):
    with installed(kube, definition(group, "Thing", scope="Cluster")) as things:
        text = (
            f"apiVersion: {group}/v1\nkind: Thing\nmetadata: {{name: one}}\n"
            "spec: {unknown: a, foo: f, foo: g, ports: [{containerPort: 80, containerPort: 81}]}\n"
        )
        query = {"fieldValidation": "Strict"}
        answer = kube.send("POST", things.path(), text, query=query, content_type="application/yaml")
        assert answer.status == 400
        assert "already set in map" in answer.json["message"]
        assert 'key "foo"' in answer.json["message"]


@fields("should detect unknown metadata fields in both the root and embedded object of a CR")
def test_unknown_metadata_at_the_root_and_inside(kube, group):
    inner = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"template": inner}}}}
    with installed(kube, definition(group, "Thing", version(schema=schema), scope="Cluster")) as things:
        template = {"apiVersion": "v1", "kind": "Inner", "metadata": {"name": "i", "unknownSubMeta": 1}}
        body = things.body("one", metadata={"unknownMeta": 1}, spec={"template": template})
        answer = kube.send("POST", things.path(), body, query={"fieldValidation": "Strict"})
        assert answer.status == 400
        for path in ("metadata.unknownMeta", "spec.template.metadata.unknownSubMeta"):
            assert f'unknown field "{path}"' in answer.json["message"]


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
  {meta}
spec:
  {spec}
  selector: {{matchLabels: {{a: b}}}}
  template:
    metadata: {{labels: {{a: b}}}}
    spec: {{containers: [{{name: c, image: i}}]}}
"""


@pytest.mark.parametrize(
    ("meta", "spec", "said"),
    [
        pytest.param("", "unknownField: 1\n  paused: true\n  paused: false",
                     ['unknown field "spec.unknownField"', 'key "paused" already set in map'],
                     marks=fields("should detect unknown and duplicate fields of a typed object")),
        pytest.param("unknownMeta: x", "", ['unknown field "metadata.unknownMeta"'],
                     marks=fields("should detect unknown metadata fields of a typed object")),
    ],
)  # fmt: skip
def test_strict_decoding_of_a_deployment(kube, meta, spec, said):
    path, query = kube("Deployment", "apps/v1").path(), {"fieldValidation": "Strict"}
    text = DEPLOYMENT.format(meta=meta, spec=spec)
    answer = kube.send("POST", path, text, query=query, content_type="application/yaml")
    assert answer.status == 400
    for words in said:
        assert words in answer.json["message"]
    warned = kube.send("POST", path, text, query={"fieldValidation": "Warn"}, content_type="application/yaml")
    assert warned.status == 201
    assert all(words.replace('"', '\\"') in warned.headers["warning"] for words in said)


@conformance("sig-api-machinery", f"CustomResourceFieldSelectors {PRIVILEGED} CustomResourceFieldSelectors")(
    "MUST list and watch custom resources matching the field selector"
)
def test_selectable_fields(kube, group):
    properties = {name: {"type": "string"} for name in ("host", "port")}
    schema = {"type": "object", "properties": properties}
    chosen = [{"jsonPath": ".host"}, {"jsonPath": ".port"}]
    body = definition(group, "Thing", version(schema=schema, selectableFields=chosen))
    with installed(kube, body) as things:
        watch = things.watch(fieldSelector="host=one,port=80")
        for name, host, port in (("a", "one", "80"), ("b", "one", "81"), ("c", "two", "80")):
            things.create(name, host=host, port=port)
        assert things.names(field_selector="host=one") == ["a", "b"]
        assert things.names(field_selector="host=one,port=80") == ["a"]
        things.patch("b", {"port": "80"})
        things.patch("a", {"host": "two"})
        assert watch.take(3) == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]
        watch.close()
        assert kube.send("GET", things.path(), query={"fieldSelector": "other=x"}).status == 400
