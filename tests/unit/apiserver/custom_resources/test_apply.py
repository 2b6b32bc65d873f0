"""Server-side apply of custom resources: configurations that do not fit their schema."""

from __future__ import annotations

from typing import Any

import pytest

APPLY = {"Content-Type": "application/apply-patch+yaml"}
PATH = "/apis/example.com/v1/namespaces/default/widgets/w"
ITEM = {"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}}}
PROPERTIES: dict[str, Any] = {
    "number": {"type": "integer"},
    "text": {"type": "string"},
    "date": {"type": "string", "format": "date-time"},
    "any": {"x-kubernetes-preserve-unknown-fields": True},
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    "map": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": ITEM},
}


def widget(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


async def define(lab: Any, **more: Any) -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": PROPERTIES}}}
    await lab.establish(lab.definition("widgets", "Widget", lab.version("v1", schema, **more)))


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"number": "x"}, 500, ".spec.number: expected numeric (int or float), got string"),
        ({"text": 1}, 500, ".spec.text: expected string, got &value.valueUnstructured{Value:1}"),
        ({"date": {}}, 500, ".spec.date: expected any scalar, got &{map[]}"),
        ({"free": ["x"]}, 500, ".spec.free: expected map, got &{[x]}"),
        ({"set": [{}]}, 500, ".spec.set: element 0: associative list without keys has an element that's a map type"),
        ({"map": [{"k": 1}]}, 500, ".spec.map[k=1].k: expected string, got &value.valueUnstructured{Value:1}"),
        ({"other": 1}, 500, ".spec.other: field not declared in schema"),
        ({"text": None}, 422, 'spec.text in body must be of type string: "null"'),
    ],
)
async def test_values_that_do_not_fit(call: Any, lab: Any, spec: dict[str, Any], code: int, message: str) -> None:
    await define(lab)
    await call.ok("POST", PATH.removesuffix("/w"), widget(number=1, text="a"))
    refused = await call("PATCH", f"{PATH}?fieldManager=ann&force=true", widget(**spec), APPLY)
    prefix = "failed to create typed patch object (/w; example.com/v1, Kind=Widget): " if code == 500 else ""
    assert refused.code == code
    assert refused.body["message"].startswith(prefix)
    assert refused.body["message"].endswith(message)


@pytest.mark.parametrize(("value", "fields"), [("x", {}), ([1], {}), ({"a": 1}, {"f:a": {}})])
async def test_free_form_values_have_owners(call: Any, lab: Any, value: Any, fields: dict[str, Any]) -> None:
    await define(lab)
    body = await call.ok("PATCH", f"{PATH}?fieldManager=ann", widget(any=value), APPLY)
    assert body["metadata"]["managedFields"][0]["fieldsV1"] == {"f:spec": {"f:any": fields}}


async def test_scale_takes_configurations_that_change_nothing(call: Any, lab: Any) -> None:
    scale = {"specReplicasPath": ".spec.number", "statusReplicasPath": ".status.number"}
    await define(lab, subresources={"scale": scale})
    await call.ok("POST", f"{PATH.removesuffix('/w')}?fieldManager=bob", widget(number=2))
    config = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "w"}, "spec": {"replicas": 2}}
    await call.ok("PATCH", f"{PATH}/scale?fieldManager=ann", config, APPLY)
    entries = (await call.ok("GET", PATH))["metadata"]["managedFields"]
    assert [(e["manager"], e["fieldsV1"]["f:spec"]) for e in entries] == [
        ("ann", {"f:number": {}}),
        ("bob", {"f:number": {}}),
        ("bob", {}),
    ]
    config["spec"] = {"replicas": 3}
    refused = await call("PATCH", f"{PATH}/scale?fieldManager=ann&force=true", config, APPLY)
    assert refused.body["message"] == (
        "failed to convert new object (/w; autoscaling/v1, Kind=Scale) to proper version: "
        "request to convert CR to an invalid group/version: autoscaling/v1"
    )
