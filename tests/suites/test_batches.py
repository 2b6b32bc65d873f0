"""Batches do what single requests do: the same cases over a transport with batches and over one without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from api_server import running

from kfast._core import Object
from kfast.api.core import config_map, event, pod, service
from kfast.apiserver.app import APIServer
from kfast.apiserver.authz.authorizer import ComponentAuthorizer, Decision
from kfast.apiserver.request_info import RequestInfo
from kfast.client import Client, LocalTransport
from kfast.errors import StatusError
from kfast.meta.exchange import Binding, Outcomes, User
from kfast.store.embedded import EmbeddedStore

ADMIN = User("admin", groups=("system:masters", "system:authenticated"))
NOBODY = User("nobody", groups=("system:authenticated",))


class Picky(ComponentAuthorizer):
    """Lets `picky` bind the pod `a` only."""

    async def authorize(self, user: User, info: RequestInfo) -> Decision:
        """Whether it may."""
        if user.name == "picky":
            return Decision(info.subresource == "binding" and info.name == "a")
        return await super().authorize(user, info)


@pytest.fixture(params=["memory", "sqlite"])
async def api(request: pytest.FixtureRequest, tmp_path: Any) -> AsyncIterator[APIServer]:
    store = EmbeddedStore(None if request.param == "memory" else str(tmp_path / "store.db"))
    async with running(store, authorizer=Picky()) as server:
        yield server


@pytest.fixture(params=["batch", "single"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(api: APIServer, form: str) -> Client:
    return client_of(api, form)


def client_of(api: APIServer, form: str, user: User = ADMIN) -> Client:
    return Client(LocalTransport(api.handle, user, api.handle_many if form == "batch" else None))


def new(name: str, namespace: str = "default", **spec: Any) -> dict[str, Any]:
    metadata = {"generateName": name} if name.endswith("-") else {"name": name}
    spec = {"containers": [{"name": "c", "image": "i"}]} | spec
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata | {"namespace": namespace}, "spec": spec}


def told(outcomes: Outcomes) -> list[Any]:
    """Outcomes as values: names, and code, reason and text of failures."""
    return [(o.code, o.reason, o.message, o.details) if isinstance(o, StatusError) else o and o.name for o in outcomes]


def bare(obj: Object) -> dict[str, Any]:
    """The object without what differs from create to create."""
    body = obj.to_dict()
    for key in ("uid", "creationTimestamp", "resourceVersion", "name"):
        body["metadata"].pop(key)
    for condition in body["status"].get("conditions", ()):
        condition.pop("lastTransitionTime")
    return body


async def test_objects_are_created_as_by_single_requests(api: APIServer, client: Client) -> None:
    expected = bare(await client.create(pod.KIND, new("one", hostNetwork=True)))
    made = await client.create_many(pod.KIND, [new(f"p{i}", hostNetwork=True) for i in range(5)])
    assert told(made) == ["p0", "p1", "p2", "p3", "p4"]
    for obj in made:
        assert isinstance(obj, Object)
        assert bare(obj) == expected
        stored = api.backend.store.get("pods", "default", obj.name)
        assert stored is not None
        assert stored.to_bytes() == obj.to_bytes()
    assert len({obj.uid for obj in made if isinstance(obj, Object)}) == 5


async def test_failures_stand_in_their_places(client: Client) -> None:
    await client.create(pod.KIND, new("taken"))
    made = await client.create_many(
        pod.KIND,
        [
            new("good"),
            new("taken"),
            new("Bad_Name"),
            new("good"),
            new("lost", "nowhere"),
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": "default"}},
            new("placeless", ""),
            new("more-"),
        ],
    )
    codes = [(o.code, o.reason) if isinstance(o, StatusError) else "" for o in made]
    assert codes == [
        "",
        (409, "AlreadyExists"),
        (422, "Invalid"),
        (409, "AlreadyExists"),
        (404, "NotFound"),
        (400, "BadRequest"),
        (405, "MethodNotAllowed"),
        "",
    ]
    last = made[-1]
    assert isinstance(last, Object)
    assert last.name.startswith("more-")


async def test_every_outcome_is_the_single_requests(api: APIServer) -> None:
    bodies = [new("a"), new("a"), new("B"), new("c", "nowhere"), new("d", ""), new("e", nodeName="n")]
    bodies.append(new("f") | {"kind": "Job"})
    told_by: dict[str, list[Any]] = {}
    for form in ("single", "batch"):
        client = client_of(api, form)
        told_by[form] = told(await client.create_many(pod.KIND, bodies))
        told_by[form] += told(await client.bind_many(await bindings(client)))
        await client.patch(pod.KIND, "held", {"metadata": {"finalizers": None}}, "default")
        await client.delete_collection(pod.KIND, "default", grace_seconds=0)
    assert told_by["single"] == told_by["batch"]


async def bindings(client: Client) -> list[Binding]:
    """One that fits, and of everything that does not."""
    gated = new("gated", schedulingGates=[{"name": "g"}])
    held = new("held")
    held["metadata"]["finalizers"] = ["x.y/z"]
    await client.create_many(pod.KIND, [new("free"), gated, held, new("twice")])
    await client.delete(pod.KIND, "held", "default", grace_seconds=0)
    free = await client.get(pod.KIND, "free", "default")
    cases = [("free", free.uid, "n1"), ("gated", "", "n1"), ("held", "", "n1"), ("absent", "", "n1")]
    cases += [("twice", "", "n1"), ("twice", "", "n2"), ("free", "", ""), ("free", "", "n3")]
    made = [Binding("default", name, uid, node) for name, uid, node in cases]
    return [*made, Binding("nowhere", "free", "", "n1"), Binding("", "free", "", "n1")]


async def test_bound_pods_are_those_of_single_requests(api: APIServer, form: str) -> None:
    client = client_of(api, form)
    plain, conditioned = new("plain"), new("conditioned")
    await client.create_many(pod.KIND, [plain, conditioned])
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no"}
    status = {"status": {"conditions": [condition]}}
    await client.patch(pod.KIND, "conditioned", status, "default", type="strategic", subresource="status")
    assert await client.bind_many([Binding("default", n, "", "n1") for n in ("plain", "conditioned")]) == [None, None]
    for name in ("plain", "conditioned"):
        bound = (await client.get(pod.KIND, name, "default")).to_dict()
        assert bound["spec"]["nodeName"] == "n1"
        (condition,) = bound["status"]["conditions"]
        assert condition.pop("lastTransitionTime")
        assert condition == {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
        assert list(bound["spec"])[-1] == "nodeName"


async def test_a_binding_leaves_managed_fields_alone(client: Client) -> None:
    applied = new("applied")
    del applied["metadata"]["namespace"]
    await client.patch(pod.KIND, "applied", applied, "default", type="apply", field_manager="me")
    stated = new("stated")
    owned = {"f:metadata": {"f:labels": {"f:a": {}}}}
    entry = {"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": owned}
    stated["metadata"] |= {"labels": {"a": "b"}, "managedFields": [entry]}
    await client.create_many(pod.KIND, [stated])
    before = [await client.get(pod.KIND, name, "default") for name in ("applied", "stated")]
    assert await client.bind_many([Binding("default", name, "", "n1") for name in ("applied", "stated")]) == [None] * 2
    for old in before:
        bound = await client.get(pod.KIND, old.name, "default")
        assert bound.get("spec", "nodeName") == "n1"
        assert bound.get("metadata", "managedFields") == old.get("metadata", "managedFields")
        assert old.get("metadata", "managedFields")


async def test_a_uid_is_a_precondition(client: Client) -> None:
    await client.create(pod.KIND, new("p"))
    (refused,) = await client.bind_many([Binding("default", "p", "not-its-uid", "n1")])
    assert isinstance(refused, StatusError)
    assert refused.conflict
    assert "Precondition failed: UID in precondition: not-its-uid" in refused.message


async def test_who_may_not_is_told_so(api: APIServer, form: str) -> None:
    admin, nobody = client_of(api, form), client_of(api, form, NOBODY)
    await admin.create_many(pod.KIND, [new("a"), new("b")])
    refused = await nobody.create_many(pod.KIND, [new("c")]) + await nobody.bind_many(
        [Binding("default", "a", "", "n")]
    )
    assert [o.code for o in refused if isinstance(o, StatusError)] == [403, 403]
    picky = client_of(api, form, User("picky"))
    first, second = await picky.bind_many([Binding("default", name, "", "n") for name in ("a", "b")])
    assert first is None
    assert isinstance(second, StatusError)
    assert second.code == 403


async def test_kinds_of_every_way_are_created(client: Client) -> None:
    metadata = {"generateName": "s-", "namespace": "default"}
    services = [{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}}] * 2
    made = await client.create_many(service.KIND, services)
    ips = {o.get("spec", "clusterIP") for o in made if isinstance(o, Object)}
    assert len(ips) == 2
    regarding = {"apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": "default"}
    said = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "namespace": "default"},
        "involvedObject": regarding,
        "reason": "R",
        "message": "m",
        "type": "Normal",
    }
    assert await client.create_many(event.KIND, [said], objects=False) == [None]
    assert (await client.get(event.KIND, "e", "default")).get("message") == "m"
    maps = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{i}"}} for i in range(2500)]
    assert told(await client.create_many(config_map.KIND, maps, "default")) == [f"c{i}" for i in range(2500)]


async def test_batches_are_counted_as_requests(api: APIServer) -> None:
    client = client_of(api, "batch")
    await client.create_many(pod.KIND, [new("a"), new("b"), new("a")])
    await client.bind_many([Binding("default", name, "", "n") for name in ("a", "b")])
    text = bytes(api.metrics.respond().payload or b"").decode()  # type: ignore[arg-type]
    lines = [line for line in text.splitlines() if line.startswith("apiserver_request_total{") and '"pods"' in line]
    counts = {line.rpartition("}")[0].split("{")[1]: float(line.rpartition(" ")[2]) for line in lines}
    assert sum(v for k, v in counts.items() if 'code="201"' in k) == 4.0
    assert sum(v for k, v in counts.items() if 'code="409"' in k) == 1.0
