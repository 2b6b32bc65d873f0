"""A control plane without scheduler and nodes, in virtual time, and pods that become what a test wants."""

import asyncio

import pytest

from kfast.api.apps.deployment import KIND as DEPLOYMENTS
from kfast.api.apps.replica_set import KIND as REPLICA_SETS
from kfast.api.catalog import default_catalog
from kfast.api.core.event import KIND as EVENTS
from kfast.api.core.namespace import KIND as NAMESPACES
from kfast.api.core.node import KIND as NODES
from kfast.api.core.pod import KIND as PODS
from kfast.apiserver.app import APIServer
from kfast.client import Client, LocalTransport
from kfast.clock import LoopClock, rfc3339
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.controllers.catalog import CONTROLLERS
from kfast.errors import StatusError
from kfast.meta.exchange import Response, User
from kfast.runtime import Controller, ControllerConfig, Manager, Watch, own_key
from kfast.store.embedded import EmbeddedStore
from kfast.testing.virtual_time import run_virtual


class Cluster:
    """What a scenario works with. `unready` names images whose pods never become ready; requests that are
    `refused` fail, but for the first `allowed` ones."""

    def __init__(self):
        self.clock = LoopClock()
        self.catalog = default_catalog()
        self.store = EmbeddedStore(None)
        self.api = APIServer(self.store, self.catalog, self.clock, disable_admission_plugins=LEAN_ON_CONTROLLERS)
        self.unready = set()
        self.refused = {}
        self.allowed = {}
        self.requests = []
        user = User("system:kube-controller-manager", groups=("system:masters",))
        self.client = Client(LocalTransport(self.handle, user), self.clock)
        kubelet = Controller(name="kubelet", watches=(Watch(kind=PODS, map=own_key),), reconcile=self.run_pod)
        self.manager = Manager(
            self.client,
            self.clock,
            (*CONTROLLERS, kubelet),
            catalog=self.catalog,
            config=ControllerConfig(root_ca_pem="PEM"),
        )

    async def handle(self, request):
        self.requests.append((request.method, request.path))
        call = request.method, request.path
        error = self.refused.get(call)
        if error and self.allowed.get(call):
            self.allowed[call] -= 1
            error = None
        return Response(error.code, error.to_dict()) if error else await self.api.handle(request)

    async def run_pod(self, context, key):
        pod = context.lister(PODS).get(*key)
        if pod is None or pod.get("status", "phase") not in (None, "Pending"):
            return
        image = pod.get("spec", "containers")[0]["image"]
        ready = "False" if image in self.unready else "True"
        condition = {"type": "Ready", "status": ready, "lastTransitionTime": rfc3339(self.clock.now())}
        await self.set_pod_status(pod, {"phase": "Running", "conditions": [condition]})

    async def set_pod_status(self, pod, status):
        body = pod.to_dict()
        body["status"] = status
        await self.client.update_status(PODS, body)

    async def settle(self, seconds=1.0):
        """Lets everything happen that happens within `seconds`."""
        await self.clock.sleep(seconds)

    async def deploy(self, name="web", replicas=3, image="v1", **spec):
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec},
        }
        return await self.client.create(DEPLOYMENTS, body)

    async def change(self, spec, name="web"):
        return await self.client.patch(DEPLOYMENTS, name, {"spec": spec}, "default")

    async def roll(self, image, name="web"):
        containers = [{"name": "c", "image": image}]
        return await self.change({"template": {"spec": {"containers": containers}}}, name)

    async def deployment(self, name="web"):
        return await self.client.get(DEPLOYMENTS, name, "default")

    async def condition(self, kind, name="web"):
        conditions = (await self.deployment(name)).get("status", "conditions") or []
        return next(((c["status"], c["reason"]) for c in conditions if c["type"] == kind), None)

    async def sizes(self):
        """Replicas by image of the ReplicaSets, oldest first."""
        sets = (await self.client.list(REPLICA_SETS, "default")).objects
        sets = sorted(sets, key=lambda s: s.get("metadata", "creationTimestamp"))
        return {s.get("spec", "template", "spec", "containers")[0]["image"]: s.get("spec", "replicas") for s in sets}

    async def pods(self, namespace="default"):
        return (await self.client.list(PODS, namespace)).objects

    async def images(self):
        return sorted(p.get("spec", "containers")[0]["image"] for p in await self.pods() if not p.deleting)

    async def events(self):
        """(reason, message) of all events."""
        return [(e.get("reason"), e.get("message")) for e in (await self.client.list(EVENTS)).objects]

    async def exists(self, kind, name, namespace="default"):
        try:
            await self.client.get(kind, name, namespace)
        except StatusError as error:
            if error.not_found:
                return False
            raise
        return True

    async def add_pod(self, name, namespace="default", *, node="", tolerations=(), **metadata):
        spec = {"containers": [{"name": "c", "image": "v1"}], "tolerations": list(tolerations)}
        if node:
            spec["nodeName"] = node
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, **metadata}}
        return await self.client.create(PODS, {**body, "spec": spec})

    async def add_node(self, name):
        node = await self.client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        stamp = rfc3339(self.clock.now())
        body = node.to_dict()
        body["status"] = {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": stamp}]}
        return await self.client.update_status(NODES, body)

    async def add_namespace(self, name):
        return await self.client.create(
            NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )


@pytest.fixture
def virtual():
    """Runs `scenario(cluster)` in virtual time on a running control plane."""

    def run(scenario):
        async def main():
            cluster = Cluster()
            await cluster.api.start()
            await cluster.manager.start()
            await cluster.settle()
            try:
                await asyncio.wait_for(scenario(cluster), 1_000_000)
            finally:
                await cluster.manager.stop()
                await cluster.api.stop()
                await cluster.store.close()

        run_virtual(main())

    return run
