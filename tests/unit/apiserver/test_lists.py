"""LIST and content negotiation: pages, revisions, selectors, Tables and metadata-only forms."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
import yaml

CM = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
PROTOBUF = "application/vnd.kubernetes.protobuf"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


@pytest.fixture
async def five(call: Any) -> list[dict[str, Any]]:
    return [
        await call.ok(
            "POST", CM, {"metadata": {"name": f"n{i}", "labels": {"parity": "even" if i % 2 == 0 else "odd"}}}
        )
        for i in range(5)
    ]


def names(body: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


async def test_a_list_is_true_at_its_revision(call: Any, five: Any) -> None:
    body = await call.ok("GET", CM)
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert body["metadata"] == {"resourceVersion": five[-1]["metadata"]["resourceVersion"]}
    assert names(body) == [f"n{i}" for i in range(5)]
    assert "kind" not in body["items"][0]
    assert {**five[0]} == {"apiVersion": "v1", "kind": "ConfigMap", **body["items"][0]}


async def test_a_list_of_all_namespaces_is_ordered_by_namespace(call: Any, five: Any) -> None:
    await call.ok("POST", "/api/v1/namespaces/kube-system/configmaps", {"metadata": {"name": "a"}})
    assert names(await call.ok("GET", "/api/v1/configmaps")) == [*(f"n{i}" for i in range(5)), "a"]
    assert names(await call.ok("GET", "/api/v1/namespaces/none/configmaps")) == []


async def test_pages_show_one_revision(call: Any, five: Any) -> None:
    first = await call.ok("GET", f"{CM}?limit=2")
    assert names(first) == ["n0", "n1"]
    assert first["metadata"]["remainingItemCount"] == 3
    await call.ok("DELETE", f"{CM}/n3")
    await call.ok("POST", CM, {"metadata": {"name": "n9"}})
    second = await call.ok("GET", f"{CM}?limit=2&continue={first['metadata']['continue']}")
    last = await call.ok("GET", f"{CM}?limit=2&continue={second['metadata']['continue']}")
    assert names(second) + names(last) == ["n2", "n3", "n4"]
    assert last["metadata"] == {"resourceVersion": first["metadata"]["resourceVersion"]}
    token = first["metadata"]["continue"]
    decoded = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert decoded["v"] == "meta.k8s.io/v1"
    assert decoded["start"].endswith("\0")


async def test_an_expired_token_comes_with_a_fresh_one(call: Any, five: Any) -> None:
    first = await call.ok("GET", f"{CM}?limit=2")
    await call.ok("DELETE", f"{CM}/n3")
    call.api.backend.store.compact(call.api.backend.store.revision)
    answer = await call("GET", f"{CM}?limit=2&continue={first['metadata']['continue']}")
    assert (answer.code, answer.body["reason"]) == (410, "Expired")
    rest = await call.ok("GET", f"{CM}?continue={answer.body['metadata']['continue']}")
    assert names(rest) == ["n2", "n4"]
    old = await call("GET", f"{CM}?resourceVersionMatch=Exact&resourceVersion={five[0]['metadata']['resourceVersion']}")
    assert (old.code, old.body["message"]) == (410, "The resourceVersion for the provided list is too old.")


async def test_selectors(call: Any, five: Any) -> None:
    assert names(await call.ok("GET", f"{CM}?labelSelector=parity%3Deven")) == ["n0", "n2", "n4"]
    assert names(await call.ok("GET", f"{CM}?labelSelector=parity+notin+(even)")) == ["n1", "n3"]
    assert names(await call.ok("GET", f"{CM}?fieldSelector=metadata.name%3Dn3")) == ["n3"]
    page = await call.ok("GET", f"{CM}?labelSelector=parity%3Deven&limit=2")
    assert names(page) == ["n0", "n2"]
    assert "remainingItemCount" not in page["metadata"]


async def test_lists_at_a_revision(call: Any, five: Any) -> None:
    third = five[2]["metadata"]["resourceVersion"]
    exact = await call.ok("GET", f"{CM}?resourceVersion={third}&resourceVersionMatch=Exact")
    assert (names(exact), exact["metadata"]["resourceVersion"]) == (["n0", "n1", "n2"], third)
    assert len((await call.ok("GET", f"{CM}?resourceVersion={third}&limit=9"))["items"]) == 3
    for query in (
        "resourceVersion=0&limit=1",
        f"resourceVersion={third}",
        f"resourceVersion={third}&resourceVersionMatch=NotOlderThan",
    ):
        assert len((await call.ok("GET", f"{CM}?{query}"))["items"]) == 5, query


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("resourceVersionMatch=Exact", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ("resourceVersionMatch=Exact&resourceVersion=0", 422, 'resourceVersionMatch "exact" is forbidden for'),
        ("resourceVersionMatch=Some&resourceVersion=1", 422, 'Unsupported value: "Some"'),
        ("resourceVersionMatch=Exact&resourceVersion=1&continue=x", 422, "forbidden when continue is provided"),
        ("sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list"),
        ("resourceVersion=x", 400, "Invalid value"),
        ("resourceVersion=-1", 400, "Invalid value"),
        ("continue=x&resourceVersion=7", 400, "specifying resource version is not allowed when using continue"),
        ("continue=%21", 400, "continue key is not valid"),
        ("continue=e30", 400, "continue key is not valid"),
        ("limit=x", 400, "invalid syntax"),
        ("labelSelector=a%3D%3D%3D", 400, ""),
        ("fieldSelector=data.k%3Dv", 400, "is not a known field selector"),
        ("watch=true&resourceVersionMatch=Exact", 422, "forbidden for watch unless sendInitialEvents is provided"),
        ("watch=true&sendInitialEvents=true", 422, "requires setting resourceVersionMatch to NotOlderThan"),
    ],
)
async def test_refused_options(call: Any, query: str, code: int, message: str) -> None:
    answer = await call("GET", f"{CM}?{query}")
    assert answer.code == code, answer.body
    assert message in answer.body["message"]


async def test_pods_name_their_unknown_fields_differently(call: Any) -> None:
    answer = await call("GET", f"{PODS}?fieldSelector=spec.x%3Dy")
    assert (answer.code, answer.body["message"]) == (400, "field label not supported: spec.x")


async def test_replica_sets_have_no_fields_to_select_by(call: Any) -> None:
    answer = await call("GET", "/apis/apps/v1/replicasets?fieldSelector=status.replicas%3D0")
    known = 'only "metadata.name", "metadata.namespace"'
    assert (answer.code, answer.body["message"]) == (400, f'"status.replicas" is not a known field selector: {known}')


async def test_a_revision_still_to_come(call: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("kfast.apiserver.resource_version.WAIT_SECONDS", 0.01)
    now = call.api.backend.store.revision
    for path in (f"{CM}?resourceVersion={now + 9}", f"{CM}/a?resourceVersion={now + 9}"):
        answer = await call("GET", path)
        assert answer.code == 504
        assert answer.body["message"] == f"Timeout: Too large resource version: {now + 9}, current: {now}"
        assert answer.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
        assert answer.headers["Retry-After"] == "1"


async def test_tables(call: Any, five: Any) -> None:
    body = await call.ok("GET", f"{CM}?limit=2", headers=TABLE)
    assert (body["kind"], body["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert [c["name"] for c in body["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert body["metadata"]["remainingItemCount"] == 3
    row = body["rows"][0]
    assert row["cells"][0] == "n0"
    assert row["cells"][-1].endswith("s")
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert row["object"]["metadata"] == five[0]["metadata"]
    one = await call.ok("GET", f"{CM}/n1?includeObject=Object", headers=TABLE)
    assert one["rows"][0]["object"] == five[1]
    none = await call.ok("GET", f"{CM}?includeObject=None", headers=TABLE)
    assert all("object" not in r for r in none["rows"])


async def test_metadata_only(call: Any, five: Any) -> None:
    accept = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
    body = await call.ok("GET", CM, headers=accept)
    assert (body["kind"], body["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert body["items"][0] == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": five[0]["metadata"],
    }
    one = await call.ok(
        "GET", f"{CM}/n0", headers={"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
    )
    assert one == body["items"][0]


async def test_metadata_only_in_protobuf(call: Any, api: Any, five: Any) -> None:
    def accept(transform: str) -> dict[str, str]:
        return {"Accept": f"{PROTOBUF};as={transform};g=meta.k8s.io;v=v1"}

    def read(kind: str, raw: bytes) -> Any:
        return api.backend.schema.decode(f"meta.k8s.io/v1/{kind}", raw, PROTOBUF, "Ignore")[0]

    one = await call("GET", f"{CM}/n0", headers=accept("PartialObjectMetadata"))
    assert one.content_type == PROTOBUF
    expected = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": five[0]["metadata"]}
    assert read("PartialObjectMetadata", one.raw) == expected
    listed = await call("GET", CM, headers=accept("PartialObjectMetadataList"))
    items = read("PartialObjectMetadataList", listed.raw)["items"]
    assert [item["metadata"]["name"] for item in items] == [item["metadata"]["name"] for item in five]
    sink = await call.watch(f"{CM}?watch=true", accept("PartialObjectMetadata"))
    assert b"PartialObjectMetadata" in sink.data
    assert b"n4" in sink.data
    assert (await call("GET", f"{CM}/n0", headers=accept("Table"))).code == 406


async def test_yaml(call: Any, five: Any) -> None:
    answer = await call("GET", f"{CM}/n0", headers={"Accept": "application/yaml"})
    assert answer.content_type == "application/yaml"
    assert yaml.safe_load(answer.raw) == five[0]


@pytest.mark.parametrize(
    ("accept", "served"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", None),
        ("application/vnd.kubernetes.protobuf,application/json", "application/json"),
        ("text/html, application/yaml;q=0.5", "application/yaml"),
        ("application/yaml;q=0.5, application/json", "application/json"),
        ("application/json;as=Table;v=v1;g=other,application/yaml", "application/yaml"),
        ("text/html", None),
        ("application/json;as=Table;v=v9;g=meta.k8s.io", None),
        ("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", None),
    ],
)
async def test_negotiation_of_one_object(call: Any, five: Any, accept: str | None, served: str | None) -> None:
    answer = await call("GET", f"{CM}/n0", headers={"Accept": accept} if accept else {})
    if served is None:
        assert (answer.code, answer.body["reason"]) == (406, "NotAcceptable")
        known = "as=" in accept
        refusal = "only the following media types are accepted: " if known else "Available representations: "
        assert f"{refusal}application/json, application/yaml" in answer.body["message"]
    else:
        assert (answer.code, answer.content_type) == (200, served)


@pytest.mark.parametrize(
    ("query", "headers", "indented"),
    [
        ("", {}, False),
        ("?pretty=1", {}, True),
        ("", {"User-Agent": "curl/8"}, True),
        ("?pretty=0", {"User-Agent": "curl/8"}, False),
    ],
)
async def test_pretty(call: Any, five: Any, query: str, headers: dict[str, str], indented: bool) -> None:
    for path in (f"{CM}/n0{query}", f"{CM}{query}"):
        raw = (await call("GET", path, headers=headers)).raw
        assert (b'\n  "metadata": {' in raw) == indented
