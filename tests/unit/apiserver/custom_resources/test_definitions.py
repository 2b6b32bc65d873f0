"""The life of a definition: names, conditions, what is served, and its end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

MERGE = {"Content-Type": "application/merge-patch+json"}
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"


def widget(name: str = "a", **parts: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}, **parts}


async def test_a_new_definition_has_no_conditions_and_is_established_at_once(call: Any, lab: Any) -> None:
    created = await call.ok("POST", lab.path, lab.definition())
    assert created["status"] == {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": ["v1"],
    }
    assert created["spec"]["names"] == {
        "plural": "widgets",
        "singular": "widget",
        "kind": "Widget",
        "listKind": "WidgetList",
    }
    crd = await lab.until("widgets.example.com", lambda c: lab.condition(c, "Established")[0] == "True")
    assert lab.condition(crd, "NamesAccepted") == ("True", "NoConflicts")
    assert lab.condition(crd, "Established") == ("True", "InitialNamesAccepted")
    assert crd["status"]["acceptedNames"] == created["spec"]["names"]
    assert crd["metadata"]["generation"] == 1


async def test_objects_live_like_those_of_other_kinds(call: Any, lab: Any) -> None:
    await lab.establish(lab.definition())
    created = await call.ok("POST", WIDGETS, widget(spec={"replicas": 1}, status={"replicas": 4}))
    assert created["metadata"]["generation"] == 1
    assert created["status"] == {"replicas": 4}
    assert await call.ok("GET", f"{WIDGETS}/a") == created
    listed = await call.ok("GET", "/apis/example.com/v1/widgets")
    assert (listed["kind"], listed["items"]) == ("WidgetList", [created])
    changed = await call.ok("PUT", f"{WIDGETS}/a", created | {"spec": {"replicas": 2}})
    assert changed["metadata"]["generation"] == 2
    patched = await call.ok("PATCH", f"{WIDGETS}/a", {"status": {"replicas": 5}}, MERGE)
    assert patched["metadata"]["generation"] == 3, "without the subresource, status is a part like any other"
    json_patch = [{"op": "replace", "path": "/spec/replicas", "value": 7}]
    patched = await call.ok("PATCH", f"{WIDGETS}/a", json_patch, {"Content-Type": "application/json-patch+json"})
    assert patched["spec"]["replicas"] == 7
    strategic = await call("PATCH", f"{WIDGETS}/a", {}, {"Content-Type": "application/strategic-merge-patch+json"})
    assert strategic.code == 415
    sink = await call.watch(f"{WIDGETS}?watch=true&resourceVersion={patched['metadata']['resourceVersion']}")
    await call.ok("DELETE", f"{WIDGETS}/a")
    for _ in range(5):
        await asyncio.sleep(0)
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in sink.events] == [("DELETED", "a")]


async def test_an_update_must_state_its_version(call: Any, lab: Any) -> None:
    await lab.establish(lab.definition())
    await call.ok("POST", WIDGETS, widget())
    answer = await call("PUT", f"{WIDGETS}/a", widget())
    assert answer.code == 422
    assert answer.body["message"].endswith(
        "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
    )
    answer = await call("PUT", f"{lab.path}/widgets.example.com", lab.definition())
    assert (answer.code, answer.body["details"]["causes"][0]["field"]) == (422, "metadata.resourceVersion")


async def test_status_and_scale_are_parts_of_their_own(call: Any, lab: Any) -> None:
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    await lab.establish(lab.definition("widgets", "Widget", lab.version(subresources={"status": {}, "scale": scale})))
    created = await call.ok("POST", WIDGETS, widget(spec={"replicas": 1}, status={"replicas": 4}))
    assert "status" not in created
    both = {"spec": {"replicas": 9}, "status": {"replicas": 2, "selector": "a=b"}, "metadata": {"labels": {"x": "y"}}}
    written = await call.ok("PATCH", f"{WIDGETS}/a/status", both, MERGE)
    assert (written["spec"], written["status"]) == (created["spec"], both["status"])
    assert "labels" not in written["metadata"]
    assert written["metadata"]["generation"] == 1
    found = await call.ok("GET", f"{WIDGETS}/a/scale")
    assert (found["spec"], found["status"]) == ({"replicas": 1}, {"replicas": 2, "selector": "a=b"})
    await call.ok("PATCH", f"{WIDGETS}/a/scale", {"spec": {"replicas": 3}}, MERGE)
    assert (await call.ok("GET", f"{WIDGETS}/a"))["spec"] == {"replicas": 3}


async def test_names_in_use_are_refused_until_they_are_free(call: Any, lab: Any) -> None:
    await lab.establish(lab.definition("ones", "One", shortNames=["on"]))
    await call.ok("POST", lab.path, lab.definition("twos", "One", shortNames=["on"], singular="one"))
    crd = await lab.until("twos.example.com", lambda c: bool(c["status"]["conditions"]))
    assert lab.condition(crd, "NamesAccepted") == ("False", "ListKindConflict")
    assert lab.condition(crd, "Established") == ("False", "NotAccepted")
    assert crd["status"]["acceptedNames"] == {"plural": "twos", "kind": ""}
    assert (await call("GET", "/apis/example.com/v1/twos")).code == 404
    await call.ok("DELETE", f"{lab.path}/ones.example.com")
    crd = await lab.until("twos.example.com", lambda c: lab.condition(c, "Established")[0] == "True")
    assert crd["status"]["acceptedNames"]["kind"] == "One"
    assert (await call("GET", "/apis/example.com/v1/twos")).code == 200


async def test_deletion_removes_the_objects_and_ends_watches(call: Any, lab: Any) -> None:
    await lab.establish(lab.definition())
    await call.ok("POST", WIDGETS, widget("a"))
    await call.ok("POST", WIDGETS, {**widget("b"), "metadata": {"name": "b", "finalizers": ["example.com/held"]}})
    sink = await call.watch(f"{WIDGETS}?watch=true")
    deleted = await call.ok("DELETE", f"{lab.path}/widgets.example.com")
    assert deleted["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert lab.condition(deleted, "Terminating") == ("True", "InstanceDeletionPending")
    await lab.until(
        "widgets.example.com", lambda c: lab.condition(c, "Terminating") == ("True", "InstanceDeletionInProgress")
    )
    refused = await call("POST", WIDGETS, widget("c"))
    assert refused.code == 403
    assert refused.body["message"].endswith("create not allowed while custom resource definition is terminating")
    resources = (await call.ok("GET", "/apis/example.com/v1"))["resources"]
    assert resources[0]["verbs"] == ["delete", "deletecollection", "get", "list", "watch"]
    await call.ok("PATCH", f"{WIDGETS}/b", {"metadata": {"finalizers": None}}, MERGE)
    await lab.gone("widgets.example.com")
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in sink.events] == [
        ("ADDED", "a"),
        ("ADDED", "b"),
        ("DELETED", "a"),
        ("MODIFIED", "b"),
        ("DELETED", "b"),
    ]
    assert sink.closed == 1
    assert (await call("GET", f"{WIDGETS}/b")).code == 404
    assert "example.com" not in {group["name"] for group in (await call.ok("GET", "/apis"))["groups"]}
    await lab.establish(lab.definition())
    assert (await call.ok("GET", WIDGETS))["items"] == []


async def test_the_columns_are_those_of_the_version(call: Any, lab: Any) -> None:
    columns = [
        {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
        {"name": "Part", "type": "string", "jsonPath": '.spec.parts[?(@.name=="x")].name', "priority": 1},
        {"name": "Color", "type": "string", "jsonPath": ".spec.color", "description": "of the outside"},
    ]
    await lab.establish(lab.definition("widgets", "Widget", lab.version(additionalPrinterColumns=columns)))
    await call.ok("POST", WIDGETS, widget(spec={"replicas": 1, "parts": [{"name": "y"}, {"name": "x"}]}))
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    table = await call.ok("GET", WIDGETS, headers=accept)
    assert [c["name"] for c in table["columnDefinitions"]] == ["Name", "Replicas", "Part", "Color"]
    assert table["columnDefinitions"][3]["description"] == "of the outside"
    assert table["rows"][0]["cells"] == ["a", 1, "x", None]


@pytest.mark.parametrize(
    ("note", "verdict"),
    [
        ("https://github.com/kubernetes/kubernetes/pull/78458", ("True", "ApprovedAnnotation")),
        ("unapproved, for a test", ("False", "UnapprovedAnnotation")),
    ],
)
async def test_groups_of_the_community_need_approval(call: Any, lab: Any, note: str, verdict: tuple[str, str]) -> None:
    crd = lab.definition(group="widgets.k8s.io")
    assert (await call("POST", lab.path, crd)).code == 422
    crd["metadata"]["annotations"] = {"api-approved.kubernetes.io": note}
    crd = await lab.establish(crd)
    assert lab.condition(crd, "KubernetesAPIApprovalPolicyConformant") == verdict


async def test_a_restarted_server_serves_what_is_stored(api: Any, call: Any, lab: Any) -> None:
    from kfast.api.catalog import default_catalog
    from kfast.apiserver.app import APIServer

    await lab.establish(lab.definition())
    await call.ok("POST", WIDGETS, widget(spec={"replicas": 1}))
    again = APIServer(api.backend.store, default_catalog(), api.clock)
    await again.start()
    call.api = again
    assert (await call.ok("GET", f"{WIDGETS}/a"))["spec"] == {"replicas": 1}
    await again.stop()


async def test_objects_are_checked_by_their_schema_and_what_scale_reads(call: Any, lab: Any) -> None:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    await lab.establish(lab.definition("widgets", "Widget", lab.version(subresources={"status": {}, "scale": scale})))
    refused = await call("POST", WIDGETS, widget(spec={"replicas": -1, "color": 3}))
    assert refused.code == 422
    assert [(c["field"], c["message"]) for c in refused.body["details"]["causes"]] == [
        ("spec.color", 'Invalid value: "integer": spec.color in body must be of type string: "integer"'),
        (".spec.replicas", "Invalid value: -1: should be a non-negative integer"),
    ]
    await call.ok("POST", WIDGETS, widget(spec={"replicas": 1}))
    refused = await call("PATCH", f"{WIDGETS}/a/status", {"status": {"replicas": "x"}}, MERGE)
    assert refused.code == 422
    assert refused.body["details"]["causes"][0]["field"] == "status.replicas"
    refused = await call("PATCH", f"{WIDGETS}/a/scale", {"spec": {"replicas": -2}}, MERGE)
    assert refused.body["message"].startswith('Widget.example.com "a" is invalid: .spec.replicas: Invalid value: -2')


async def test_a_definition_is_deleted_before_it_is_anything(call: Any, lab: Any) -> None:
    await call.ok("POST", lab.path, lab.definition())
    deleted = await call.ok("DELETE", f"{lab.path}/widgets.example.com")
    assert lab.condition(deleted, "Terminating") == ("True", "InstanceDeletionPending")
    await lab.gone("widgets.example.com")


async def test_warnings_about_formats_and_finalizers(call: Any, lab: Any) -> None:
    def schema(**formats: str) -> dict[str, Any]:
        fields = {name: {"type": "string", "format": text} for name, text in formats.items()}
        return {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}

    created = await call(
        "POST", lab.path, lab.definition("widgets", "Widget", lab.version(schema=schema(a="x", b="ipv4")))
    )
    assert created.warnings == ['unrecognized format "x"']
    await lab.until("widgets.example.com", lambda c: lab.condition(c, "Established")[0] == "True")
    versions = [lab.version(schema=schema(a="x", b="y", c="k8s-short-name"))]
    changed = await call("PATCH", f"{lab.path}/widgets.example.com", {"spec": {"versions": versions}}, MERGE)
    assert changed.warnings == ['unrecognized format "y"']
    metadata = {"name": "a", "finalizers": ["orphan", "example.com", "mine", "example.com/fine"]}
    answer = await call("POST", WIDGETS, widget() | {"metadata": metadata})
    assert answer.code == 201, answer.body
    why = "to avoid accidental conflicts with other finalizer writers"
    assert answer.warnings == [
        f'metadata.finalizers: "example.com": prefer a domain-qualified finalizer name including a path (/) {why}',
        f'metadata.finalizers: "mine": prefer a domain-qualified finalizer name {why}',
    ]
    merge = {"metadata": {"finalizers": [*metadata["finalizers"], "other"]}}
    answer = await call("PATCH", f"{WIDGETS}/a", merge, MERGE)
    assert answer.warnings == [f'metadata.finalizers: "other": prefer a domain-qualified finalizer name {why}']
