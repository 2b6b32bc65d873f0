"""Managers that wrote in another version than the one of a write: what changes for them is found out in theirs."""

from __future__ import annotations

from typing import Any

MERGE = {"Content-Type": "application/merge-patch+json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}
SCALERS = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
WIDGETS = "/apis/example.com/{}/namespaces/default/widgets"
TEXT = {"type": "string"}
ITEM = {"type": "object", "required": ["k"], "properties": {"k": TEXT, "v": TEXT}}
KEYED = {"type": "array", "items": ITEM, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
WHOLE = {"type": "array", "items": ITEM}


def owned(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of the spec by manager and version."""
    entries = body["metadata"].get("managedFields") or ()
    name = "{manager} {apiVersion}".format
    return {name(**entry).replace("example.com/", ""): entry["fieldsV1"].get("f:spec") for entry in entries}


def widget(version: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"example.com/{version}", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


def version(lab: Any, name: str, stored: bool, **fields: Any) -> dict[str, Any]:
    spec = {"type": "object", "properties": {"a": TEXT, **fields}}
    schema = {"type": "object", "properties": {"spec": spec}}
    return dict(lab.version(name, schema, storage=stored))


async def widgets(lab: Any) -> None:
    versions = version(lab, "v1", True, note=TEXT, items=KEYED), version(lab, "v2", False, items=WHOLE)
    await lab.establish(lab.definition("widgets", "Widget", *versions))


async def test_a_metric_of_v2_is_the_percentage_of_v1(call: Any) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    spec = {"scaleTargetRef": target, "maxReplicas": 5, "targetCPUUtilizationPercentage": 50}
    scaler = {"metadata": {"name": "s"}, "spec": spec}
    made = await call.ok("POST", f"{SCALERS.format('v1')}?fieldManager=one", scaler)
    assert "f:targetCPUUtilizationPercentage" in owned(made)["one autoscaling/v1"]
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
    metrics = {"spec": {"metrics": [{"type": "Resource", "resource": cpu}]}}
    changed = await call.ok("PATCH", f"{SCALERS.format('v2')}/s?fieldManager=two", metrics, MERGE)
    assert owned(changed)["one autoscaling/v1"].keys() == {"f:maxReplicas", "f:minReplicas", "f:scaleTargetRef"}
    assert owned(changed)["two autoscaling/v2"] == {"f:metrics": {}}
    spec["targetCPUUtilizationPercentage"] = 40
    config = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", **scaler}
    refused = await call("PATCH", f"{SCALERS.format('v1')}/s?fieldManager=three", config, APPLY)
    assert refused.code == 409
    (cause,) = refused.body["details"]["causes"]
    assert (cause["field"], cause["message"]) == (".spec.metrics", 'conflict with "two" using autoscaling/v2')


async def test_managers_of_versions_without_their_kind_are_dropped(call: Any) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    await call.ok("POST", path, {"metadata": {"name": "c"}, "data": {"a": "b", "c": "d"}})
    entry = {"operation": "Update", "time": "2020-01-01T00:00:00Z", "fieldsType": "FieldsV1"}
    entries = [
        {**entry, "manager": "old", "apiVersion": "v0", "fieldsV1": {"f:data": {"f:a": {}}}},
        {**entry, "manager": "new", "apiVersion": "v1", "fieldsV1": {"f:data": {"f:c": {}}}},
    ]
    changed = await call.ok("PATCH", f"{path}/c", {"metadata": {"managedFields": entries}}, MERGE)
    assert owned(changed).keys() == {"new v1"}


async def test_lists_are_owned_as_each_version_declares_them(call: Any, lab: Any) -> None:
    await widgets(lab)
    first, second = WIDGETS.format("v1"), WIDGETS.format("v2")
    items = [{"k": "x", "v": "1"}, {"k": "y"}]
    await call.ok("POST", f"{first}?fieldManager=one", widget("v1", a="1", items=items))
    items[0] = {"k": "x", "v": "2"}
    changed = await call.ok("PATCH", f"{second}/w?fieldManager=two", {"spec": {"items": items}}, MERGE)
    kept = owned(changed)["one v1"]["f:items"]
    assert kept == {".": {}, 'k:{"k":"x"}': {".": {}, "f:k": {}}, 'k:{"k":"y"}': {".": {}, "f:k": {}}}
    assert owned(changed)["two v2"] == {"f:items": {}}
    config = widget("v1", items=[{"k": "x", "v": "3"}])
    refused = await call("PATCH", f"{first}/w?fieldManager=three", config, APPLY)
    assert [(c["field"], c["message"]) for c in refused.body["details"]["causes"]] == [
        (".spec.items", 'conflict with "two" using example.com/v2')
    ]


async def test_what_another_version_has_not_cannot_be_told_of_its_managers(call: Any, lab: Any) -> None:
    await widgets(lab)
    first, second = WIDGETS.format("v1"), WIDGETS.format("v2")
    made = await call.ok("POST", f"{second}?fieldManager=two", widget("v2", a="1"))
    assert owned(made).keys() == {"two v2"}
    refused = await call("PATCH", f"{first}/w?fieldManager=one", widget("v1", note="n"), APPLY)
    assert (refused.code, refused.body["message"]) == (
        500,
        "failed to convert new object: .spec.note: field not declared in schema",
    )
    changed = await call.ok("PATCH", f"{first}/w?fieldManager=one", {"spec": {"note": "n"}}, MERGE)
    assert owned(changed) == {}, "as upstream, which has nothing rather than something wrong"
