"""DELETE: grace, finalizers, propagation, namespaces and collections."""

from __future__ import annotations

from typing import Any

import pytest

CM = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
MERGE = {"Content-Type": "application/merge-patch+json"}


def config_map(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}}


async def bound_pod(call: Any, name: str = "p", **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "nginx"}]
    body = {"metadata": {"name": name}, "spec": {"containers": containers, "nodeName": "n1", **spec}}
    return await call.ok("POST", PODS, body)


async def test_a_plain_object_goes_at_once_and_a_status_says_so(call: Any) -> None:
    created = await call.ok("POST", CM, config_map("a"))
    body = await call.ok("DELETE", f"{CM}/a")
    assert body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "a", "kind": "configmaps", "uid": created["metadata"]["uid"]},
    }
    assert (await call("GET", f"{CM}/a")).code == 404


async def test_options_come_in_body_or_query(call: Any) -> None:
    await call.ok("POST", CM, config_map("a"))
    await call.ok("POST", CM, config_map("b"))
    assert (await call.ok("DELETE", f"{CM}/a?propagationPolicy=Foreground"))["metadata"]["finalizers"] == [
        "foregroundDeletion"
    ]
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Orphan"}
    assert (await call.ok("DELETE", f"{CM}/b", options))["metadata"]["finalizers"] == ["orphan"]


@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        ([], {}, None),
        ([], {"propagationPolicy": "Background"}, None),
        ([], {"propagationPolicy": "Orphan"}, ["orphan"]),
        ([], {"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
        ([], {"orphanDependents": True}, ["orphan"]),
        ([], {"orphanDependents": False}, None),
        (["x/y"], {}, ["x/y"]),
        (["x/y"], {"propagationPolicy": "Foreground"}, ["x/y", "foregroundDeletion"]),
        (["orphan"], {}, ["orphan"]),
        (["foregroundDeletion"], {"propagationPolicy": "Orphan"}, ["orphan"]),
        (["orphan"], {"propagationPolicy": "Background"}, None),
    ],
)
async def test_finalizers_by_policy(call: Any, before: list[str], options: dict[str, Any], after: Any) -> None:
    await call.ok("POST", CM, config_map("a", finalizers=before))
    await call.ok("DELETE", f"{CM}/a", options)
    answer = await call("GET", f"{CM}/a")
    if after is None:
        assert answer.code == 404
    else:
        metadata = answer.body["metadata"]
        assert metadata["finalizers"] == after
        assert metadata["deletionTimestamp"]
        assert metadata["deletionGracePeriodSeconds"] == 0


async def test_removing_the_last_finalizer_deletes(call: Any) -> None:
    await call.ok("POST", CM, config_map("a", finalizers=["x/y", "x/z"]))
    await call.ok("DELETE", f"{CM}/a")
    again = await call("PATCH", f"{CM}/a", {"metadata": {"finalizers": ["x/y", "x/z", "x/new"]}}, MERGE)
    assert again.code == 422
    assert (
        'no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/new"}'
        in (again.body["message"])
    )
    await call.ok("PATCH", f"{CM}/a", {"metadata": {"finalizers": ["x/z"]}}, MERGE)
    last = await call.ok("PATCH", f"{CM}/a", {"metadata": {"finalizers": None}}, MERGE)
    assert last["metadata"]["name"] == "a"
    assert (await call("GET", f"{CM}/a")).code == 404


async def test_a_bound_pod_is_deleted_gracefully(call: Any) -> None:
    created = await bound_pod(call)
    marked = (await call.ok("DELETE", f"{PODS}/p"))["metadata"]
    assert marked["deletionGracePeriodSeconds"] == 30
    assert marked["deletionTimestamp"] > created["metadata"]["creationTimestamp"]
    assert marked["generation"] == created["metadata"]["generation"] + 1
    longer = (await call.ok("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 60}))["metadata"]
    assert longer == marked
    shorter = (await call.ok("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 5}))["metadata"]
    assert shorter["deletionGracePeriodSeconds"] == 5
    assert shorter["deletionTimestamp"] < marked["deletionTimestamp"]
    assert shorter["generation"] == marked["generation"]
    gone = await call.ok("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 0})
    assert gone["kind"] == "Pod"
    assert (await call("GET", f"{PODS}/p")).code == 404


@pytest.mark.parametrize(
    ("spec", "options", "grace"),
    [
        ({"terminationGracePeriodSeconds": 7}, {}, 7),
        ({}, {"gracePeriodSeconds": 3}, 3),
        ({}, {"gracePeriodSeconds": -1}, 1),
        ({}, {"gracePeriodSeconds": 0}, None),
        ({"nodeName": ""}, {}, None),
    ],
)
async def test_grace(call: Any, spec: dict[str, Any], options: dict[str, Any], grace: int | None) -> None:
    await bound_pod(call, **spec)
    await call.ok("DELETE", f"{PODS}/p", options)
    answer = await call("GET", f"{PODS}/p")
    if grace is None:
        assert answer.code == 404
    else:
        assert answer.body["metadata"]["deletionGracePeriodSeconds"] == grace


async def test_a_finished_pod_goes_at_once(call: Any) -> None:
    await bound_pod(call)
    await call.ok("PATCH", f"{PODS}/p/status", {"status": {"phase": "Succeeded"}}, MERGE)
    await call.ok("DELETE", f"{PODS}/p")
    assert (await call("GET", f"{PODS}/p")).code == 404


async def test_a_graceful_pod_with_finalizers_outlives_its_grace(call: Any) -> None:
    await bound_pod(call)
    await call.ok("PATCH", f"{PODS}/p", {"metadata": {"finalizers": ["x/y"]}}, MERGE)
    await call.ok("DELETE", f"{PODS}/p")
    left = await call.ok("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 0})
    assert left["metadata"]["deletionGracePeriodSeconds"] == 0
    await call.ok("PATCH", f"{PODS}/p", {"metadata": {"finalizers": []}}, MERGE)
    assert (await call("GET", f"{PODS}/p")).code == 404


async def test_preconditions_that_hold(call: Any) -> None:
    created = (await call.ok("POST", CM, config_map("a")))["metadata"]
    stale = await call("DELETE", f"{CM}/a", {"preconditions": {"resourceVersion": "1"}})
    assert stale.code == 409
    assert (
        "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record"
        in (stale.body["message"])
    )
    conditions = {"uid": created["uid"], "resourceVersion": created["resourceVersion"]}
    await call.ok("DELETE", f"{CM}/a", {"preconditions": conditions})


async def test_a_namespace_terminates_before_it_goes(call: Any) -> None:
    created = await call.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "x"}})
    assert created["spec"]["finalizers"] == ["kubernetes"]
    assert created["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    assert created["status"]["phase"] == "Active"
    marked = await call.ok("DELETE", "/api/v1/namespaces/x")
    assert (marked["status"]["phase"], bool(marked["metadata"]["deletionTimestamp"])) == ("Terminating", True)
    refused = await call("POST", "/api/v1/namespaces/x/configmaps", config_map("a"))
    assert refused.code == 403
    assert refused.body["message"].endswith(
        "is forbidden: unable to create new content in namespace x because it is being terminated"
    )
    assert refused.body["details"]["causes"][0] == {
        "reason": "NamespaceTerminating",
        "message": "namespace x is being terminated",
        "field": "metadata.namespace",
    }
    assert (await call("GET", "/api/v1/namespaces/x")).code == 200
    del marked["spec"]["finalizers"]
    await call.ok("PUT", "/api/v1/namespaces/x/finalize", marked)
    assert (await call("GET", "/api/v1/namespaces/x")).code == 404


async def test_deleting_a_collection(call: Any) -> None:
    for i in range(6):
        labels = {"parity": "even" if i % 2 == 0 else "odd"}
        await call.ok("POST", CM, config_map(f"n{i}", labels=labels, finalizers=["x/y"] if i == 2 else []))
    body = await call.ok("DELETE", f"{CM}?labelSelector=parity%3Deven")
    assert (body["kind"], [i["metadata"]["name"] for i in body["items"]]) == ("ConfigMapList", ["n0", "n2", "n4"])
    left = (await call.ok("GET", CM))["items"]
    assert [i["metadata"]["name"] for i in left] == ["n1", "n2", "n3", "n5"]
    assert left[1]["metadata"]["deletionTimestamp"]
    assert (await call("DELETE", "/api/v1/configmaps")).code == 405
    dry = await call("DELETE", f"{CM}?dryRun=All")
    assert (dry.code, len((await call.ok("GET", CM))["items"])) == (200, 4)
