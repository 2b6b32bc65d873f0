"""Services get their EndpointSlices and Endpoints from the pods behind them."""

import asyncio

import pytest

from kfast.api.core.endpoints import KIND as ENDPOINTS
from kfast.api.core.node import KIND as NODES
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.service import KIND as SERVICES
from kfast.api.discovery.endpoint_slice import KIND as SLICES

SELECTOR = {"app": "web"}


async def expose(cluster, name="web", selector=SELECTOR, **spec):
    metadata = {"name": name, "namespace": "default"}
    spec = {"ports": [{"port": 80, "targetPort": 8080}], "selector": selector, **spec}
    return await cluster.client.create(
        SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
    )


async def run_pods(cluster, count, first=1, labels=SELECTOR):
    """Ready pods with addresses on node n1."""
    for number in range(first, first + count):
        pod = await cluster.add_pod(f"p{number}", node="n1", labels=labels)
        ip = f"10.9.{number // 200}.{number % 200 + 1}"
        condition = {"type": "Ready", "status": "True"}
        status = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [condition]}
        await cluster.set_pod_status(pod, status)


async def slices(cluster, name="web"):
    return (await cluster.client.list(SLICES, "default", label_selector=f"kubernetes.io/service-name={name}")).objects


async def names(cluster, ready=True):
    found = [e for s in await slices(cluster) for e in s.get("endpoints") or ()]
    return sorted(e["targetRef"]["name"] for e in found if e["conditions"]["ready"] is ready)


async def addresses(cluster, key="addresses"):
    subsets = (await cluster.client.get(ENDPOINTS, "web", "default")).get("subsets") or ()
    return sorted(a["targetRef"]["name"] for s in subsets for a in s.get(key) or ())


@pytest.fixture
def scenario(virtual):
    """Runs `body(cluster)` where node n1 is in zone z1 and no kubelet touches the pods."""

    def run(body):
        async def prepared(cluster):
            node = (await cluster.add_node("n1")).to_dict()
            node["metadata"]["labels"] = {"topology.kubernetes.io/zone": "z1"}
            del node["metadata"]["resourceVersion"]
            await cluster.client.update(NODES, node)
            await body(cluster)

        virtual(prepared)

    return run


def test_ready_pods_become_endpoints(scenario):
    async def body(cluster):
        await expose(cluster)
        await cluster.settle()
        [empty] = await slices(cluster)
        assert not empty.get("endpoints")
        await run_pods(cluster, 2)
        await cluster.add_pod("other", node="n1", labels={"app": "db"})
        await cluster.settle()
        assert await names(cluster) == await addresses(cluster) == ["p1", "p2"]
        [filled] = await slices(cluster)
        assert filled.get("endpoints")[0]["zone"] == "z1"
        assert filled.get("ports") == [{"name": "", "port": 8080, "protocol": "TCP"}]
        assert filled.name.startswith("web-")

    scenario(body)


def test_endpoints_follow_pods_and_selector(scenario):
    async def body(cluster):
        await run_pods(cluster, 3)
        await expose(cluster)
        await cluster.settle()
        pod = await cluster.client.get(PODS, "p1", "default")
        status = pod.get("status") | {"conditions": [{"type": "Ready", "status": "False"}]}
        await cluster.set_pod_status(pod, status)
        await cluster.client.patch(PODS, "p2", {"metadata": {"labels": {"app": "db"}}}, "default")
        await cluster.settle()
        assert (await names(cluster), await names(cluster, ready=False)) == (["p3"], ["p1"])
        assert (await addresses(cluster), await addresses(cluster, "notReadyAddresses")) == (["p3"], ["p1"])
        await cluster.client.patch(SERVICES, "web", {"spec": {"selector": {"app": "db"}}}, "default")
        await cluster.client.delete(PODS, "p3", "default", grace_seconds=0)
        await cluster.settle()
        assert await names(cluster) == await addresses(cluster) == ["p2"]

    scenario(body)


def test_many_pods_at_once_are_in_full_slices_each_once(scenario):
    async def body(cluster):
        await expose(cluster)
        await asyncio.gather(*(run_pods(cluster, 50, first) for first in range(1, 251, 50)))
        await cluster.settle(10)
        assert len(await names(cluster)) == len(set(await names(cluster))) == 250
        assert sorted(len(s.get("endpoints")) for s in await slices(cluster)) == [50, 100, 100]
        before = [r for r in cluster.requests if r[0] != "GET"]
        await cluster.settle(20)
        assert [r for r in cluster.requests if r[0] != "GET" and "endpoint" in r[1]] == [
            r for r in before if "endpoint" in r[1]
        ]

    scenario(body)


def test_what_goes_with_the_service(scenario):
    async def body(cluster):
        await run_pods(cluster, 1)
        await expose(cluster)
        await cluster.settle()
        await cluster.client.delete(SERVICES, "web", "default")
        await cluster.settle(5)
        assert not await cluster.exists(ENDPOINTS, "web")
        assert await slices(cluster) == []

    scenario(body)


def test_services_without_selector_are_left_to_their_owner(scenario):
    async def body(cluster):
        await expose(cluster, selector=None)
        manual = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web", "namespace": "default"}}
        manual["subsets"] = [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}]
        await cluster.client.create(ENDPOINTS, manual)
        await cluster.settle()
        assert (await cluster.client.get(ENDPOINTS, "web", "default")).get("subsets")[0]["addresses"] == [
            {"ip": "192.0.2.1"}
        ]

    scenario(body)


def test_a_slice_somebody_deletes_comes_back(scenario):
    async def body(cluster):
        await run_pods(cluster, 2)
        await expose(cluster)
        await cluster.settle()
        [slice_] = await slices(cluster)
        await cluster.client.delete(SLICES, slice_.name, "default")
        await cluster.client.delete(ENDPOINTS, "web", "default")
        await cluster.settle()
        assert await names(cluster) == await addresses(cluster) == ["p1", "p2"]

    scenario(body)
