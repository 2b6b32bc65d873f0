"""Volumes against the API server itself: claims bound late, limits of nodes, claims for one pod at a time."""

import asyncio
import contextlib

from api_server import running

from kfast.api.core.node import KIND as NODES
from kfast.api.core.persistent_volume import KIND as VOLUMES
from kfast.api.core.persistent_volume_claim import KIND as CLAIMS
from kfast.api.core.pod import KIND as PODS
from kfast.api.storage.csi_node import KIND as CSI_NODES
from kfast.api.storage.storage_class import KIND as CLASSES
from kfast.client import Client, LocalTransport
from kfast.clock import LoopClock
from kfast.meta.exchange import User
from kfast.runtime import Object
from kfast.runtime.informer import Informer
from kfast.scheduler import Scheduler
from kfast.testing.virtual_time import run_virtual

SELECTED = "volume.kubernetes.io/selected-node"


class Storage:
    """Plays the volume controller: binds what is reserved, makes what is asked for; `broken` gives up instead."""

    def __init__(self, client):
        self.client = client
        self.broken = False
        self.made = []
        self.tasks = set()

    async def start(self):
        self.informers = [Informer(self.client, kind) for kind in (VOLUMES, CLAIMS)]
        for informer, act in zip(self.informers, (self.on_volume, self.on_claim), strict=True):
            informer.add_handler(self.later(act), lambda _, new, act=act: self.later(act)(new), lambda _: None)
            informer.start()
            await informer.synced()

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for informer in self.informers:
            await informer.stop()

    def later(self, act):
        def run(obj):
            task = asyncio.get_running_loop().create_task(act(obj))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

        return run

    async def on_volume(self, volume: Object):
        claim = volume.get("spec", "claimRef") or {}
        if claim.get("uid") and volume.get("status", "phase") == "Available":
            await self.client.patch(VOLUMES, volume.name, {"status": {"phase": "Bound"}}, subresource="status")
            await self.bind(claim["namespace"], claim["name"], volume.name)

    async def on_claim(self, claim: Object):
        node = (claim.get("metadata", "annotations") or {}).get(SELECTED)
        if not node or claim.get("spec", "volumeName"):
            return
        if self.broken:
            patch = {"metadata": {"annotations": {SELECTED: None}}}
            await self.client.patch(CLAIMS, claim.name, patch, claim.namespace)
            return
        self.made.append((claim.name, node))
        await add_volume(self.client, f"pv-{claim.name}", node=node, claim=claim)
        await self.bind(claim.namespace, claim.name, f"pv-{claim.name}")

    async def bind(self, namespace, name, volume):
        annotations = {"pv.kubernetes.io/bind-completed": "yes"}
        patch = {"metadata": {"annotations": annotations}, "spec": {"volumeName": volume}}
        await self.client.patch(CLAIMS, name, patch, namespace)


async def add_volume(
    client, name, size="1Gi", node="", claim=None, driver="", storage_class="late", mode="ReadWriteOnce"
):
    spec = {"capacity": {"storage": size}, "accessModes": [mode], "storageClassName": storage_class}
    if driver:
        spec["csi"] = {"driver": driver, "volumeHandle": name}
    else:
        spec["local" if node else "hostPath"] = {"path": "/x"}
    if node:
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    if claim:
        spec["claimRef"] = {"namespace": "default", "name": claim.name, "uid": claim.uid}
    body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
    await client.create(VOLUMES, body)
    phase = "Bound" if claim else "Available"
    await client.patch(VOLUMES, name, {"status": {"phase": phase}}, subresource="status")


async def add_claim(client, name, size="1Gi", mode="ReadWriteOnce", volume="", storage_class="late"):
    annotations = {"pv.kubernetes.io/bind-completed": "yes"} if volume else {}
    spec = {"accessModes": [mode], "resources": {"requests": {"storage": size}}, "storageClassName": storage_class}
    if volume:
        spec["volumeName"] = volume
    metadata = {"name": name, "namespace": "default", "annotations": annotations}
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
    return await client.create(CLAIMS, body)


async def add_class(client, provisioner):
    body = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "late"}}
    await client.create(CLASSES, body | {"provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer"})


async def add_node(client, name):
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name}}
    await client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": metadata})
    status = {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}
    await client.patch(NODES, name, {"status": status}, subresource="status")


async def add_pod(client, name, *claims):
    volumes = [{"name": c, "persistentVolumeClaim": {"claimName": c}} for c in claims]
    spec = {"containers": [{"name": "c", "image": "i"}], "volumes": volumes, "terminationGracePeriodSeconds": 0}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
    await client.create(PODS, body)


async def node_of(client, name):
    return (await client.get(PODS, name, "default")).get("spec", "nodeName")


async def message_of(client, name):
    conditions = (await client.get(PODS, name, "default")).get("status", "conditions") or []
    return next(((c["reason"], c["message"]) for c in conditions if c["status"] == "False"), None)


def run(scenario):
    async def main():
        clock = LoopClock()
        async with running(clock=clock) as api, contextlib.AsyncExitStack() as stack:
            client = Client(LocalTransport(api.handle, User("admin", groups=("system:masters",))), clock)
            storage = Storage(client)
            for part in (storage, Scheduler(client, clock, seed=1)):
                await part.start()
                stack.push_async_callback(part.stop)
            await scenario(client, clock, storage)

    run_virtual(main())


def test_an_unbound_claim_gets_the_smallest_volume_of_the_chosen_node():
    async def scenario(client, clock, storage):
        await add_class(client, "kubernetes.io/no-provisioner")
        for name in ("n1", "n2"):
            await add_node(client, name)
        await add_volume(client, "small", "1Gi", node="n1")
        await add_volume(client, "large", "9Gi", node="n2")
        await add_volume(client, "larger", "20Gi", node="n2")
        await add_claim(client, "data", "5Gi")
        await add_pod(client, "db", "data")
        await clock.sleep(5)
        assert await node_of(client, "db") == "n2"
        volume = await client.get(VOLUMES, "large")
        assert volume.get("spec", "claimRef")["name"] == "data"
        assert volume.get("metadata", "annotations")["pv.kubernetes.io/bound-by-controller"] == "yes"
        assert (await client.get(VOLUMES, "larger")).get("spec", "claimRef") is None

    run(scenario)


def test_no_volume_is_promised_twice():
    async def scenario(client, clock, storage):
        await add_class(client, "kubernetes.io/no-provisioner")
        await add_node(client, "n1")
        for number in range(3):
            await add_volume(client, f"v{number}", node="n1")
        for number in range(4):
            await add_claim(client, f"c{number}")
            await add_pod(client, f"p{number}", f"c{number}")
        await clock.sleep(10)
        bound = {(await client.get(VOLUMES, f"v{n}")).get("spec", "claimRef")["name"] for n in range(3)}
        assert len(bound) == 3
        [waiting] = [n for n in range(4) if await node_of(client, f"p{n}") is None]
        assert await message_of(client, f"p{waiting}") == (
            "Unschedulable",
            "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind. preemption: "
            "0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
        )
        await add_volume(client, "late", node="n1")
        await clock.sleep(10)
        assert await node_of(client, f"p{waiting}") == "n1"

    run(scenario)


def test_a_volume_is_made_for_the_chosen_node_and_a_failure_tried_again():
    async def scenario(client, clock, storage):
        await add_class(client, "csi.example.com")
        await add_node(client, "n1")
        storage.broken = True
        await add_claim(client, "data")
        await add_pod(client, "db", "data")
        await clock.sleep(1.5)
        assert await node_of(client, "db") is None
        assert await message_of(client, "db") == (
            "SchedulerError",
            'running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "data"',
        )
        storage.broken = False
        await clock.sleep(15)
        assert await node_of(client, "db") == "n1"
        assert storage.made == [("data", "n1")]

    run(scenario)


def test_a_node_takes_as_many_volumes_as_its_drivers_say():
    async def scenario(client, clock, storage):
        await add_node(client, "n1")
        drivers = [{"name": "csi.example.com", "nodeID": "n1", "allocatable": {"count": 2}}]
        body = {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": "n1"}}
        await client.create(CSI_NODES, body | {"spec": {"drivers": drivers}})
        for number in range(3):
            claim = await add_claim(client, f"c{number}", volume=f"v{number}")
            await add_volume(client, f"v{number}", claim=claim, driver="csi.example.com")
            await add_pod(client, f"p{number}", f"c{number}")
            await clock.sleep(2)
        assert await node_of(client, "p1") == "n1"
        assert await node_of(client, "p2") is None
        _, message = await message_of(client, "p2")
        assert message.startswith("0/1 nodes are available: 1 node(s) exceed max volume count. preemption:")
        await client.delete(PODS, "p0", "default")
        await clock.sleep(15)
        assert await node_of(client, "p2") == "n1"

    run(scenario)


def test_a_claim_for_one_pod_is_used_by_one():
    async def scenario(client, clock, storage):
        await add_node(client, "n1")
        claim = await add_claim(client, "only", mode="ReadWriteOncePod", volume="v")
        await add_volume(client, "v", claim=claim, mode="ReadWriteOncePod")
        await add_pod(client, "first", "only")
        await clock.sleep(2)
        await add_pod(client, "second", "only")
        await clock.sleep(2)
        assert await message_of(client, "second") == (
            "Unschedulable",
            "0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access "
            "mode already in-use by another pod. preemption: 0/1 nodes are available: "
            "1 No preemption victims found for incoming pod.",
        )
        await client.delete(PODS, "first", "default")
        await clock.sleep(15)
        assert await node_of(client, "second") == "n1"

    run(scenario)


def test_a_pod_waits_for_its_claim():
    async def scenario(client, clock, storage):
        await add_node(client, "n1")
        await add_pod(client, "db", "data")
        await clock.sleep(2)
        _, message = await message_of(client, "db")
        assert message.startswith('0/1 nodes are available: persistentvolumeclaim "data" not found. preemption:')
        claim = await add_claim(client, "data", volume="v")
        await add_volume(client, "v", claim=claim)
        await clock.sleep(15)
        assert await node_of(client, "db") == "n1"

    run(scenario)
