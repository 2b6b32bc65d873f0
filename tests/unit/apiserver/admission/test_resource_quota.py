"""ResourceQuota: what is charged to whom, and that nothing gets past it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from api_server import running
from hypothesis import given, settings
from hypothesis import strategies as st

from kfast.apiserver.app import APIServer
from kfast.meta.exchange import CreateBatch, Request, User

MERGE = {"Content-Type": "application/merge-patch+json"}
C = {"name": "c", "image": "i"}
CRITICAL = "system-node-critical"


def pod(name: str = "p", requests: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {**C, "resources": {"requests": requests}} if requests else C
    return {"metadata": {"name": name}, "spec": {"containers": [container], **spec}}


async def quota(call: Any, home: str, hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> None:
    """A quota as the controller would have it."""
    body = {"metadata": {"name": "q"}, "spec": {"hard": hard, **spec}}
    await call.ok("POST", f"{home}/resourcequotas", body)
    status = {"hard": hard, "used": dict.fromkeys(hard, "0") if used is None else used}
    await call.ok("PATCH", f"{home}/resourcequotas/q/status", {"status": status}, MERGE)


async def used(call: Any, home: str) -> dict[str, str]:
    found: dict[str, str] = (await call.ok("GET", f"{home}/resourcequotas/q"))["status"]["used"]
    return found


async def test_pods_are_charged_until_the_quota_is_used_up(call: Any, namespace: Any) -> None:
    home = await namespace()
    await quota(call, home, {"pods": "2", "requests.cpu": "1", "count/pods": "9"})
    await call.ok("POST", f"{home}/pods", pod("a", {"cpu": "300m"}))
    assert await used(call, home) == {"count/pods": "1", "pods": "1", "requests.cpu": "300m"}
    answer = await call("POST", f"{home}/pods", pod("b", {"cpu": "800m"}))
    why = "exceeded quota: q, requested: requests.cpu=800m, used: requests.cpu=300m, limited: requests.cpu=1"
    assert (answer.code, answer.body["message"]) == (403, f'pods "b" is forbidden: {why}')
    await call.ok("POST", f"{home}/pods?dryRun=All", pod("b", {"cpu": "700m"}))
    await call.ok("POST", f"{home}/pods", pod("b", {"cpu": "700m"}))
    answer = await call("POST", f"{home}/pods", pod("c", {"cpu": "1m"}))
    why = "requested: pods=1,requests.cpu=1m, used: pods=2,requests.cpu=1, limited: pods=2,requests.cpu=1"
    assert answer.body["message"] == f'pods "c" is forbidden: exceeded quota: q, {why}'
    assert await used(call, home) == {"count/pods": "2", "pods": "2", "requests.cpu": "1"}


@pytest.mark.parametrize(
    ("hard", "status", "body", "why"),
    [
        (
            {"limits.cpu": "1", "requests.memory": "1"},
            None,
            pod(initContainers=[{"name": "i", "image": "i"}]),
            "failed quota: q: must specify limits.cpu for: c,i; requests.memory for: c,i",
        ),
        ({"cpu": "1"}, None, pod(resources={"requests": {"cpu": "1"}}), ""),
        ({"pods": "1", "secrets": "1"}, {"secrets": "0"}, pod(), "status unknown for quota: q, resources: pods"),
        (
            {"requests.example.com/gpu": "1"},
            None,
            {
                "metadata": {"name": "p"},
                "spec": {"containers": [{**C, "resources": {"limits": {"example.com/gpu": "2"}}}]},
            },
            "exceeded quota: q, requested: requests.example.com/gpu=2, used: requests.example.com/gpu=0, "
            "limited: requests.example.com/gpu=1",
        ),
    ],
)
async def test_refusals(call: Any, namespace: Any, hard: Any, status: Any, body: Any, why: str) -> None:
    home = await namespace()
    await quota(call, home, hard, status)
    answer = await call("POST", f"{home}/pods", body)
    assert answer.body.get("message") == (f'pods "p" is forbidden: {why}' if why else None)


def priority(operator: str, *values: str) -> dict[str, Any]:
    expression = {"scopeName": "PriorityClass", "operator": operator, **({"values": values} if values else {})}
    return {"scopeSelector": {"matchExpressions": [expression]}}


TERM = {"labelSelector": {}, "topologyKey": "k", "namespaces": ["other"]}
PODS = {
    "plain": pod(),
    "burstable": pod(requests={"cpu": "1m"}),
    "short": pod(activeDeadlineSeconds=5),
    "critical": pod(priorityClassName=CRITICAL),
    "nosy": pod(affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}}),
}


@pytest.mark.parametrize(
    ("spec", "covered"),
    [
        ({"scopes": ["BestEffort"]}, {"plain", "short", "critical", "nosy"}),
        ({"scopes": ["NotBestEffort"]}, {"burstable"}),
        ({"scopes": ["Terminating"]}, {"short"}),
        ({"scopes": ["NotTerminating"]}, set(PODS) - {"short"}),
        ({"scopes": ["Terminating", "NotBestEffort"]}, set()),
        ({"scopes": ["CrossNamespacePodAffinity"]}, {"nosy"}),
        (priority("In", CRITICAL), {"critical"}),
        (priority("NotIn", CRITICAL), set(PODS) - {"critical"}),
        (priority("Exists"), {"critical"}),
        (priority("DoesNotExist"), set(PODS) - {"critical"}),
    ],
)  # fmt: skip
async def test_scopes(call: Any, namespace: Any, spec: Any, covered: set[str]) -> None:
    home = await namespace()
    await quota(call, home, {"pods": "0"}, **spec)
    codes = {name: (await call("POST", f"{home}/pods?dryRun=All", body)).code for name, body in PODS.items()}
    assert {name for name, code in codes.items() if code == 403} == covered


def service(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80, "name": "a"}], **spec}}


def claim(size: str, storage_class: str = "gold") -> dict[str, Any]:
    resources = {"requests": {"storage": size}}
    spec = {"storageClassName": storage_class, "accessModes": ["ReadWriteOnce"], "resources": resources}
    return {"metadata": {"name": "v"}, "spec": spec}


GOLD = "gold.storageclass.storage.k8s.io/"
DEVICES = {"exactly": {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 2}}


@pytest.mark.parametrize(
    ("path", "body", "taken"),
    [
        ("/api/v1/namespaces/n/configmaps", {"metadata": {"name": "c"}}, {"configmaps": "1", "count/configmaps": "1"}),
        ("/api/v1/namespaces/n/services", service(), {"services": "1", "services.nodeports": "0"}),
        (
            "/api/v1/namespaces/n/services",
            service(type="LoadBalancer"),
            {"count/services": "1", "services.nodeports": "1", "services.loadbalancers": "1"},
        ),
        (
            "/api/v1/namespaces/n/services",
            service(type="LoadBalancer", allocateLoadBalancerNodePorts=False),
            {"services.nodeports": "0", "services.loadbalancers": "1"},
        ),
        (
            "/api/v1/namespaces/n/persistentvolumeclaims",
            claim("1500Mi"),
            {"persistentvolumeclaims": "1", f"{GOLD}requests.storage": "1500Mi", f"{GOLD}persistentvolumeclaims": "1"},
        ),
        (
            "/api/v1/namespaces/n/persistentvolumeclaims",
            claim("1Gi", "silver"),
            {"requests.storage": "1Gi", f"{GOLD}requests.storage": "0", f"{GOLD}persistentvolumeclaims": "0"},
        ),
        (
            "/apis/resource.k8s.io/v1/namespaces/n/resourceclaims",
            {"metadata": {"name": "r"}, "spec": {"devices": {"requests": [{"name": "a", **DEVICES}]}}},
            {"gpu.deviceclass.resource.k8s.io/devices": "2", "count/resourceclaims.resource.k8s.io": "1"},
        ),
        (
            "/apis/coordination.k8s.io/v1/namespaces/n/leases",
            {"metadata": {"name": "l"}},
            {"count/leases.coordination.k8s.io": "1"},
        ),
    ],
)
async def test_what_objects_take(call: Any, namespace: Any, path: str, body: Any, taken: dict[str, str]) -> None:
    home = await namespace()
    await quota(call, home, dict.fromkeys(taken, "10Gi"))
    await call.ok("POST", path, body)
    assert await used(call, home) == taken


async def test_updates_are_charged_for_what_they_add(call: Any, namespace: Any) -> None:
    home = await namespace()
    await quota(call, home, {"services": "1", "services.nodeports": "1"})
    await call.ok("POST", f"{home}/services", service())
    await call.ok("PATCH", f"{home}/services/s", {"spec": {"type": "NodePort"}}, MERGE)
    assert await used(call, home) == {"services": "1", "services.nodeports": "1"}
    ports = [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]
    answer = await call("PATCH", f"{home}/services/s", {"spec": {"ports": ports}}, MERGE)
    why = "requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1"
    assert answer.body["message"] == f'services "s" is forbidden: exceeded quota: q, {why}'


ADMIN = User("admin", groups=("system:masters",))
Op = tuple[str, int]


async def _race(api: APIServer, limit: int, ops: list[Op]) -> None:
    """Creates of pods at once, singly and in batches, while somebody else writes the quota."""

    async def send(method: str, path: str, body: bytes, media: str = "application/json") -> int:
        request = Request(method, path, {}, {"content-type": media}, body, ADMIN, native=True)
        return (await api.handle(request)).status

    home, merge = "/api/v1/namespaces/default", "application/merge-patch+json"
    body = b'{"metadata":{"name":"q"},"spec":{"hard":{"pods":"%d"}}}' % limit
    assert await send("POST", f"{home}/resourcequotas", body) == 201
    status = b'{"status":{"hard":{"pods":"%d"},"used":{"pods":"0"}}}' % limit
    assert await send("PATCH", f"{home}/resourcequotas/q/status", status, merge) == 200
    one = b'{"metadata":{"generateName":"p-"},"spec":{"containers":[{"name":"c","image":"i"}]}}'

    async def act(kind: str, count: int) -> int:
        if kind == "touch":
            labels = b'{"metadata":{"labels":{"n":"%d"}}}' % count
            await send("PATCH", f"{home}/resourcequotas/q", labels, merge)
            return 0
        if kind == "single":
            return sum(code == 201 for code in [await send("POST", f"{home}/pods", one) for _ in range(count)])
        outcomes = await api.handle_many(CreateBatch(f"{home}/pods", [one] * count, ADMIN, "test"))
        return sum(outcome is None or not isinstance(outcome, Exception) for outcome in outcomes)

    made = sum(await asyncio.gather(*(act(kind, count) for kind, count in ops)))
    pods = len(api.backend.store.list("pods", "default").objects)
    found = api.backend.store.get("resourcequotas", "default", "q")
    asked = sum(count for kind, count in ops if kind != "touch")
    assert found is not None
    assert made == pods == int(found.get("status", "used", "pods")) == min(asked, limit)


async def _race_alone(limit: int, ops: list[Op]) -> None:
    async with running(disable_admission_plugins=("ServiceAccount",)) as api:
        await _race(api, limit, ops)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 12),
    st.lists(st.tuples(st.sampled_from(["single", "batch", "touch"]), st.integers(1, 6)), min_size=1, max_size=8),
)
def test_parallel_creates_never_overrun(limit: int, ops: list[Op]) -> None:
    asyncio.run(_race_alone(limit, ops))
