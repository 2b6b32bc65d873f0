"""Requests to pods and services through the API server, and API servers behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from exam import conformance
from webhook import certificate, expose, host_address, listening

proxied = conformance("sig-network", "Proxy version v1")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@pytest.fixture
def backend(kube) -> Iterator[dict[str, str]]:
    """A server that tells what it was asked: behind a service, and as if it were a pod. Paths to both."""

    def handle(method: str, target: str, _headers: dict[str, str], _body: bytes) -> tuple[int, str, bytes]:
        if target.startswith("/moved"):
            return 200, "text/html", b'<a href="/there">there</a>'
        return 200, "application/json", json.dumps({"method": method, "path": target}).encode()

    with listening(handle) as port:
        expose(kube, "s", port)
        pods = kube("Pod")
        spec = {"nodeName": "elsewhere", "containers": [{"name": "c", "image": "i"}]}
        pods.create("p", spec=spec)
        address = host_address()
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
        pods.patch("p", {"status": status}, "status")
        place = f"/api/v1/namespaces/{kube.namespace}"
        yield {"service": f"{place}/services/s:8443/proxy", "pod": f"{place}/pods/p:{port}/proxy"}
        pods.delete("p", gracePeriodSeconds=0)


@proxied("should proxy through a service and a pod")
@pytest.mark.parametrize("way", ["service", "pod"])
def test_requests_pass(kube, backend, way):
    answer = kube.send("GET", f"{backend[way]}/some/path", query={"a": "b"})
    assert (answer.status, answer.json) == (200, {"method": "GET", "path": "/some/path?a=b"})
    page = kube.send("GET", f"{backend[way]}/moved")
    assert page.data.decode() == f'<a href="{backend[way]}/there">there</a>'


@pytest.mark.parametrize("end", [
    pytest.param("", marks=proxied("A set of valid responses are returned for both pod and service Proxy")),
    pytest.param("/some/path/with/methods", marks=proxied(
        "A set of valid responses are returned for both pod and service ProxyWithPath")),
])  # fmt: skip
@pytest.mark.parametrize("way", ["service", "pod"])
def test_every_method_passes(kube, backend, end, way):
    for method in METHODS:
        answer = kube.send(method, backend[way] + (end or "/"))
        assert answer.status == 200, (method, answer.data)
        if method != "HEAD":
            assert answer.json == {"method": method, "path": end or "/"}


VERSION = "v1alpha1"


class Extension:
    """A small API server with one resource, kept in memory, for one group."""

    def __init__(self, group: str) -> None:
        self.group, self.things = group, dict[str, Any]()
        self.users: set[str] = set()

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        status, document = self.answer(method, target.partition("?")[0], headers, body)
        return status, "application/json", json.dumps(document).encode()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        version = {"groupVersion": f"{self.group}/{VERSION}", "version": VERSION}
        if path == f"/apis/{self.group}":
            return 200, {"kind": "APIGroup", "apiVersion": "v1", "name": self.group, "versions": [version],
                         "preferredVersion": version}  # fmt: skip
        if path == f"/apis/{self.group}/{VERSION}":
            verbs = ["create", "delete", "get", "list"]
            resource = {"name": "flunders", "singularName": "flunder", "kind": "Flunder", "namespaced": True,
                        "verbs": verbs}  # fmt: skip
            return 200, {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{self.group}/{VERSION}",
                         "resources": [resource]}  # fmt: skip
        name = path.rpartition("flunders")[2].strip("/")
        if "/flunders" not in path:
            return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound"}
        self.users.add(headers.get("x-remote-user", ""))
        if method == "POST":
            thing = json.loads(body)
            return 201, self.things.setdefault(thing["metadata"]["name"], thing)
        if not name:
            items = list(self.things.values())
            return 200, {"kind": "FlunderList", "apiVersion": f"{self.group}/{VERSION}", "metadata": {}, "items": items}
        if name not in self.things:
            return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound"}
        return 200, self.things.pop(name) if method == "DELETE" else self.things[name]


@conformance("sig-api-machinery", "Aggregator")(
    "Should be able to support the 1.17 Sample API Server using the current Aggregator [LinuxOnly]"
)
def test_an_api_server_behind_this_one(kube, kubectl, tmp_path):
    group = f"{kube.namespace}.example.com"
    extension = Extension(group)
    pem, bundle = certificate(tmp_path, f"api.{kube.namespace}.svc")
    services = kube("APIService", "apiregistration.k8s.io/v1")
    name = f"{VERSION}.{group}"
    with listening(extension.handle, pem) as port:
        expose(kube, "api", port)
        spec = {
            "group": group, "version": VERSION, "groupPriorityMinimum": 2000, "versionPriority": 200,
            "caBundle": bundle, "service": {"namespace": kube.namespace, "name": "api", "port": 8443},
        }  # fmt: skip
        services.create(name, metadata={"labels": {"set": kube.namespace}}, spec=spec)

        def available(body: dict[str, Any]) -> bool:
            conditions = body.get("status", {}).get("conditions") or ()
            return any(c["type"] == "Available" and c["status"] == "True" for c in conditions)

        services.wait(name, available)
        assert group in [found["name"] for found in kube.send("GET", "/apis").json["groups"]]
        path = f"/apis/{group}/{VERSION}/namespaces/{kube.namespace}/flunders"
        flunder = {"apiVersion": f"{group}/{VERSION}", "kind": "Flunder", "metadata": {"name": "f"}}
        assert kube.send("POST", path, flunder).status == 201
        assert kube.send("GET", f"{path}/f").json == flunder
        assert len(kube.send("GET", path).json["items"]) == 1
        assert "f" in kubectl("get", f"flunders.{VERSION}.{group}", "-o", "name")
        assert extension.users == {"kubernetes-admin"}
        assert kube.send("DELETE", f"{path}/f").status == 200
        assert kube.send("GET", path).json["items"] == []
        status = services.get(name, "status")["status"]["conditions"]
        mark = {"type": "Updated", "status": "True", "reason": "Test", "message": "set"}
        patched = services.patch(name, {"status": {"conditions": [*status, mark]}}, "status")
        assert "Updated" in [c["type"] for c in patched["status"]["conditions"]]
        services.patch(name, {"spec": {"versionPriority": 400}})
        assert services.names(label_selector=f"set={kube.namespace}") == [name]
        services.delete_all(label_selector=f"set={kube.namespace}")
        services.wait_gone(name)
        assert kube.send("GET", path).status == 404
