"""kfast's client, controllers, scheduler and simulated nodes run a cluster whose API server is upstream's.

KFAST_UPSTREAM_KUBECONFIG names an admin's kubeconfig of a kube-apiserver that no other control plane works on.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from kfast.api.catalog import by_resource, default_catalog
from kfast.client import Client, HTTPSTransport
from kfast.clock import SystemClock
from kfast.config import ClusterConfig
from kfast.controllers.catalog import CONTROLLERS
from kfast.errors import StatusError
from kfast.meta.kubeconfig import load
from kfast.node.simulated import SimulatedNodes
from kfast.runtime.controller import ControllerConfig
from kfast.runtime.informer import Informer
from kfast.runtime.leader_election import LeaderElector, LeaseTimes
from kfast.runtime.manager import Manager
from kfast.scheduler.service import Scheduler

KUBECONFIG = os.environ.get("KFAST_UPSTREAM_KUBECONFIG", "")
pytestmark = pytest.mark.skipif(
    not KUBECONFIG, reason="KFAST_UPSTREAM_KUBECONFIG names no kubeconfig of an upstream API server"
)

CONFIG_MAPS = by_resource("", "v1", "configmaps")
NAMESPACES = by_resource("", "v1", "namespaces")
NODES = by_resource("", "v1", "nodes")
PODS = by_resource("", "v1", "pods")
SERVICES = by_resource("", "v1", "services")
SERVICE_ACCOUNTS = by_resource("", "v1", "serviceaccounts")
DEPLOYMENTS = by_resource("apps", "v1", "deployments")
REPLICA_SETS = by_resource("apps", "v1", "replicasets")
SLICES = by_resource("discovery.k8s.io", "v1", "endpointslices")
LABELS = {"app": "web"}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client(HTTPSTransport(load(Path(KUBECONFIG))))
    yield client
    await client.close()


@pytest.fixture
async def namespace(client: Client) -> AsyncIterator[str]:
    """A namespace of the test's own on the server, with kfast as its control plane."""
    connection, clock = load(Path(KUBECONFIG)), SystemClock()
    config = ControllerConfig(root_ca_pem=connection.ca_pem)
    clients = [Client(HTTPSTransport(connection)) for _ in range(3)]
    parts = (
        Manager(clients[0], clock, CONTROLLERS, catalog=default_catalog(), config=config),
        Scheduler(clients[1], clock),
        SimulatedNodes(clients[2], clock, 3, capacity=dict(ClusterConfig().node_capacity)),
    )
    name = f"t-{uuid.uuid4().hex[:8]}"
    try:
        for part in parts:
            await asyncio.wait_for(part.start(), 20)
        await client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await until(lambda: exists(client, SERVICE_ACCOUNTS, "default", name))
        yield name
        if await exists(client, NAMESPACES, name):
            await client.delete(NAMESPACES, name)
            await until(lambda: absent(client, NAMESPACES, name))
    finally:
        for part in reversed(parts):
            await part.stop()
        for each in clients:
            await each.close()


async def until(met: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await met():  # noqa: ASYNC110 - the server is asked
            await asyncio.sleep(0.1)


async def exists(client, kind, name, namespace="") -> bool:
    try:
        await client.get(kind, name, namespace)
    except StatusError as error:
        if not error.not_found:
            raise
        return False
    return True


async def absent(client, kind, name, namespace="") -> bool:
    return not await exists(client, kind, name, namespace)


def deployment(replicas: int) -> dict:
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "web:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


async def complete(client, namespace, replicas, image) -> bool:
    """The Deployment says so, and the pods are what it says."""
    found = (await client.get(DEPLOYMENTS, "web", namespace)).to_dict()
    status = found.get("status", {})
    pods = [pod.to_dict() for pod in (await client.list(PODS, namespace)).objects]
    counts = [status.get(field) for field in ("replicas", "updatedReplicas", "availableReplicas")]
    return (
        status.get("observedGeneration") == found["metadata"]["generation"]
        and counts == [replicas] * 3
        and any(c["type"] == "Available" and c["status"] == "True" for c in status["conditions"])
        and [(p["spec"]["containers"][0]["image"], p["status"]["phase"]) for p in pods]
        == [(image, "Running")] * replicas
    )


async def ready_addresses(client, namespace) -> set[str]:
    slices = await client.list(SLICES, namespace, label_selector="kubernetes.io/service-name=web")
    endpoints = [endpoint for each in slices.objects for endpoint in each.to_dict()["endpoints"] or []]
    return {address for e in endpoints if e["conditions"]["ready"] for address in e["addresses"]}


async def nodes_ready(client) -> bool:
    nodes = [node.to_dict() for node in (await client.list(NODES)).objects]
    ready = [c["status"] for node in nodes for c in node["status"]["conditions"] if c["type"] == "Ready"]
    return ready == ["True"] * 3 and not any(node["spec"].get("taints") for node in nodes)


async def test_a_deployment_lives_and_goes(client: Client, namespace: str) -> None:
    await until(lambda: nodes_ready(client))
    await client.create(DEPLOYMENTS, deployment(5), namespace)
    await until(lambda: complete(client, namespace, 5, "web:1"))
    await client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 20}}, namespace)
    await until(lambda: complete(client, namespace, 20, "web:1"))

    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    await client.create(SERVICES, service | {"spec": {"selector": LABELS, "ports": [{"port": 80}]}}, namespace)
    image = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "web:2"}]}}}}
    await client.patch(DEPLOYMENTS, "web", image, namespace, type="strategic")
    await until(lambda: complete(client, namespace, 20, "web:2"))
    pods = (await client.list(PODS, namespace)).objects
    addresses = {pod.to_dict()["status"]["podIP"] for pod in pods}

    async def served() -> bool:
        return await ready_addresses(client, namespace) == addresses

    await until(served)

    await client.delete(DEPLOYMENTS, "web", namespace, propagation="Foreground")

    async def nothing_left() -> bool:
        return not any([(await client.list(kind, namespace)).objects for kind in (DEPLOYMENTS, REPLICA_SETS, PODS)])

    await until(nothing_left)


async def test_a_namespace_finishes_with_all_it_holds(client: Client, namespace: str) -> None:
    await client.create(DEPLOYMENTS, deployment(3), namespace)
    await until(lambda: complete(client, namespace, 3, "web:1"))
    await client.delete(NAMESPACES, namespace)
    await until(lambda: absent(client, NAMESPACES, namespace))


async def test_a_lease_has_one_leader_and_is_handed_over(client: Client, namespace: str) -> None:
    led: list[str] = []
    resign = asyncio.Event()
    times = LeaseTimes(duration=4, renew_deadline=2, retry_period=0.2)

    async def run(identity: str) -> None:
        async def lead() -> None:
            led.append(identity)
            if identity == "first":
                await resign.wait()

        elector = LeaderElector(client, SystemClock(), "lock", identity, namespace=namespace, times=times)
        await elector.run(lead)

    async def leads(identity: str) -> bool:
        return led[-1:] == [identity]

    first = asyncio.create_task(run("first"))
    await until(lambda: leads("first"))
    second = asyncio.create_task(run("second"))
    await asyncio.sleep(times.duration + 1)  # the first renews beyond the lease's duration
    assert led == ["first"]
    resign.set()
    await asyncio.wait_for(asyncio.gather(first, second), 10)
    assert led == ["first", "second"]


async def test_an_informer_resumes_when_its_connections_break(client: Client, namespace: str) -> None:
    transport = HTTPSTransport(load(Path(KUBECONFIG)))
    informer = Informer(Client(transport), CONFIG_MAPS, namespace)
    informer.start()
    await informer.synced()
    await until(lambda: exists(client, CONFIG_MAPS, "kube-root-ca.crt", namespace))
    added: list[str] = []
    informer.add_handler(lambda obj: added.append(obj.name))

    async def seen(name: str) -> bool:
        return name in added

    await until(lambda: seen("kube-root-ca.crt"))
    await transport.close()
    await client.create(
        CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later"}}, namespace
    )
    await until(lambda: seen("later"))
    assert added == ["kube-root-ca.crt", "later"]
    await informer.stop()
    await transport.close()
