"""Empty lists and maps: rules and messages see them, what is stored, owned or compared does not have them."""

from __future__ import annotations

from typing import Any

POD = {
    "metadata": {"name": "p", "labels": {}},
    "spec": {"nodeSelector": {}, "volumes": [], "containers": [{"name": "c", "image": "i", "env": [], "args": []}]},
}
CONFIG = {"metadata": {"name": "c", "annotations": {}}, "data": {}}


async def test_a_stored_pod_has_none(call: Any) -> None:
    made = await call.ok("POST", "/api/v1/namespaces/default/pods", POD)
    owned = str(made["metadata"].pop("managedFields"))
    assert "f:env" not in owned
    assert "f:labels" not in owned
    assert "labels" not in made["metadata"]
    assert not {"nodeSelector", "volumes"} & made["spec"].keys()
    assert not {"env", "args"} & made["spec"]["containers"][0].keys()


async def test_an_update_with_them_changes_nothing(call: Any) -> None:
    made = await call("POST", "/api/v1/namespaces/default/configmaps", CONFIG)
    assert made.code == 201
    assert "data" not in made.body
    assert "managedFields" not in made.body["metadata"]  # there is nothing to own
    path = "/api/v1/namespaces/default/configmaps/c"
    again = await call("PUT", path, {**CONFIG, "binaryData": {}})
    patched = await call("PATCH", path, {"data": {}}, {"Content-Type": "application/merge-patch+json"})
    assert again.body == patched.body == made.body


async def test_what_is_immutable_tells_an_empty_map_from_none(call: Any) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    config = {"metadata": {"name": "c"}, "data": {"a": "b"}, "immutable": True}
    assert (await call("POST", path, config)).code == 201
    refused = await call("PUT", f"{path}/c", {**config, "binaryData": {}})
    assert refused.code == 422
    assert "binaryData: Forbidden: field is immutable when `immutable` is set" in refused.body["message"]
    assert (await call("PUT", f"{path}/c", config)).code == 200


async def test_messages_show_them(call: Any) -> None:
    path = "/api/v1/namespaces/default/resourcequotas"
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}, "scopes": ["NotTerminating"]}}
    assert (await call("POST", path, quota)).code == 201
    quota["spec"] = {"hard": {"pods": "1"}, "scopes": []}
    refused = await call("PUT", f"{path}/q", quota)
    assert refused.body["message"].endswith("spec.scopes: Invalid value: []: field is immutable")


async def test_defaults_take_the_place_of_what_is_not_stored(call: Any) -> None:
    node = {"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "1"}, "allocatable": {}}}
    made = await call.ok("POST", "/api/v1/nodes", node)
    assert made["status"]["allocatable"] == {"cpu": "1"}
