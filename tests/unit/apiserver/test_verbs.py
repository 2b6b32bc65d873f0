"""Create, get, list, update, patch and delete through the handler, as upstream answers them."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec
import pytest

CM = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
MERGE = {"Content-Type": "application/merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}


def config_map(name: str = "a", **extra: Any) -> dict[str, Any]:
    metadata = {"name": name, **extra.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}, **extra}


def pod(name: str = "p", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **metadata},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }


async def test_a_created_object_carries_what_the_system_owns(call: Any) -> None:
    sent = config_map("a", metadata={"name": "a", "uid": "mine", "selfLink": "/x", "generation": 7})
    answer = await call("POST", CM, sent)
    assert answer.code == 201
    metadata = answer.body["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", metadata["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])
    assert metadata["resourceVersion"].isdigit()
    assert metadata["namespace"] == "default"
    assert "selfLink" not in metadata
    assert "generation" not in metadata
    assert (await call("GET", f"{CM}/a")).raw == answer.raw
    assert answer.headers["Audit-Id"]


async def test_status_is_wiped_and_generation_counts_spec_changes(call: Any) -> None:
    created = await call.ok("POST", PODS, {**pod(), "status": {"phase": "Running"}})
    assert created["metadata"]["generation"] == 1
    assert created["status"]["phase"] == "Pending"
    labelled = await call.ok("PATCH", f"{PODS}/p", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    assert labelled["metadata"]["generation"] == 1
    changed = await call.ok(
        "PATCH", f"{PODS}/p", {"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}, STRATEGIC
    )
    assert changed["metadata"]["generation"] == 2


async def test_generate_name(call: Any) -> None:
    names = {(await call.ok("POST", CM, config_map(metadata={"name": "", "generateName": "x-"})))["metadata"]["name"]}
    for _ in range(5):
        body = await call.ok("POST", CM, config_map(metadata={"name": "", "generateName": "x-"}))
        names.add(body["metadata"]["name"])
    assert len(names) == 6
    assert all(re.fullmatch("x-[bcdfghjklmnpqrstvwxz2456789]{5}", n) for n in names)
    long = await call.ok("POST", CM, config_map(metadata={"name": "", "generateName": "y" * 70}))
    assert len(long["metadata"]["name"]) == 63


REFUSED: list[tuple[str, str, str, Any, int, str, str]] = [
    ("exists", "POST", CM, config_map("there"), 409, "AlreadyExists", 'configmaps "there" already exists'),
    (
        "no namespace",
        "POST",
        "/api/v1/namespaces/no/configmaps",
        config_map(),
        404,
        "NotFound",
        'namespaces "no" not found',
    ),
    (
        "other namespace",
        "POST",
        CM,
        config_map(metadata={"name": "a", "namespace": "kube-system"}),
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    ),
    (
        "version on create",
        "POST",
        CM,
        config_map(metadata={"name": "a", "resourceVersion": "1"}),
        500,
        "",
        "resourceVersion should not be set on objects to be created",
    ),
    (
        "other version",
        "POST",
        CM,
        config_map(apiVersion="v2"),
        400,
        "BadRequest",
        'cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2"',
    ),
    (
        "create everywhere",
        "POST",
        "/api/v1/configmaps",
        config_map(),
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
    ),
    ("get", "GET", f"{CM}/gone", None, 404, "NotFound", 'configmaps "gone" not found'),
    ("unknown resource", "GET", "/api/v1/nothings", None, 404, "NotFound", "the server could not find"),
    ("unknown subresource", "GET", f"{CM}/there/status", None, 404, "NotFound", "the server could not find"),
    (
        "name in URL",
        "PUT",
        f"{CM}/there",
        config_map("other"),
        400,
        "BadRequest",
        "the name of the object (other) does not match the name on the URL (there)",
    ),
    ("update of nothing", "PUT", f"{CM}/gone", config_map("gone"), 404, "NotFound", 'configmaps "gone" not found'),
    (
        "stale update",
        "PUT",
        f"{CM}/there",
        config_map("there", metadata={"name": "there", "resourceVersion": "1"}),
        409,
        "Conflict",
        'Operation cannot be fulfilled on configmaps "there": the object has been modified; please apply your changes '
        "to the latest version and try again",
    ),
    (
        "other uid",
        "PUT",
        f"{CM}/there",
        config_map("there", metadata={"name": "there", "uid": "x"}),
        409,
        "Conflict",
        "Precondition failed: UID in precondition: x, UID in object meta: ",
    ),
    ("dry run value", "POST", f"{CM}?dryRun=Some", config_map(), 422, "Invalid", 'supported values: "All"'),
    (
        "long manager",
        "POST",
        f"{CM}?fieldManager={'m' * 129}",
        config_map(),
        422,
        "Invalid",
        "may not be more than 128",
    ),
    (
        "validation",
        "POST",
        f"{CM}?fieldValidation=x",
        config_map(),
        422,
        "Invalid",
        "fieldValidation: Unsupported value",
    ),
    ("no name", "POST", CM, config_map(""), 422, "Invalid", "metadata.name: Required value: name or generateName is"),
    (
        "bad name",
        "POST",
        CM,
        config_map("A_b"),
        422,
        "Invalid",
        'ConfigMap "A_b" is invalid: metadata.name: Invalid value',
    ),
    ("immortal", "DELETE", "/api/v1/namespaces/default", None, 403, "Forbidden", "this namespace may not be deleted"),
    (
        "both policies",
        "DELETE",
        f"{CM}/there",
        {"propagationPolicy": "Orphan", "orphanDependents": True},
        422,
        "Invalid",
        "orphanDependents and deletionPropagation cannot be both set",
    ),
    (
        "unknown policy",
        "DELETE",
        f"{CM}/there",
        {"propagationPolicy": "Some"},
        422,
        "Invalid",
        'propagationPolicy: Unsupported value: "Some"',
    ),
    (
        "uid precondition",
        "DELETE",
        f"{CM}/there",
        {"preconditions": {"uid": "x"}},
        409,
        "Conflict",
        "the UID in the precondition (x) does not match the UID in record",
    ),
    ("delete of nothing", "DELETE", f"{CM}/gone", None, 404, "NotFound", 'configmaps "gone" not found'),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "reason", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_refusals(call: Any, method: str, path: str, body: Any, code: int, reason: str, message: str) -> None:
    await call.ok("POST", CM, config_map("there"))
    answer = await call(method, path, body)
    status = answer.body
    assert (answer.code, status["kind"], status["status"], status["code"]) == (code, "Status", "Failure", code)
    assert status.get("reason", "") == reason
    assert message in status["message"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"apiVersion":"v1","kind":"ConfigMap","data":[1]}']
)
async def test_malformed_bodies_are_bad_requests(call: Any, body: bytes) -> None:
    answer = await call("POST", CM, body)
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")


async def test_content_types_of_bodies(call: Any) -> None:
    answer = await call("POST", CM, config_map(), {"Content-Type": "application/cbor"})
    assert (answer.code, answer.body["reason"]) == (415, "UnsupportedMediaType")
    answer = await call("PATCH", f"{CM}/a", b"{}", {"Content-Type": "application/apply-patch+cbor"})
    assert answer.code == 415
    assert (answer.body["message"], answer.body["details"]) == ("415: Unsupported Media Type", {})
    answer = await call("POST", CM, config_map("untyped"), {"Content-Type": "application/json; charset=utf-8"})
    assert answer.code == 201


async def test_a_body_over_the_limit(call: Any) -> None:
    answer = await call("POST", CM, b" " * (3 * 1024 * 1024 + 1))
    assert (answer.code, answer.body["reason"]) == (413, "RequestEntityTooLarge")


async def test_an_update_that_changes_nothing_writes_nothing(call: Any) -> None:
    created = await call.ok("POST", CM, config_map())
    before = call.api.backend.store.revision
    assert await call.ok("PUT", f"{CM}/a", created) == created
    assert (await call.ok("PATCH", f"{CM}/a", {"data": {"k": "v"}}, MERGE)) == created
    assert call.api.backend.store.revision == before


async def test_an_update_keeps_what_the_system_owns(call: Any) -> None:
    created = await call.ok("POST", CM, config_map())
    sent = config_map(metadata={"name": "a", "creationTimestamp": "2001-01-01T00:00:00Z"}, data={"k": "new"})
    updated = await call.ok("PUT", f"{CM}/a", sent)
    assert updated["data"] == {"k": "new"}
    for key in ("uid", "creationTimestamp", "namespace"):
        assert updated["metadata"][key] == created["metadata"][key]
    assert int(updated["metadata"]["resourceVersion"]) > int(created["metadata"]["resourceVersion"])


async def test_put_of_an_absent_lease_creates_it(call: Any) -> None:
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {}}
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l"
    created = await call("PUT", path, body)
    assert created.code == 201
    assert (await call("PUT", path, created.body)).code == 200
    refused = await call("PUT", path, body)
    assert refused.code == 422
    assert "metadata.resourceVersion: Invalid value: 0: must be specified for an update" in refused.body["message"]


async def test_patches(call: Any) -> None:
    await call.ok("POST", CM, config_map())
    assert (await call.ok("PATCH", f"{CM}/a", {"data": {"x": "1", "k": None}}, MERGE))["data"] == {"x": "1"}
    ops = [{"op": "replace", "path": "/data/x", "value": "2"}]
    patched = await call.ok("PATCH", f"{CM}/a", ops, JSON_PATCH)
    assert patched["data"] == {"x": "2"}
    failing = [{"op": "test", "path": "/metadata/resourceVersion", "value": "1"}, *ops]
    assert (await call("PATCH", f"{CM}/a", failing, JSON_PATCH)).code == 422
    stale = {"metadata": {"resourceVersion": "1"}, "data": {"x": "3"}}
    assert (await call("PATCH", f"{CM}/a", stale, MERGE)).code == 409
    current = {"metadata": {"resourceVersion": patched["metadata"]["resourceVersion"]}, "data": {"x": "3"}}
    assert (await call.ok("PATCH", f"{CM}/a", current, MERGE))["data"] == {"x": "3"}
    assert (await call("PATCH", f"{CM}/a", b"{", MERGE)).code == 400
    assert (await call("PATCH", f"{CM}/a", ops * 10_001, JSON_PATCH)).code == 413
    assert (await call("PATCH", f"{CM}/a", {"data": [1]}, MERGE)).code == 422
    assert (await call("PATCH", f"{CM}/a", {"kind": "Secret"}, MERGE)).code in (400, 422)
    strict = await call("PATCH", f"{CM}/a?fieldValidation=Strict", {"foo": 1}, MERGE)
    assert (strict.code, strict.body["details"]["causes"][0]["field"]) == (422, "patch")
    assert strict.body["message"].endswith('strict decoding error: unknown field "foo"')
    assert (await call("PATCH", f"{CM}/gone", b"{}", MERGE)).code == 404


async def test_concurrent_patches_lose_nothing(call: Any) -> None:
    await call.ok("POST", CM, config_map())
    await asyncio.gather(*(call.ok("PATCH", f"{CM}/a", {"data": {f"n{i}": "x"}}, MERGE) for i in range(50)))
    assert len((await call.ok("GET", f"{CM}/a"))["data"]) == 51


async def test_concurrent_updates_of_one_version_have_one_winner(call: Any) -> None:
    created = await call.ok("POST", CM, config_map())
    bodies = [{**created, "data": {"who": str(i)}} for i in range(20)]
    codes = [a.code for a in await asyncio.gather(*(call("PUT", f"{CM}/a", b) for b in bodies))]
    assert sorted(codes) == [200] + [409] * 19


async def test_the_status_subresource(call: Any) -> None:
    await call.ok("POST", PODS, pod())
    sent = {**pod(labels={"a": "b"}), "status": {"phase": "Running"}}
    sent["spec"]["nodeName"] = "ignored"
    body = await call.ok("PUT", f"{PODS}/p/status", sent)
    assert body["status"]["phase"] == "Running"
    assert "nodeName" not in body["spec"]
    assert body["metadata"]["generation"] == 1
    kept = await call.ok("PATCH", f"{PODS}/p", {"status": {"phase": "Failed"}}, MERGE)
    assert kept["status"]["phase"] == "Running"
    body = await call.ok("PATCH", f"{PODS}/p/status", {"status": {"message": "m"}}, MERGE)
    assert (body["status"]["phase"], body["status"]["message"]) == ("Running", "m")
    assert (await call.ok("GET", f"{PODS}/p/status"))["status"]["message"] == "m"


async def test_dry_run_stores_nothing(call: Any) -> None:
    before = call.api.backend.store.revision
    created = await call("POST", f"{CM}?dryRun=All", config_map())
    assert created.code == 201
    assert created.body["metadata"]["uid"]
    assert "resourceVersion" not in created.body["metadata"]
    assert (await call("GET", f"{CM}/a")).code == 404
    assert call.api.backend.store.revision == before
    stored = await call.ok("POST", CM, config_map())
    assert (await call("POST", f"{CM}?dryRun=All", config_map())).code == 409
    updated = await call.ok("PUT", f"{CM}/a?dryRun=All", {**stored, "data": {"k": "dry"}})
    assert updated["data"] == {"k": "dry"}
    assert updated["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"]
    assert (await call("DELETE", f"{CM}/a?dryRun=All")).code == 200
    assert await call.ok("GET", f"{CM}/a") == stored


async def test_native_calls_take_handles(call: Any) -> None:
    created = await call.native("POST", CM, config_map())
    got = await call.native("GET", f"{CM}/a")
    assert got.payload.to_bytes() == created.payload.to_bytes()
    listed = await call.native("GET", f"{CM}?limit=1")
    assert [o.name for o in listed.payload.objects] == ["a"]
    missing = await call.native("GET", f"{CM}/gone")
    assert missing.status == 404
    assert missing.payload["reason"] == "NotFound"


async def test_a_key_order_every_reader_expects(call: Any) -> None:
    raw = (await call("POST", CM, b'{"data":{"a":"b"},"metadata":{"name":"z"},"kind":"ConfigMap"}')).raw
    assert list(msgspec.json.decode(raw)) == ["apiVersion", "kind", "metadata", "data"]
