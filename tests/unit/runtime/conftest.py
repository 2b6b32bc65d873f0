"""A small API server in memory, enough for one kind at a time, which tests can make misbehave."""

import asyncio
import json
from itertools import count

import pytest

from kfast.api.kind import Kind
from kfast.client import Client, LocalTransport
from kfast.clock import LoopClock
from kfast.errors import StatusError
from kfast.meta.exchange import ObjectList, Request, Response, User
from kfast.runtime import Object
from kfast.testing.virtual_time import run_virtual

PODS = Kind(group="", version="v1", kind="Pod", plural="pods")


class Watcher:
    def __init__(self):
        self.queue = asyncio.Queue()

    def close(self):
        self.queue.put_nowait(None)

    async def __aiter__(self):
        while (batch := await self.queue.get()) is not None:
            yield batch


class FakeServer:
    """Stores by path; counts requests; `fail` holds errors for the next requests of a method."""

    def __init__(self):
        self.objects = {}
        self.history = []
        self.watchers = []
        self.requests = []
        self.fail = {}
        self.revisions = count(1)
        self.revision = 0

    async def handle(self, request: Request) -> Response:
        self.requests.append((request.method, request.path, dict(request.query)))
        await asyncio.sleep(0)
        if self.fail.get(request.method):
            error = self.fail[request.method].pop(0)
            return Response(error.code, error.to_dict())
        try:
            return Response(200, self.answer(request))
        except StatusError as error:
            return Response(error.code, error.to_dict())

    def answer(self, request):
        if request.method == "GET" and request.param("watch"):
            return self.watch(int(request.param("resourceVersion")))
        name = request.path.rpartition("/")[2]
        if request.method == "GET" and request.path.endswith("s"):
            return ObjectList(self.revision, [Object.parse(o) for p, o in self.objects.items()])
        body = json.loads(request.body) if request.body else {}
        if request.method == "POST":
            path = f"{request.path}/{body['metadata']['name']}"
            if path in self.objects:
                raise StatusError(409, "AlreadyExists", "already exists")
            return self.write("ADDED", path, body)
        if request.path not in self.objects:
            raise StatusError(404, "NotFound", f'"{name}" not found')
        old = json.loads(self.objects[request.path])
        if request.method == "PUT":
            if body["metadata"].get("resourceVersion") not in (None, old["metadata"]["resourceVersion"]):
                raise StatusError(409, "Conflict", "the object has been modified")
            return self.write("MODIFIED", request.path, body)
        if request.method == "PATCH":
            return self.write("MODIFIED", request.path, old | body | {"metadata": old["metadata"]})
        if request.method == "DELETE":
            obj = self.write("DELETED", request.path, old)
            del self.objects[request.path]
            return obj
        return old

    def write(self, event, path, body):
        self.revision = next(self.revisions)
        body = {"apiVersion": "v1", "kind": "Pod"} | body
        body["metadata"]["resourceVersion"] = str(self.revision)
        body["metadata"].setdefault("uid", f"uid-{self.revision}")
        self.objects[path] = json.dumps(body).encode()
        obj = Object.parse(self.objects[path])
        self.history.append((self.revision, event, obj))
        for watcher in self.watchers:
            watcher.queue.put_nowait([(event, obj)])
        return obj

    def watch(self, since):
        watcher = Watcher()
        missed = [(event, obj) for revision, event, obj in self.history if revision > since]
        if missed:
            watcher.queue.put_nowait(missed)
        self.watchers.append(watcher)
        return watcher

    def drop_watches(self, *, forget=False):
        """Ends all watches; with `forget` the next one is told that its revision is gone."""
        watchers, self.watchers = self.watchers, []
        for watcher in watchers:
            if forget:
                status = StatusError(410, "Expired", "too old resource version").to_dict()
                watcher.queue.put_nowait([("ERROR", Object.parse(json.dumps(status).encode()))])
            watcher.close()

    def add(self, name, namespace="default", **metadata):
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        return self.write("ADDED", path, {"metadata": {"name": name, "namespace": namespace, **metadata}})

    def change(self, name, namespace="default", **fields):
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        return self.write("MODIFIED", path, json.loads(self.objects[path]) | fields)

    def delete(self, name, namespace="default"):
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        obj = self.write("DELETED", path, json.loads(self.objects[path]))
        del self.objects[path]
        return obj


@pytest.fixture
def pods():
    return PODS


@pytest.fixture
def virtual():
    """Runs `scenario(server, client, clock)` in virtual time."""

    def run(scenario):
        async def main():
            server, clock = FakeServer(), LoopClock()
            client = Client(LocalTransport(server.handle, User("test")), clock)
            await scenario(server, client, clock)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        run_virtual(main())

    return run
