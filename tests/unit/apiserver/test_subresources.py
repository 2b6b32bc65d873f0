"""scale, binding, eviction and the parts of a pod that change after its creation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
MERGE = {"Content-Type": "application/merge-patch+json"}
CONTAINERS = [{"name": "c", "image": "nginx"}]


async def make_pod(call: Any, name: str = "p", **spec: Any) -> dict[str, Any]:
    labels = {"app": "x"}
    return await call.ok(
        "POST", PODS, {"metadata": {"name": name, "labels": labels}, "spec": {"containers": CONTAINERS, **spec}}
    )


async def make_deployment(call: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": CONTAINERS}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "x"}}, "template": template}
    return await call.ok("POST", DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec})


async def test_scale(call: Any) -> None:
    created = await make_deployment(call)
    scale = await call.ok("GET", f"{DEPLOYMENTS}/d/scale")
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (scale["spec"], scale["status"]) == ({"replicas": 2}, {"replicas": 0, "selector": "app=x"})
    assert scale["metadata"]["uid"] == created["metadata"]["uid"]
    scale["spec"]["replicas"] = 5
    scaled = await call.ok("PUT", f"{DEPLOYMENTS}/d/scale", scale)
    assert scaled["spec"]["replicas"] == 5
    assert (await call("PUT", f"{DEPLOYMENTS}/d/scale", scale)).code == 409
    patched = await call.ok("PATCH", f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": 7}}, MERGE)
    assert patched["spec"]["replicas"] == 7
    deployment = await call.ok("GET", f"{DEPLOYMENTS}/d")
    assert (deployment["spec"]["replicas"], deployment["metadata"]["generation"]) == (7, 3)
    refused = await call("PATCH", f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": -1}}, MERGE)
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert (await call("GET", f"{DEPLOYMENTS}/no/scale")).code == 404


def binding(name: str = "p", node: str = "n1", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": name, **metadata},
        "target": {"kind": "Node", "name": node},
    }


async def test_binding(call: Any) -> None:
    created = await make_pod(call)
    body = binding(annotations={"a": "b"}, uid=created["metadata"]["uid"])
    answer = await call("POST", f"{PODS}/p/binding", body)
    assert (answer.code, answer.body["status"]) == (201, "Success")
    bound = await call.ok("GET", f"{PODS}/p")
    assert bound["spec"]["nodeName"] == "n1"
    assert bound["metadata"]["annotations"] == {"a": "b"}
    (condition,) = (c for c in bound["status"]["conditions"] if c["type"] == "PodScheduled")
    assert condition["status"] == "True"
    again = await call("POST", f"{PODS}/p/binding", binding(node="n2"))
    assert again.code == 409
    assert again.body["message"] == (
        'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"'
    )


@pytest.mark.parametrize(
    ("spec", "body", "code", "message"),
    [
        ({}, binding("other"), 400, "name in URL does not match name in Binding object"),
        ({}, binding(node=""), 422, "target.name: Required value"),
        ({}, {**binding(), "target": {"kind": "Pod", "name": "x"}}, 422, 'Unsupported value: "Pod"'),
        ({}, binding(uid="x"), 409, "Precondition failed: UID in precondition: x"),
        ({"schedulingGates": [{"name": "x/y"}]}, binding(), 409, "pod p has non-empty .spec.schedulingGates"),
    ],
)
async def test_refused_bindings(call: Any, spec: dict[str, Any], body: Any, code: int, message: str) -> None:
    await make_pod(call, **spec)
    answer = await call("POST", f"{PODS}/p/binding", body)
    assert answer.code == code
    assert message in answer.body["message"]
    assert (await call("POST", f"{PODS}/gone/binding", binding("gone"))).code == 404


async def test_one_of_many_bindings_wins(call: Any) -> None:
    await make_pod(call)
    answers = await asyncio.gather(*(call("POST", f"{PODS}/p/binding", binding(node=f"n{i}")) for i in range(10)))
    assert sorted(a.code for a in answers) == [201] + [409] * 9


async def make_budget(call: Any, name: str = "b", **status: Any) -> None:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}
    await call.ok("POST", BUDGETS, {"metadata": {"name": name}, "spec": spec})
    full = {
        "observedGeneration": 1,
        "disruptionsAllowed": 1,
        "currentHealthy": 2,
        "desiredHealthy": 1,
        "expectedPods": 2,
        **status,
    }
    await call.ok("PATCH", f"{BUDGETS}/{name}/status", {"status": full}, MERGE)


async def running_pod(call: Any, name: str = "p", ready: str = "True") -> None:
    await make_pod(call, name, nodeName="n1")
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}
    await call.ok("PATCH", f"{PODS}/{name}/status", {"status": status}, MERGE)


def eviction(name: str = "p", **options: Any) -> dict[str, Any]:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **options}


async def test_evictions_spend_the_budget(call: Any) -> None:
    await running_pod(call, "p")
    await running_pod(call, "q")
    await make_budget(call)
    answer = await call("POST", f"{PODS}/p/eviction", eviction())
    assert (answer.code, answer.body["status"]) == (201, "Success")
    assert (await call.ok("GET", f"{PODS}/p"))["metadata"]["deletionTimestamp"]
    status = (await call.ok("GET", f"{BUDGETS}/b"))["status"]
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, ["p"])
    refused = await call("POST", f"{PODS}/q/eviction", eviction("q"))
    assert (refused.code, refused.body["reason"]) == (429, "TooManyRequests")
    assert refused.body["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert refused.body["details"]["causes"] == [
        {"reason": "DisruptionBudget", "message": "The disruption budget b needs 1 healthy pods and has 2 currently"}
    ]


@pytest.mark.parametrize(
    ("ready", "budgets", "status", "options", "code"),
    [
        ("True", 0, {}, {}, 201),
        ("True", 2, {}, {}, 500),
        ("True", 1, {"observedGeneration": 0}, {}, 429),
        ("True", 1, {"disruptionsAllowed": 0}, {}, 429),
        ("False", 1, {"disruptionsAllowed": 0}, {}, 201),
        ("False", 1, {"disruptionsAllowed": 0, "currentHealthy": 0}, {}, 429),
        ("True", 1, {}, {"deleteOptions": {"dryRun": ["All"]}}, 201),
    ],
)
async def test_eviction_rules(
    call: Any, ready: str, budgets: int, status: dict[str, Any], options: dict[str, Any], code: int
) -> None:
    await running_pod(call, ready=ready)
    for i in range(budgets):
        await make_budget(call, f"b{i}", **status)
    answer = await call("POST", f"{PODS}/p/eviction", eviction(**options))
    assert answer.code == code, answer.body
    evicted = "deletionTimestamp" in (await call.ok("GET", f"{PODS}/p"))["metadata"]
    assert evicted == (code == 201 and not options)


async def test_a_pending_pod_needs_no_budget(call: Any) -> None:
    await make_pod(call)
    await make_budget(call, disruptionsAllowed=0)
    assert (await call("POST", f"{PODS}/p/eviction", eviction())).code == 201
    assert (await call("GET", f"{PODS}/p")).code == 404
