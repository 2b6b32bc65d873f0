"""Kinds served in several shapes, and bodies that are something else than the path says."""

from __future__ import annotations

from typing import Any

import pytest

PODS = "/api/v1/namespaces/default/pods"
CORE = "/api/v1/namespaces/default/events"
NEW = "/apis/events.k8s.io/v1/namespaces/default/events"


async def test_events_are_one_storage_with_two_shapes(call: Any) -> None:
    body = {
        "metadata": {"name": "e", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p", "uid": "u"},
        "reason": "Started",
        "message": "it started",
        "type": "Normal",
        "source": {"component": "kubelet"},
        "reportingComponent": "kubelet",
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "count": 1,
    }
    created = await call.ok("POST", CORE, body)
    new = await call.ok("GET", f"{NEW}/e")
    assert (new["apiVersion"], new["kind"]) == ("events.k8s.io/v1", "Event")
    assert (new["regarding"]["name"], new["note"]) == ("p", "it started")
    assert new["metadata"] == created["metadata"]
    listed = await call.ok("GET", NEW)
    assert (listed["kind"], listed["apiVersion"], listed["items"][0]["note"]) == (
        "EventList",
        "events.k8s.io/v1",
        "it started",
    )
    sink = await call.watch(f"{NEW}?watch=true")
    assert sink.events[0]["object"] == new
    selected = await call.ok("GET", f"{CORE}?fieldSelector=involvedObject.name%3Dp")
    assert len(selected["items"]) == 1


async def test_autoscalers_are_stored_as_v2(call: Any) -> None:
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"},
        "minReplicas": 1,
        "maxReplicas": 3,
        "targetCPUUtilizationPercentage": 70,
    }
    v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    created = await call.ok("POST", v1, {"metadata": {"name": "h"}, "spec": spec})
    assert (created["apiVersion"], created["spec"]) == ("autoscaling/v1", spec)
    v2 = await call.ok("GET", f"{v1.replace('v1', 'v2', 1)}/h")
    assert v2["apiVersion"] == "autoscaling/v2"
    assert v2["spec"]["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 70}
    assert await call.ok("PUT", f"{v1}/h", created) == created


@pytest.mark.parametrize("name", ["metrics", "behavior", "current-metrics", "conditions"])
@pytest.mark.parametrize(
    "value", ["1", '"x"', "[1]", "[null]", '[{"type":1}]', '[{"resource":1,"type":1}]', "{}", "[", "[" * 9999]
)
async def test_damaged_annotations_of_autoscalers_are_dropped(call: Any, name: str, value: str) -> None:
    v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    metadata = {"name": "h", "annotations": {f"autoscaling.alpha.kubernetes.io/{name}": value}}
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}, "maxReplicas": 3}
    created = await call.ok("POST", v1, {"metadata": metadata, "spec": spec})
    assert "annotations" not in created["metadata"]
    assert created["spec"]["targetCPUUtilizationPercentage"] == 80


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"kind": "Service", "apiVersion": "v1"},
            'Service in version "v1" cannot be handled as a Pod: '
            "converting (v1.Service) to (core.Pod): unknown conversion",
        ),
        (
            {"kind": "Nothing", "apiVersion": "x/v7"},
            'Nothing in version "v7" cannot be handled as a Pod: no kind "Nothing" is registered for version "x/v7"',
        ),
        (
            {"kind": "Pod", "apiVersion": "apps/v1"},
            'Pod in version "v1" cannot be handled as a Pod: no kind "Pod" is registered for version "apps/v1"',
        ),
        (
            {"spec": {"containers": "x"}},
            'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field',
        ),
    ],
)
async def test_bodies_of_another_type(call: Any, body: Any, message: str) -> None:
    answer = await call("POST", PODS, body)
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")
    assert answer.body["message"].startswith(message)


@pytest.mark.parametrize(
    ("validation", "code", "warnings"),
    [
        ("", 201, ['unknown field "spec.foo"']),
        ("Warn", 201, ['unknown field "spec.foo"']),
        ("Ignore", 201, []),
        ("Strict", 400, []),
    ],
)
async def test_field_validation(call: Any, validation: str, code: int, warnings: list[str]) -> None:
    body = {"metadata": {"name": "p"}, "spec": {"foo": 1, "containers": [{"name": "c", "image": "i"}]}}
    answer = await call("POST", f"{PODS}?fieldValidation={validation}", body)
    assert (answer.code, answer.warnings) == (code, warnings)
    if code == 400:
        assert answer.body["message"] == (
            'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo"'
        )
    else:
        assert "foo" not in answer.body["spec"]


async def test_protobuf_in_and_out(call: Any) -> None:
    protobuf = "application/vnd.kubernetes.protobuf"
    schema = call.api.backend.schema
    sent = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    path = "/api/v1/namespaces/default/configmaps"
    answer = await call("POST", path, schema.encode("v1/ConfigMap", sent, protobuf), {"Content-Type": protobuf})
    assert (answer.code, answer.body["data"]) == (201, {"k": "v"})
    got = await call("GET", f"{path}/a", headers={"Accept": protobuf})
    assert got.content_type == protobuf
    assert schema.decode("v1/ConfigMap", got.raw, protobuf, "Ignore")[0] == answer.body
    listed = await call("GET", path, headers={"Accept": protobuf})
    items = schema.decode("v1/ConfigMapList", listed.raw, protobuf, "Ignore")[0]["items"]
    assert [i["metadata"]["name"] for i in items] == ["a"]
    sink = await call.watch(f"{path}?watch=true", {"Accept": protobuf})
    frame = sink.data
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    assert frame[4:11] == b"\x0a\x05ADDED"
    assert b"k8s\x00" in frame
    options = schema.encode("meta.k8s.io/v1/DeleteOptions", {"propagationPolicy": "Background"}, protobuf)
    assert (await call("DELETE", f"{path}/a", options, {"Content-Type": protobuf})).code == 200
