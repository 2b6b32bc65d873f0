"""Server-side apply over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

APPLY = {"Content-Type": "application/apply-patch+yaml"}
MERGE = {"Content-Type": "application/merge-patch+json"}
CM = "/api/v1/namespaces/default/configmaps/a"
DEPLOY = "/apis/apps/v1/namespaces/default/deployments/a"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def config_map(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def deployment(**spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}


def owners(body: Any) -> dict[str, Any]:
    return {e["manager"]: e["fieldsV1"] for e in body["metadata"]["managedFields"]}


async def test_create_share_and_give_up(call: Any) -> None:
    created = await call("PATCH", f"{CM}?fieldManager=ann", config_map(a="1", b="2"), APPLY)
    assert created.code == 201
    entry = created.body["metadata"]["managedFields"][0]
    assert entry | {"time": ""} == {
        "manager": "ann",
        "operation": "Apply",
        "apiVersion": "v1",
        "time": "",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}},
    }
    again = await call("PATCH", f"{CM}?fieldManager=ann", config_map(a="1", b="2"), APPLY)
    assert (again.code, again.body) == (200, created.body)
    shared = await call.ok("PATCH", f"{CM}?fieldManager=bob", config_map(b="2", c="3"), APPLY)
    assert shared["data"] == {"a": "1", "b": "2", "c": "3"}
    nothing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    left = await call.ok("PATCH", f"{CM}?fieldManager=ann", nothing, APPLY)
    assert left["data"] == {"b": "2", "c": "3"}
    assert owners(left) == {"bob": {"f:data": {"f:b": {}, "f:c": {}}}}


async def test_conflicts_and_force(call: Any) -> None:
    await call.ok("PATCH", f"{DEPLOY}?fieldManager=ann", deployment(replicas=2), APPLY)
    refused = await call("PATCH", f"{DEPLOY}?fieldManager=bob", deployment(replicas=3), APPLY)
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "ann": .spec.replicas'
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "ann"', "field": ".spec.replicas"}
    assert refused.body["details"]["causes"] == [cause]
    forced = await call.ok("PATCH", f"{DEPLOY}?fieldManager=bob&force=true", deployment(replicas=3), APPLY)
    assert "f:replicas" not in owners(forced)["ann"]["f:spec"]
    changed = await call.ok("PATCH", f"{DEPLOY}?fieldManager=eve", {"spec": {"replicas": 5, "paused": True}}, MERGE)
    assert owners(changed)["eve"] == {"f:spec": {"f:paused": {}, "f:replicas": {}}}
    refused = await call("PATCH", f"{DEPLOY}?fieldManager=bob", deployment(replicas=3, paused=False), APPLY)
    assert refused.body["message"] == (
        'Apply failed with 2 conflicts: conflicts with "eve" using apps/v1:\n- .spec.paused\n- .spec.replicas'
    )


async def test_status_and_spec_have_owners_of_their_own(call: Any) -> None:
    await call.ok("PATCH", f"{DEPLOY}?fieldManager=ann", deployment(replicas=2), APPLY)
    status = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "status": {"replicas": 3}}
    body = await call.ok("PATCH", f"{DEPLOY}/status?fieldManager=ctl", status, APPLY)
    assert body["status"]["replicas"] == 3
    entry = next(e for e in body["metadata"]["managedFields"] if e["manager"] == "ctl")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:replicas": {}}})
    await call.ok("PATCH", f"{DEPLOY}/scale?fieldManager=hpa", {"spec": {"replicas": 4}}, MERGE)
    body = await call.ok("GET", DEPLOY)
    entry = next(e for e in body["metadata"]["managedFields"] if e["manager"] == "hpa")
    assert (entry["operation"], entry["subresource"]) == ("Update", "scale")
    assert (await call("PATCH", f"{DEPLOY}x/status?fieldManager=ctl", status, APPLY)).code == 404


async def test_replicas_applied_through_scale_have_an_owner(call: Any) -> None:
    made = deployment(replicas=2)
    await call.ok("POST", f"{DEPLOY.removesuffix('/a')}?fieldManager=ann", made)

    def scale(replicas: int) -> dict[str, Any]:
        return {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"name": "a"},
            "spec": {"replicas": replicas},
        }

    refused = await call("PATCH", f"{DEPLOY}/scale?fieldManager=hpa", scale(5), APPLY)
    assert refused.body["message"] == (
        'Apply failed with 1 conflict: conflict with "ann" using autoscaling/v1: .spec.replicas'
    )
    forced = await call.ok("PATCH", f"{DEPLOY}/scale?fieldManager=hpa&force=true", scale(5), APPLY)
    assert (forced["kind"], forced["spec"]) == ("Scale", {"replicas": 5})
    first, other = (await call.ok("GET", DEPLOY))["metadata"]["managedFields"]
    assert first == {
        "manager": "hpa",
        "operation": "Apply",
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
        "subresource": "scale",
    }
    assert (other["manager"], "f:replicas" in other["fieldsV1"]["f:spec"]) == ("ann", False)
    refused = await call("PATCH", f"{DEPLOY}?fieldManager=bob", deployment(replicas=3), APPLY)
    assert refused.body["details"]["causes"][0]["message"] == 'conflict with "hpa" with subresource "scale"'
    wrong = {**scale(1), "spec": {"replicas": "x"}}
    refused = await call("PATCH", f"{DEPLOY}/scale?fieldManager=hpa", wrong, APPLY)
    assert (
        refused.code,
        refused.body["message"].endswith(".spec.replicas: expected numeric (int or float), got string"),
    ) == (500, True)


async def test_what_is_not_tracked_belongs_to_its_past(call: Any) -> None:
    made = await call.ok("POST", f"{CM.removesuffix('/a')}?fieldManager=bob", config_map(a="1"))
    assert owners(made) == {"bob": {"f:data": {".": {}, "f:a": {}}}}
    freed = await call.ok("PATCH", CM, {"metadata": {"managedFields": []}}, MERGE)
    assert "managedFields" not in freed["metadata"]
    changed = await call.ok("PATCH", CM, {"data": {"a": "3"}}, MERGE)
    assert "managedFields" not in changed["metadata"]
    refused = await call("PATCH", f"{CM}?fieldManager=ann", config_map(a="2"), APPLY)
    assert (refused.code, "before-first-apply" in refused.body["message"]) == (409, True)
    taken = await call.ok("PATCH", f"{CM}?fieldManager=ann&force=true", config_map(a="2"), APPLY)
    assert owners(taken)["ann"] == {"f:data": {"f:a": {}}}


async def test_kubectl_takes_over_what_its_client_side_apply_set(call: Any) -> None:
    before = config_map(a="1")
    before["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(config_map(a="1"))}
    await call.ok("PATCH", f"{CM}?fieldManager=other", before, APPLY)
    assert (await call("PATCH", f"{CM}?fieldManager=ann", config_map(a="2"), APPLY)).code == 409
    body = await call.ok("PATCH", f"{CM}?fieldManager=kubectl", config_map(a="2"), APPLY)
    assert json.loads(body["metadata"]["annotations"][LAST_APPLIED])["data"] == {"a": "2"}


async def test_a_dry_run_writes_nothing(call: Any) -> None:
    dry = await call("PATCH", f"{CM}?fieldManager=ann&dryRun=All", config_map(a="1"), APPLY)
    assert dry.code == 201
    assert (await call("GET", CM)).code == 404


REFUSED = [
    ("", config_map(), 422, "fieldManager: Required value: is required for apply patch"),
    ("fieldManager=m", {**config_map(), "kind": "Pod"}, 400, "invalid object type: /v1, Kind=Pod"),
    ("fieldManager=m", {**config_map(), "apiVersion": "apps/v1"}, 400, "invalid object type: apps/v1, Kind=ConfigMap"),
    ("fieldManager=m", {**config_map(), "spec": 1}, 500,
     "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .spec: field not declared in schema"),
    ("fieldManager=m", {**config_map(), "data": {"a": [1]}}, 500,
     ".data.a: expected string, got &value.valueUnstructured{Value:[]interface {}{1}}"),
    ("fieldManager=m", {**config_map(), "metadata": "x"}, 500,
     "(/; /v1, Kind=ConfigMap): .metadata: expected map, got &{x}"),
    ("fieldManager=m", {**config_map(), "data": [{"k": None}]}, 500, ".data: expected map, got &{[map[k:<nil>]]}"),
    ("fieldManager=m", {**config_map(), "immutable": 1, "data": {"a": 1}}, 500, "errors:\n  .data.a: expected string"),
    ("fieldManager=m", {**config_map(), "binaryData": {"a": "%"}}, 500,
     "unable to convert unstructured object to /v1, Kind=ConfigMap: error decoding from json: illegal"),
    ("fieldManager=m", {**config_map(), "metadata": {"name": "a", "managedFields": []}}, 400,
     "metadata.managedFields must be nil"),
    ("fieldManager=m", {**config_map(), "metadata": {"name": "b"}}, 400,
     "the name of the object (b) does not match the name on the URL (a)"),
    ("fieldManager=m", b"[]", 400, "cannot unmarshal array into Go value of type map[string]interface {}"),
    ("fieldManager=m", b"a: b: c", 400, "error decoding YAML: error converting YAML to JSON: yaml: mapping values"),
    ("fieldManager=m&fieldValidation=Strict",
     b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"q":"3","q":"4"}}', 400,
     'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 1: key "q"'),
]  # fmt: skip


@pytest.mark.parametrize(("query", "body", "code", "message"), REFUSED)
async def test_configurations_refused(call: Any, query: str, body: Any, code: int, message: str) -> None:
    answer = await call("PATCH", f"{CM}?{query}", body, APPLY)
    assert answer.code == code
    assert message in answer.body["message"]
