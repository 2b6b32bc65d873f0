"""Versions converted by a webhook: what is asked, what is stored and shown, and answers that are refused."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from webhook_server import WebhookServer

PATH = "/apis/example.com/{}/namespaces/default/hosts"
MERGE = {"Content-Type": "application/merge-patch+json"}
Answer = Callable[[dict[str, Any]], Any]


def convert(obj: dict[str, Any], wanted: str) -> dict[str, Any]:
    """v1 has `host` and `port`, v2 one `address`."""
    spec = obj.get("spec") or {}
    if wanted.endswith("v2"):
        return obj | {"apiVersion": wanted, "spec": {"address": f"{spec['host']}:{spec['port']}", "unknown": 1}}
    host, _, port = spec["address"].partition(":")
    return obj | {"apiVersion": wanted, "spec": {"host": host, "port": port}}


class Hook:
    """A conversion webhook; `spoil` changes what it answers."""

    def __init__(self) -> None:
        self.reviews: list[dict[str, Any]] = []
        self.spoil: Answer = lambda review: review

    def __call__(self, _path: str, review: dict[str, Any]) -> Any:
        self.reviews.append(review)
        request = review["request"]
        converted = [convert(obj, request["desiredAPIVersion"]) for obj in request["objects"]]
        response = {"uid": request["uid"], "convertedObjects": converted, "result": {"status": "Success"}}
        return self.spoil({"apiVersion": review["apiVersion"], "kind": "ConversionReview", "response": response})


def schema(*fields: str) -> dict[str, Any]:
    properties = {field: {"type": "string"} for field in fields}
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.fixture
def server(hook: Hook) -> Iterator[WebhookServer]:
    with WebhookServer(hook, ("127.0.0.1",)) as running:
        yield running


@pytest.fixture
async def hosts(lab: Any, server: WebhookServer) -> None:
    old = lab.version("v1", schema=schema("host", "port"))
    new = lab.version("v2", schema=schema("address"), storage=False)
    crd = lab.definition("hosts", "Host", old, new)
    client = {"url": f"https://127.0.0.1:{server.port}/convert", "caBundle": base64.b64encode(server.ca).decode()}
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": client}
    crd["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    await lab.establish(crd)


def v1(name: str = "a") -> dict[str, Any]:
    spec = {"host": "h", "port": "80"}
    return {"apiVersion": "example.com/v1", "kind": "Host", "metadata": {"name": name}, "spec": spec}


def v2(name: str = "a") -> dict[str, Any]:
    spec = {"address": "h:80"}
    return {"apiVersion": "example.com/v2", "kind": "Host", "metadata": {"name": name}, "spec": spec}


@pytest.mark.usefixtures("hosts")
async def test_each_version_is_served(call: Any, hook: Hook) -> None:
    first, second = PATH.format("v1"), PATH.format("v2")
    stored = await call.ok("POST", first, v1())
    assert hook.reviews == [], "the storage version is not converted"
    read = await call.ok("GET", f"{second}/a")
    assert (read["apiVersion"], read["spec"]) == ("example.com/v2", {"address": "h:80"})
    assert read["metadata"] == stored["metadata"]
    request = hook.reviews[0]["request"]
    assert (request["desiredAPIVersion"], request["objects"][0]["spec"]) == ("example.com/v2", stored["spec"])
    created = await call.ok("POST", second, v2("b"))
    assert created["spec"] == {"address": "h:80"}
    assert (await call.ok("GET", f"{first}/b"))["spec"] == {"host": "h", "port": "80"}
    listed = await call.ok("GET", second)
    assert [item["spec"] for item in listed["items"]] == [{"address": "h:80"}] * 2
    assert len(hook.reviews[-1]["request"]["objects"]) == 2, "a list is one call"


@pytest.mark.usefixtures("hosts")
async def test_updates_patches_and_deletes_in_another_version(call: Any) -> None:
    path = PATH.format("v2")
    await call.ok("POST", PATH.format("v1"), v1())
    patched = await call.ok("PATCH", f"{path}/a", {"spec": {"address": "other:81"}}, MERGE)
    assert (patched["spec"], patched["metadata"]["generation"]) == ({"address": "other:81"}, 2)
    assert (await call.ok("GET", f"{PATH.format('v1')}/a"))["spec"] == {"host": "other", "port": "81"}
    replaced = await call.ok("PUT", f"{path}/a", patched | {"spec": {"address": "third:82"}})
    assert replaced["spec"] == {"address": "third:82"}
    apply = {"Content-Type": "application/apply-patch+yaml"}
    applied = await call.ok("PATCH", f"{path}/c?fieldManager=m", v2("c"), apply)
    assert applied["spec"] == {"address": "h:80"}
    await call.ok("DELETE", f"{path}/a")
    assert [i["metadata"]["name"] for i in (await call.ok("GET", path))["items"]] == ["c"]


@pytest.mark.usefixtures("hosts")
async def test_owners_are_found_by_what_the_webhook_makes_of_an_object(call: Any) -> None:
    await call.ok("POST", f"{PATH.format('v1')}?fieldManager=one", v1())
    patch = {"spec": {"address": "h:81"}}
    changed = await call.ok("PATCH", f"{PATH.format('v2')}/a?fieldManager=two", patch, MERGE)
    owned = {e["manager"]: (e["apiVersion"], e["fieldsV1"]["f:spec"]) for e in changed["metadata"]["managedFields"]}
    assert owned == {
        "one": ("example.com/v1", {".": {}, "f:host": {}}),
        "two": ("example.com/v2", {"f:address": {}}),
    }


@pytest.mark.usefixtures("hosts")
async def test_a_watch_shows_the_version_it_asks_for(call: Any) -> None:
    await call.ok("POST", PATH.format("v1"), v1())
    sink = await call.watch(f"{PATH.format('v2')}?watch=true&resourceVersion=0")
    await call.ok("POST", PATH.format("v1"), v1("b"))
    await call.ok("DELETE", f"{PATH.format('v1')}/b")
    async with asyncio.timeout(20):
        while len(sink.events) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    seen = [(e["type"], e["object"]["apiVersion"], e["object"]["spec"]) for e in sink.events]
    spec = {"address": "h:80"}
    assert seen == [(kind, "example.com/v2", spec) for kind in ("ADDED", "ADDED", "DELETED")]


def cannot_convert(name: str) -> Callable[[dict[str, Any]], Any]:
    """Spoils answers with an object of the name."""

    def spoil(review: dict[str, Any]) -> Any:
        names = [obj["metadata"]["name"] for obj in review["response"]["convertedObjects"]]
        if name in names:
            review["response"]["result"] = {"status": "Failure", "message": "not now"}
        return review

    return spoil


@pytest.mark.usefixtures("hosts")
async def test_a_watch_waits_for_a_conversion_that_fails(call: Any, hook: Hook, monkeypatch: Any) -> None:
    monkeypatch.setattr("kfast.apiserver.converted_watch.FIRST_DELAY", 0.01)
    sink = await call.watch(f"{PATH.format('v2')}?watch=true")
    native = (await call.native("GET", f"{PATH.format('v2')}?watch=true")).payload
    hook.spoil = cannot_convert("b")
    for name in "abc":
        await call.ok("POST", PATH.format("v1"), v1(name))
    async with asyncio.timeout(20):
        while not any(len(r["request"]["objects"]) == 1 for r in hook.reviews[4:]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in sink.events] == [("ADDED", "a")]
    assert sink.closed == 0
    late = await call("GET", f"{PATH.format('v2')}?watch=true&resourceVersion=0")
    why = "conversion webhook for example.com/v1, Kind=Host failed: not now"
    listing = "storage is (re)initializing: failed to list example.com/v2, Kind=Host"
    assert (late.code, late.body["message"]) == (429, f"{listing}: {why}")
    assert late.headers["Retry-After"] == "1"
    hook.spoil = lambda review: review
    seen: list[str] = []
    async with asyncio.timeout(20):
        while len(sink.events) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async for events in native:
            seen += [obj.name for _, obj in events]
            if len(seen) == 3:
                break
    assert seen == [e["object"]["metadata"]["name"] for e in sink.events] == ["a", "b", "c"]


def response(change: Callable[[dict[str, Any]], Any]) -> Answer:
    def spoil(review: dict[str, Any]) -> Any:
        change(review["response"])
        return review

    return spoil


def converted(**fields: Any) -> Answer:
    return response(lambda r: r["convertedObjects"][0].update(fields))


def metadata(**fields: Any) -> Answer:
    return response(lambda r: r["convertedObjects"][0].update(metadata=r["convertedObjects"][0]["metadata"] | fields))


HERE = "conversion webhook for example.com/v1, Kind=Host"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: r | {"kind": "Other"}, " failed: expected webhook response of apiextensions.k8s.io/v1, Kind="),
        (lambda r: r | {"response": None}, " failed: no response provided"),
        (response(lambda r: r.update(uid="x")), ' failed: expected response.uid="'),
        (response(lambda r: r.update(result={"status": "Failure", "message": "no"})), " failed: no"),
        (response(lambda r: r.update(result={})), " failed: response.result.status was '', not 'Success'"),
        (response(lambda r: r.update(convertedObjects=[])), " returned 0 objects, expected 1"),
        (
            converted(apiVersion="example.com/v1"),
            "invalid groupVersion (expected example.com/v2, received example.com/v1)",
        ),
        (converted(kind="Foe"), "invalid kind (expected Host, received Foe)"),
        (converted(kind=""), "Object 'Kind' is missing"),
        (metadata(name="b"), " returned invalid object: must have the same name: a != b"),
        (metadata(namespace="x"), " returned invalid object: must have the same namespace: default != x"),
        (metadata(labels={"a": 1}), "metadata.labels[a] must be a string, but is int64 in converted object"),
        (metadata(labels={"_": "-"}), "metadata.labels: Invalid value"),
        (metadata(annotations=[]), "invalid metadata.annotations of type []interface {} in converted object"),
    ],
)
@pytest.mark.usefixtures("hosts")
async def test_answers_that_are_refused(call: Any, hook: Hook, spoil: Answer, message: str) -> None:
    await call.ok("POST", PATH.format("v1"), v1())
    hook.spoil = spoil
    answer = await call("GET", f"{PATH.format('v2')}/a")
    assert answer.code == 500
    assert answer.body["message"].startswith(HERE)
    assert message in answer.body["message"]


@pytest.mark.usefixtures("hosts")
async def test_a_webhook_may_change_labels_and_annotations_alone(call: Any, hook: Hook) -> None:
    stored = await call.ok("POST", PATH.format("v1"), v1())
    hook.spoil = metadata(labels={"a": "b"}, annotations={"c": "d"}, finalizers=["e/f"], generation=7)
    read = (await call.ok("GET", f"{PATH.format('v2')}/a"))["metadata"]
    assert (read.pop("labels"), read.pop("annotations")) == ({"a": "b"}, {"c": "d"})
    assert read == stored["metadata"]


async def test_a_webhook_that_is_not_there(call: Any, lab: Any) -> None:
    crd = lab.definition("hosts", "Host", lab.version("v1"), lab.version("v2", storage=False))
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:9/x"}}
    crd["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    await lab.establish(crd)
    await call.ok("POST", PATH.format("v1"), v1() | {"spec": {}})
    answer = await call("GET", PATH.format("v2"))
    assert (answer.code, answer.body["message"]) == (
        500,
        f'{HERE} failed: Post "https://127.0.0.1:9/x?timeout=30s": dial tcp 127.0.0.1:9: connect: connection refused',
    )
