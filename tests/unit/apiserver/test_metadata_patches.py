"""A patch of metadata alone does not read the rest of a pod where nothing asks for it; its answers are the same."""

from __future__ import annotations

import json
import re

import pytest

from kfast.api.catalog import default_catalog
from kfast.apiserver.admission.chain import Plugin, Rules
from kfast.apiserver.app import APIServer
from kfast.config import LEAN_ON_CONTROLLERS
from kfast.meta.exchange import Request, User
from kfast.store.embedded import EmbeddedStore

ADMIN = User("admin", groups=("system:masters", "system:authenticated"))
PODS = "/api/v1/namespaces/default/pods"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "labels": {"a": "1"}, "annotations": {"note": "x"}, "finalizers": ["example.com/f"]},
    "spec": {"containers": [{"name": "c", "image": "i", "env": [{"name": "E", "value": "metadata"}]}]},
}
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}

PATCHES = [
    {"labels": {"a": "2", "b": "3"}},
    {"labels": {"a": None}},
    {"labels": None},
    {"labels": {"a": "not valid!"}},
    {"labels": {"a": 1}},
    {"labels": {"a": "1"}},
    {"annotations": {"note": None, "other": "y"}},
    {"annotations": {"kubernetes.io/config.mirror": "m"}},
    {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "many"}},
    {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "5"}},
    {"finalizers": ["no-domain"]},
    {"finalizers": None},
    {"ownerReferences": [OWNER, OWNER]},
    {"ownerReferences": [{"kind": "ConfigMap"}]},
    {"uid": "another"},
    {"resourceVersion": "1"},
    {"resourceVersion": "no number"},
    {"name": "q"},
    {"namespace": "q"},
    {"generation": 7, "creationTimestamp": None, "deletionTimestamp": "2026-01-01T00:00:00Z"},
    {"generateName": "g-"},
    {"unknown": 1},
    {"managedFields": []},
    {},
    {"labels": {}, "annotations": {}},
]


class Reads(Plugin):
    """Has to see all of a pod."""

    name = "Reads"
    rules = Rules(update=("pods",))

    def __init__(self) -> None:
        self.seen = 0

    async def validate(self, attributes) -> None:
        self.seen += isinstance(attributes.object["spec"], dict)


def normal(payload) -> str:
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return re.sub(r'"\d{4}-\d\d-\d\dT[^"]*"', '"time"', text.decode())


async def send(server, method: str, path: str, body, content_type: str = "application/json"):
    headers = {"content-type": content_type, "user-agent": "test"}
    query = {"fieldValidation": ["Strict"]} if "strict" in content_type else {}
    headers["content-type"] = content_type.removesuffix(";strict")
    answer = await server.handle(Request(method, path, query, headers, json.dumps(body).encode(), user=ADMIN))
    return answer.status, normal(answer.payload), answer.warnings


@pytest.fixture
async def servers(clock):
    made = []
    for _ in range(2):
        store = EmbeddedStore()
        without = LEAN_ON_CONTROLLERS
        server = APIServer(store, default_catalog(), clock, seed=1, disable_admission_plugins=without)
        await server.start()
        assert (await send(server, "POST", PODS, POD))[0] == 201
        made.append((server, store))
    yield [server for server, _ in made]
    for server, store in made:
        await server.stop()
        await store.close()


@pytest.mark.parametrize("kind", ["merge-patch+json", "strategic-merge-patch+json", "merge-patch+json;strict"])
async def test_both_ways_answer_the_same(servers, kind):
    reads = Reads()
    servers[1].backend.admission.add(reads)
    for metadata in PATCHES:
        patch = {"metadata": metadata}
        first, second = [await send(server, "PATCH", f"{PODS}/p", patch, f"application/{kind}") for server in servers]
        assert first == second, patch
        stored = [server.backend.store.get("pods", "default", "p") for server in servers]
        assert normal(stored[0].to_bytes()) == normal(stored[1].to_bytes())
    assert reads.seen


async def test_a_pod_that_is_being_deleted_goes_with_its_last_finalizer(servers):
    for server in servers:
        assert (await send(server, "DELETE", f"{PODS}/p", {"gracePeriodSeconds": 0}))[0] == 200
        patch = {"metadata": {"finalizers": None}}
        assert (await send(server, "PATCH", f"{PODS}/p", patch, "application/merge-patch+json"))[0] == 200
        assert server.backend.store.get("pods", "default", "p") is None
