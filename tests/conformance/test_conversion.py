"""Custom resources of several versions, converted by a webhook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from custom import definition, definitions, installed, instances, version
from exam import conformance
from webhook import Webhook, expose, serving

converted = conformance("sig-api-machinery", "CustomResourceConversionWebhook [Privileged:ClusterAdmin]")


def convert(request: dict[str, Any]) -> dict[str, Any]:
    """v1 has `hostPort`, v2 its two halves."""
    objects = []
    for body in request["objects"]:
        body = {**body, "apiVersion": request["desiredAPIVersion"]}
        if body["apiVersion"].endswith("/v2") and "hostPort" in body:
            body["host"], body["port"] = body.pop("hostPort").split(":")
        if body["apiVersion"].endswith("/v1") and "host" in body:
            body["hostPort"] = f"{body.pop('host')}:{body.pop('port')}"
        objects.append(body)
    return {"convertedObjects": objects, "result": {"status": "Success"}}


@pytest.fixture
def server(kube, tmp_path) -> Iterator[Webhook]:
    with serving(tmp_path, f"hook.{kube.namespace}.svc") as hook:
        hook.answers["/convert"] = convert
        expose(kube, "hook", hook.port)
        yield hook


@pytest.fixture
def body(kube, server) -> dict[str, Any]:
    def served(name: str, *fields: str) -> dict[str, Any]:
        schema = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
        return version(name, schema, selectableFields=[{"jsonPath": f".{field}"} for field in fields])

    service = {"namespace": kube.namespace, "name": "hook", "port": 8443, "path": "/convert"}
    client = {"service": service, "caBundle": server.bundle}
    webhook = {"clientConfig": client, "conversionReviewVersions": ["v1"]}
    return definition(
        f"{kube.namespace}.example.com",
        "Thing",
        served("v1", "hostPort"),
        served("v2", "host", "port"),
        conversion={"strategy": "Webhook", "webhook": webhook},
    )


@converted("should be able to convert from CR v1 to CR v2")
def test_one_is_read_in_the_other_version(kube, body):
    with installed(kube, body) as first:
        first.create("t", hostPort="localhost:8080")
        found = instances(kube, body, "v2").get("t")
        assert (found["apiVersion"].rpartition("/")[2], found["host"], found["port"]) == ("v2", "localhost", "8080")


@converted("should be able to convert a non homogeneous list of CRs")
def test_a_list_of_both_versions(kube, body):
    with installed(kube, body) as first:
        second = instances(kube, body, "v2")
        first.create("one", hostPort="localhost:8080")

        def store_v2(found: dict[str, Any]) -> None:
            for served in found["spec"]["versions"]:
                served["storage"] = served["name"] == "v2"

        definitions(kube).change(body["metadata"]["name"], store_v2)
        second.create("two", host="localhost", port="8080")
        assert [item["hostPort"] for item in first.list()["items"]] == ["localhost:8080"] * 2
        listed = second.list()["items"]
        assert [(item["host"], item["port"]) for item in listed] == [("localhost", "8080")] * 2


def test_fields_are_selected_in_the_version_asked_for(kube, body):
    with installed(kube, body) as first:
        second = instances(kube, body, "v2")
        watch = second.watch(fieldSelector="host=one,port=80")
        for name, place in (("a", "one:80"), ("b", "one:81"), ("c", "two:80"), ("d", "one:82")):
            first.create(name, hostPort=place)
        assert second.names(field_selector="host=one") == ["a", "b", "d"]
        assert second.names(field_selector="host=one,port=80") == ["a"]
        assert second.names(field_selector="host!=one,metadata.name=c") == ["c"]
        assert first.names(field_selector="hostPort=one:81") == ["b"]
        page = second.list(field_selector="host=one", limit=2)
        assert [item["metadata"]["name"] for item in page["items"]] == ["a", "b"]
        rest = second.list(field_selector="host=one", limit=2, _continue=page["metadata"]["continue"])
        assert [item["metadata"]["name"] for item in rest["items"]] == ["d"]
        first.patch("b", {"hostPort": "one:80"})
        first.patch("a", {"hostPort": "two:80"})
        first.delete("b")
        events = [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a"), ("DELETED", "b")]
        assert watch.take(4) == events
        watch.close()
        initial = second.watch(fieldSelector="host=two", resourceVersion="0")
        assert sorted(initial.take(2)) == [("ADDED", "a"), ("ADDED", "c")]
        initial.close()
