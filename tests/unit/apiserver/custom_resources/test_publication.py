"""What is told of custom resources: discovery and OpenAPI, from the moment they are established."""

from __future__ import annotations

import asyncio
from typing import Any

AGGREGATED = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["a", "n"],
            "properties": {
                "a": {"type": "string", "default": "x"},
                "n": {"type": "string", "nullable": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "inner": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "x-kubernetes-preserve-unknown-fields": True,
                },
                "either": {"x-kubernetes-int-or-string": True},
                "one": {"type": "object", "oneOf": [{"required": ["a"]}]},
            },
        }
    },
}


async def test_discovery_follows(call: Any, lab: Any) -> None:
    before = await call("GET", "/apis", headers=AGGREGATED)
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    parts = {"status": {}, "scale": scale}
    old, new = lab.version("v1beta1", storage=False, served=False), lab.version("v1", subresources=parts)
    await lab.establish(lab.definition("widgets", "Widget", old, new, shortNames=["wd"], categories=["all"]))
    after = await call("GET", "/apis", headers=AGGREGATED | {"If-None-Match": before.headers["ETag"]})
    assert after.code == 200
    group = next(item for item in after.body["items"] if item["metadata"]["name"] == "example.com")
    assert [version["version"] for version in group["versions"]] == ["v1"]
    own = {"group": "example.com", "version": "v1", "kind": "Widget"}
    of_scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    verbs = ["get", "patch", "update"]
    assert group["versions"][0]["resources"] == [
        {
            "resource": "widgets",
            "responseKind": own,
            "scope": "Namespaced",
            "singularResource": "widget",
            "verbs": ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
            "shortNames": ["wd"],
            "categories": ["all"],
            "subresources": [
                {"subresource": "status", "responseKind": own, "verbs": verbs},
                {"subresource": "scale", "responseKind": of_scale, "verbs": verbs},
            ],
        }
    ]
    legacy = await call.ok("GET", "/apis/example.com/v1")
    assert [entry["name"] for entry in legacy["resources"]] == ["widgets", "widgets/status", "widgets/scale"]
    assert (await call("GET", "/apis/example.com/v1beta1")).code == 404


async def test_openapi_v3_tells_the_whole_schema(call: Any, lab: Any) -> None:
    assert "apis/example.com/v1" not in (await call.ok("GET", "/openapi/v3"))["paths"]
    crd = lab.definition("widgets", "Widget", lab.version(schema=SCHEMA, selectableFields=[{"jsonPath": ".spec.a"}]))
    await lab.establish(crd)
    entry = (await call.ok("GET", "/openapi/v3"))["paths"]["apis/example.com/v1"]
    document = await call.ok("GET", entry["serverRelativeURL"])
    schema = document["components"]["schemas"]["com.example.v1.Widget"]
    assert schema["x-kubernetes-group-version-kind"] == [{"group": "example.com", "kind": "Widget", "version": "v1"}]
    assert schema["x-kubernetes-selectable-fields"] == [{"fieldPath": "spec.a"}]
    assert set(schema["properties"]) == {"apiVersion", "kind", "metadata", "spec"}
    spec = schema["properties"]["spec"]
    assert spec["required"] == ["a", "n"]
    assert spec["properties"]["a"] == {"type": "string", "default": "x"}
    assert spec["properties"]["n"]["nullable"] is True
    assert spec["properties"]["inner"]["required"] == ["kind", "apiVersion"]
    assert spec["properties"]["either"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert spec["properties"]["one"]["oneOf"] == [{"required": ["a"]}]
    patch = document["paths"]["/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" not in patch["requestBody"]["content"]
    assert patch["tags"] == ["exampleCom_v1"]
    listed = document["components"]["schemas"]["com.example.v1.WidgetList"]
    assert listed["properties"]["items"]["items"] == {"$ref": "#/components/schemas/com.example.v1.Widget"}


async def test_openapi_v2_leaves_out_what_it_cannot_say(call: Any, lab: Any) -> None:
    await lab.establish(lab.definition("widgets", "Widget", lab.version(schema=SCHEMA)))
    open_schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    await lab.establish(lab.definition("opens", "Open", lab.version(schema=open_schema)))
    definitions = (await call.ok("GET", "/openapi/v2"))["definitions"]
    spec = definitions["com.example.v1.Widget"]["properties"]["spec"]
    assert spec["required"] == ["a"]
    assert spec["properties"]["a"] == {"type": "string"}
    assert spec["properties"]["n"] == {}
    assert spec["properties"]["free"] == {"x-kubernetes-preserve-unknown-fields": True}
    assert spec["properties"]["either"] == {"x-kubernetes-int-or-string": True}
    assert spec["properties"]["one"] == {"type": "object"}
    assert set(definitions["com.example.v1.Open"]) == {"type", "x-kubernetes-group-version-kind"}
    assert "io.k8s.api.core.v1.Pod" in definitions


async def test_what_goes_is_told_no_more(call: Any, lab: Any) -> None:
    await lab.establish(lab.definition())
    pods = (await call.ok("GET", "/openapi/v3"))["paths"]["api/v1"]
    await call.ok("DELETE", f"{lab.path}/widgets.example.com")
    await lab.gone("widgets.example.com")
    paths = (await call.ok("GET", "/openapi/v3"))["paths"]
    assert "apis/example.com/v1" not in paths
    assert paths["api/v1"] == pods
    assert "com.example.v1.Widget" not in (await call.ok("GET", "/openapi/v2"))["definitions"]


async def test_selectable_fields_select(call: Any, lab: Any) -> None:
    fields = [{"jsonPath": ".spec.color"}, {"jsonPath": ".spec.replicas"}]
    await lab.establish(lab.definition("widgets", "Widget", lab.version(selectableFields=fields)))
    path = "/apis/example.com/v1/namespaces/default/widgets"
    for name, spec in (("a", {"color": "red", "replicas": 3}), ("b", {"color": "blue"}), ("c", {})):
        body = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}
        await call.ok("POST", path, body)

    async def names(selector: str) -> list[str]:
        listed = await call.ok("GET", f"{path}?fieldSelector={selector}")
        return [item["metadata"]["name"] for item in listed["items"]]

    assert await names("spec.color%3Dred") == ["a"]
    assert await names("spec.replicas%3D3") == ["a"]
    assert await names("spec.color!%3Dred,metadata.name!%3Dc") == ["b"]
    assert await names("spec.color%3D") == ["c"]
    refused = await call("GET", f"{path}?fieldSelector=spec.size%3D1")
    assert refused.body["message"] == "field label not supported: spec.size"
    sink = await call.watch(f"{path}?watch=true&resourceVersion=0&fieldSelector=spec.color%3Dblue")
    merge = {"Content-Type": "application/merge-patch+json"}
    await call.ok("PATCH", f"{path}/b", {"spec": {"color": "red"}}, merge)
    sink_types = [event["type"] for event in (await drained(sink)).events]
    assert sink_types == ["ADDED", "DELETED"]


async def drained(sink: Any) -> Any:
    for _ in range(5):
        await asyncio.sleep(0)
    return sink
