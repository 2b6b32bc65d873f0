"""Several versions without a webhook, and objects that are older than the schema they are read by."""

from __future__ import annotations

import asyncio
from typing import Any

MERGE = {"Content-Type": "application/merge-patch+json"}
PATH = "/apis/example.com/{}/namespaces/default/widgets"


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}


TEXT = {"type": "string"}
ONE = schema(a=TEXT, d={"type": "string", "default": "one"})
TWO = schema(b=TEXT, d={"type": "string", "default": "two"}, e={"type": "string", "default": "e"})


def widget(version: str, name: str = "w", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"example.com/{version}", "kind": "Widget", "metadata": {"name": name}, "spec": spec}


async def two_versions(lab: Any) -> None:
    first, second = lab.version("v1", ONE), lab.version("v2", TWO, storage=False)
    await lab.establish(lab.definition("widgets", "Widget", first, second))


async def change(call: Any, lab: Any, *versions: dict[str, Any]) -> Any:
    """Gives the definition these versions; returns once they are served."""
    before = call.api.catalog.generation
    crd = await call.ok("PATCH", f"{lab.path}/widgets.example.com", {"spec": {"versions": versions}}, MERGE)
    for _ in range(100):
        if call.api.catalog.generation != before:
            return crd
        await asyncio.sleep(0)
    raise AssertionError("nothing has changed")


async def test_what_a_version_lacks_is_pruned_and_defaults_are_those_of_the_stored_one(call: Any, lab: Any) -> None:
    await two_versions(lab)
    await call.ok("POST", PATH.format("v1"), widget("v1", a="A", b="B"))
    assert (await call.ok("GET", f"{PATH.format('v1')}/w"))["spec"] == {"a": "A", "d": "one"}
    read = await call.ok("GET", f"{PATH.format('v2')}/w")
    assert (read["apiVersion"], read["spec"]) == ("example.com/v2", {"d": "one"})
    created = await call.ok("POST", PATH.format("v2"), widget("v2", "x", b="B"))
    assert created["spec"] == {"d": "two"}, "stored as v1, which has neither b nor e"
    assert (created["apiVersion"], created["metadata"]["name"]) == ("example.com/v2", "x")
    listed = await call.ok("GET", PATH.format("v2"))
    assert {item["apiVersion"] for item in listed["items"]} == {"example.com/v2"}


async def test_the_storage_version_may_switch_and_objects_follow_when_written(call: Any, lab: Any) -> None:
    await two_versions(lab)
    stored = await call.ok("POST", PATH.format("v1"), widget("v1", a="A"))
    sink = await call.watch(f"{PATH.format('v1')}?watch=true")
    first, second = lab.version("v1", ONE, storage=False), lab.version("v2", TWO)
    crd = await change(call, lab, first, second)
    assert crd["status"]["storedVersions"] == ["v1", "v2"]
    assert sink.closed == 1, "what is shown may be another form now: clients watch again"
    read = await call.ok("GET", f"{PATH.format('v2')}/w")
    assert (read["spec"], read["metadata"]["resourceVersion"]) == ({"d": "one"}, stored["metadata"]["resourceVersion"])
    store = call.api.backend.store
    assert store.get("widgets.example.com", "default", "w").api_version == "example.com/v1"
    migrated = await call.ok("PUT", f"{PATH.format('v2')}/w", read)
    assert migrated["metadata"]["resourceVersion"] != read["metadata"]["resourceVersion"]
    assert store.get("widgets.example.com", "default", "w").api_version == "example.com/v2"
    assert await call.ok("PUT", f"{PATH.format('v2')}/w", migrated) == migrated
    await call.ok("POST", PATH.format("v1"), widget("v1", "x", a="A"))
    assert (await call.ok("GET", f"{PATH.format('v2')}/x"))["spec"] == {"d": "one", "e": "e"}
    refused = await call("PATCH", f"{lab.path}/widgets.example.com", {"spec": {"versions": [second]}}, MERGE)
    assert "v1 was previously a storage version" in refused.body["message"]
    await call.ok("PATCH", f"{lab.path}/widgets.example.com/status", {"status": {"storedVersions": ["v2"]}}, MERGE)
    await change(call, lab, second)
    assert (await call("GET", PATH.format("v1"))).code == 404
    assert (await call.ok("GET", f"{PATH.format('v2')}/w"))["spec"] == {"d": "one", "e": "e"}


async def test_old_objects_are_read_by_the_schema_of_today(call: Any, lab: Any) -> None:
    await lab.establish(lab.definition("widgets", "Widget", lab.version("v1", schema(a=TEXT, gone=TEXT))))
    path = PATH.format("v1")
    old = await call.ok("POST", path, widget("v1", "old", a="A", gone="x"))
    await change(call, lab, lab.version("v1", ONE))
    await call.ok("POST", path, widget("v1", "new", a="B"))
    read = await call.ok("GET", f"{path}/old")
    assert read["spec"] == {"a": "A", "d": "one"}
    assert read["metadata"] == old["metadata"], "a read changes nothing"
    listed = await call.ok("GET", path)
    assert [item["spec"] for item in listed["items"]] == [{"a": "B", "d": "one"}, {"a": "A", "d": "one"}]
    sink = await call.watch(f"{path}?watch=true")
    assert [event["object"]["spec"]["d"] for event in sink.events] == ["one", "one"]
    patched = await call.ok("PATCH", f"{path}/old", {"spec": {"a": "C"}}, MERGE)
    assert (patched["spec"], patched["metadata"]["generation"]) == ({"a": "C", "d": "one"}, 2)


async def test_names_may_change_without_a_new_schema(call: Any, lab: Any) -> None:
    crd = await lab.establish(lab.definition())
    structure = call.api.catalog.by_gvk("example.com", "v1", "Widget").definition.structure
    sink = await call.watch(f"{PATH.format('v1')}?watch=true")
    await call.ok("PATCH", f"{lab.path}/widgets.example.com", {"spec": {"names": {"shortNames": ["wd"]}}}, MERGE)
    await lab.until("widgets.example.com", lambda c: c["status"]["acceptedNames"].get("shortNames") == ["wd"])
    resources = (await call.ok("GET", "/apis/example.com/v1"))["resources"]
    assert resources[0]["shortNames"] == ["wd"]
    assert call.api.catalog.by_gvk("example.com", "v1", "Widget").definition.structure is structure
    assert sink.closed == 0
    assert crd["metadata"]["generation"] == 1


async def test_deprecated_versions_warn_with_every_request(call: Any, lab: Any) -> None:
    old = lab.version("v1beta1", storage=False, deprecated=True)
    older = lab.version("v1alpha1", storage=False, deprecated=True, deprecationWarning="do not")
    await lab.establish(lab.definition("widgets", "Widget", lab.version("v1"), old, older))
    answer = await call("GET", PATH.format("v1beta1"))
    assert answer.warnings == ["example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget"]
    assert (await call("GET", PATH.format("v1alpha1"))).warnings == ["do not"]
    assert (await call("GET", PATH.format("v1"))).warnings == []
