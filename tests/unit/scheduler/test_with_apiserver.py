"""The scheduler against the API server itself: bindings, conditions and events as clients read them."""

import asyncio

from api_server import running

from kfast.api.core.event import KIND as CORE_EVENTS
from kfast.api.core.node import KIND as NODES
from kfast.api.core.persistent_volume import KIND as VOLUMES
from kfast.api.core.persistent_volume_claim import KIND as CLAIMS
from kfast.api.core.pod import KIND as PODS
from kfast.api.storage.storage_class import KIND as CLASSES
from kfast.client import Client, LocalTransport
from kfast.clock import LoopClock
from kfast.meta.exchange import User
from kfast.scheduler import Scheduler
from kfast.testing.virtual_time import run_virtual


async def add_node(client, name, cpu="4"):
    node = await client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    body = node.to_dict()
    body["status"] = {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"}}
    await client.update_status(NODES, body)


async def add_pod(client, name, cpu="1"):
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
    metadata = {"name": name, "namespace": "default"}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
    return await client.create(PODS, body)


def run(scenario):
    async def main():
        clock = LoopClock()
        async with running(clock=clock) as api:
            user = User("system:kube-scheduler", groups=("system:masters",))
            client = Client(LocalTransport(api.handle, user), clock)
            scheduler = Scheduler(client, clock)
            await scheduler.start()
            try:
                await scenario(client, clock)
            finally:
                await scheduler.stop()

    run_virtual(main())


async def events(client):
    found = (await client.list(CORE_EVENTS, "default")).objects
    return {(e.get("reason"), e.get("type"), e.get("action"), e.get("message")) for e in found}


def test_pods_are_bound_through_the_binding_subresource():
    async def scenario(client, clock):
        for number in range(3):
            await add_node(client, f"n{number}")
        await asyncio.gather(*(add_pod(client, f"web-{number}") for number in range(12)))
        await clock.sleep(5)
        pods = (await client.list(PODS, "default")).objects
        nodes = [pod.get("spec", "nodeName") for pod in pods]
        assert {name: nodes.count(name) for name in nodes} == {"n0": 4, "n1": 4, "n2": 4}
        conditions = pods[0].get("status", "conditions")
        assert [(c["type"], c["status"]) for c in conditions] == [("PodScheduled", "True")]
        note = f"Successfully assigned default/web-0 to {pods[0].get('spec', 'nodeName')}"
        assert ("Scheduled", "Normal", "Binding", note) in await events(client)

    run(scenario)


def test_a_pod_that_fits_nowhere_says_so_until_it_fits():
    async def scenario(client, clock):
        await add_node(client, "small", cpu="1")
        await add_pod(client, "big", cpu="8")
        await clock.sleep(5)
        [condition] = (await client.get(PODS, "big", "default")).get("status", "conditions")
        message = (
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: "
            "1 Preemption is not helpful for scheduling."
        )
        assert (condition["type"], condition["status"], condition["reason"], condition["message"]) == (
            "PodScheduled",
            "False",
            "Unschedulable",
            message,
        )
        assert ("FailedScheduling", "Warning", "Scheduling", message) in await events(client)
        await add_node(client, "large", cpu="8")
        await clock.sleep(5)
        pod = await client.get(PODS, "big", "default")
        assert pod.get("spec", "nodeName") == "large"
        assert [c["status"] for c in pod.get("status", "conditions")] == ["True"]

    run(scenario)


def test_a_static_volume_is_bound_to_its_claim_before_the_pod_is_bound():
    async def scenario(client, clock):
        await add_node(client, "n1")
        await client.create(
            CLASSES,
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": "late"},
                "provisioner": "kubernetes.io/no-provisioner",
                "volumeBindingMode": "WaitForFirstConsumer",
            },
        )
        access, size = ["ReadWriteOnce"], {"storage": "1Gi"}
        spec = {"accessModes": access, "capacity": size, "storageClassName": "late", "hostPath": {"path": "/data"}}
        await client.create(
            VOLUMES, {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": spec}
        )
        volume = (await client.get(VOLUMES, "v")).to_dict()
        await client.update_status(VOLUMES, volume | {"status": {"phase": "Available"}})
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "c", "namespace": "default"},
            "spec": {"accessModes": access, "resources": {"requests": size}, "storageClassName": "late"},
        }
        await client.create(CLAIMS, claim)
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "containers": [{"name": "c", "image": "i"}],
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "c"}}],
            },
        }
        await client.create(PODS, body)
        await clock.sleep(5)
        reference = (await client.get(VOLUMES, "v")).get("spec", "claimRef")
        assert (reference["namespace"], reference["name"]) == ("default", "c")
        assert not (await client.get(PODS, "web", "default")).get("spec", "nodeName")
        # What the volume controller does.
        bound = {"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}, "spec": {"volumeName": "v"}}
        await client.patch(CLAIMS, "c", bound, "default")
        await clock.sleep(5)
        assert (await client.get(PODS, "web", "default")).get("spec", "nodeName") == "n1"

    run(scenario)
