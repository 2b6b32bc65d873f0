"""A cluster in memory for the scheduler: nodes and pods that are listed, watched, bound and patched."""

import asyncio
import json
from collections import defaultdict
from itertools import count

import pytest

from kfast.client import Client, LocalTransport
from kfast.clock import LoopClock
from kfast.errors import StatusError
from kfast.meta.exchange import ObjectList, Request, Response, User
from kfast.runtime import Object
from kfast.scheduler import Scheduler
from kfast.testing.virtual_time import run_virtual


class Watcher:
    def __init__(self):
        self.queue = asyncio.Queue()

    def close(self):
        self.queue.put_nowait(None)

    async def __aiter__(self):
        while (batch := await self.queue.get()) is not None:
            yield batch


class Cluster:
    """`refuse` holds errors for the next bindings, `bound` what was bound in order, `events` what was said."""

    def __init__(self):
        self.objects = defaultdict(dict)
        self.watchers = defaultdict(list)
        self.revisions = count(1)
        self.refuse = []
        self.bound = []
        self.events = []

    def put(self, resource, obj):
        obj["metadata"]["resourceVersion"] = str(next(self.revisions))
        handle = Object.parse(json.dumps(obj).encode())
        old = self.objects[resource].get(handle.name)
        self.objects[resource][handle.name] = obj
        self.tell(resource, "MODIFIED" if old else "ADDED", handle)

    def remove(self, resource, name):
        self.tell(resource, "DELETED", Object.parse(json.dumps(self.objects[resource].pop(name)).encode()))

    def tell(self, resource, event, handle):
        for watcher in self.watchers[resource]:
            watcher.queue.put_nowait([(event, handle)])

    def add_node(self, name, cpu="4", **spec):
        status = {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"}}
        self.put(
            "nodes",
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec, "status": status},
        )

    def add_pod(self, name, cpu="1", **spec):
        container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
        metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "generation": 1}
        spec = {"schedulerName": "default-scheduler", "containers": [container], **spec}
        self.put("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}})

    def condition(self, name):
        conditions = self.objects["pods"][name]["status"].get("conditions", [])
        return next((c for c in conditions if c["type"] == "PodScheduled"), None)

    async def handle(self, request: Request) -> Response:
        await asyncio.sleep(0)
        try:
            return Response(200, self.answer(request))
        except StatusError as error:
            return Response(error.code, error.to_dict())

    def answer(self, request):
        parts = request.path.split("/")
        body = json.loads(request.body) if request.body else {}
        if request.method == "GET" and request.param("watch"):
            self.watchers[parts[-1]].append(watcher := Watcher())
            return watcher
        if request.method == "GET":
            handles = [Object.parse(json.dumps(o).encode()) for o in self.objects[parts[-1]].values()]
            return ObjectList(0, handles)
        if request.method == "DELETE":
            handle = Object.parse(json.dumps(self.objects[parts[-2]][parts[-1]]).encode())
            self.remove(parts[-2], parts[-1])
            return handle
        if parts[-1] == "binding":
            return self.bind(parts[-2], body)
        if parts[-1] == "status":
            pod = self.objects["pods"][parts[-2]]
            pod["status"] = {**pod["status"], **body["status"]}
            self.put("pods", pod)
            return pod
        assert "/events" in request.path, request.path
        if request.method == "POST":
            self.events.append(body)
            return body
        event = next(e for e in self.events if e["metadata"]["name"] == parts[-1])
        event.update(body)
        return event

    def bind(self, name, binding):
        if self.refuse:
            raise self.refuse.pop(0)
        pod = self.objects["pods"][name]
        assert binding["metadata"]["uid"] == pod["metadata"]["uid"]
        assert "nodeName" not in pod["spec"], f"{name} is bound twice"
        pod["spec"]["nodeName"] = binding["target"]["name"]
        self.bound.append((name, binding["target"]["name"]))
        self.put("pods", pod)
        return {"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success"}


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def run(cluster):
    """Runs a coroutine function of (scheduler, clock) beside a running scheduler, in virtual time."""

    def run(scenario):
        async def main():
            clock = LoopClock()
            client = Client(LocalTransport(cluster.handle, User("system:kube-scheduler")), clock)
            scheduler = Scheduler(client, clock, seed=1)
            await scheduler.start()
            try:
                await scenario(scheduler, clock)
            finally:
                await scheduler.stop()

        run_virtual(main())

    return run
