"""An API server behind this one that trusts nobody: a process of its own, as upstream's sample-apiserver is."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webhook import certificate, expose

SERVER = Path(__file__).parents[1] / "support" / "delegating_server.py"
VERSION = "v1alpha1"


class Behind:
    """The running process and where its Flunders are."""

    def __init__(self, kube: Any, process: subprocess.Popen[str], pem: Path, group: str) -> None:
        assert process.stdout is not None
        self.process, self.certificate, self.group = process, pem, group
        self.port = int(process.stdout.readline())
        self.path = f"/apis/{group}/{VERSION}/namespaces/{kube.namespace}/flunders"

    def directly(self, **headers: str) -> int:
        """The code of an answer to somebody who does not come through the front proxy."""
        trusted = ssl.create_default_context(cafile=self.certificate)
        trusted.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=trusted)
        with contextlib.closing(connection):
            connection.request("GET", self.path, headers=headers)
            return connection.getresponse().status


@pytest.fixture
def behind(kube, cluster, tmp_path) -> Iterator[Behind]:
    group = f"{kube.namespace}.example.com"
    pem, bundle = certificate(tmp_path, f"api.{kube.namespace}.svc")
    command = [sys.executable, "-W", "ignore", str(SERVER), str(cluster.kubeconfig), str(pem), group]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    services = kube("APIService", "apiregistration.k8s.io/v1")
    name = f"{VERSION}.{group}"
    try:
        server = Behind(kube, process, pem, group)
        expose(kube, "api", server.port)
        reference = {"namespace": kube.namespace, "name": "api", "port": 8443}
        spec = {"group": group, "version": VERSION, "groupPriorityMinimum": 2000, "versionPriority": 200}
        services.create(name, spec=spec | {"caBundle": bundle, "service": reference})
        services.wait(name, lambda body: condition(body, "Available").get("status") == "True")
        yield server
    finally:
        process.kill()
        process.communicate()
        if name in services.names():
            services.delete(name)


def condition(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """One of an object's conditions."""
    return next((c for c in body.get("status", {}).get("conditions") or () if c["type"] == kind), {})


def flunder(behind: Behind, name: str) -> dict[str, Any]:
    return {"apiVersion": f"{behind.group}/{VERSION}", "kind": "Flunder", "metadata": {"name": name}}


def test_it_learns_who_asks_and_what_they_may_do(kube, kubectl, behind):
    kubectl("create", "--raw", behind.path, "-f", "-", stdin=flunder(behind, "f"))
    plural = f"flunders.{VERSION}.{behind.group}"
    assert kubectl("get", plural, "-o", "name").strip() == f"flunder.{behind.group}/f"
    refused = kubectl.fails("get", plural, "--as", "bob")
    assert 'User "bob" cannot list resource "flunders"' in refused  # here: the request is not passed on
    assert behind.directly() == 403
    assert behind.directly(**{"X-Remote-User": "admin", "X-Remote-Group": "system:masters"}) == 403
    assert behind.directly(Authorization="Bearer nonsense") == 401
    token = kubectl("create", "token", "default").strip()
    assert behind.directly(Authorization=f"Bearer {token}") == 403
    kubectl("delete", plural, "f")
    assert kube.send("GET", behind.path).json["items"] == []


def test_a_namespace_takes_along_what_is_behind(kube, behind):
    namespaces = kube("Namespace")
    other = behind.path.replace(f"/{kube.namespace}/", "/{}/")
    for name in ("first", "second"):
        namespaces.create(f"{kube.namespace}-{name}")
    for name in ("first", "second"):
        place = other.format(f"{kube.namespace}-{name}")
        assert kube.send("POST", place, flunder(behind, name)).status == 201
    namespaces.delete(f"{kube.namespace}-first")
    namespaces.wait_gone(f"{kube.namespace}-first")
    everywhere = f"/apis/{behind.group}/{VERSION}/flunders"
    assert [item["metadata"]["name"] for item in kube.send("GET", everywhere).json["items"]] == ["second"]

    behind.process.kill()
    behind.process.wait()
    namespaces.delete(f"{kube.namespace}-second")

    def undiscovered(body: dict[str, Any]) -> bool:
        return condition(body, "NamespaceDeletionDiscoveryFailure").get("status") == "True"

    waiting = namespaces.wait(f"{kube.namespace}-second", undiscovered)
    told = condition(waiting, "NamespaceDeletionDiscoveryFailure")
    assert told["reason"] == "DiscoveryFailed"
    gv = f"{behind.group}/{VERSION}"
    assert told["message"] == (
        "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
        f"{gv}: stale GroupVersion discovery: {gv}"
    )
    kube("APIService", "apiregistration.k8s.io/v1").delete(f"{VERSION}.{behind.group}")
    namespaces.wait_gone(f"{kube.namespace}-second")
