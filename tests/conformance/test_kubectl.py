"""What kubectl does with nothing but an API server."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import subprocess

import pytest
from exam import conformance

client = conformance("sig-cli", "Kubectl client")


@client("Kubectl api-versions should check if v1 is in available api versions")
def test_api_versions(kubectl):
    assert "v1" in kubectl("api-versions").split()


@client("Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info")
def test_cluster_info(kubectl):
    plain = re.sub(r"\x1b\[[0-9;]*m", "", kubectl("cluster-info"))
    assert f"Kubernetes control plane is running at {kubectl.cluster.server}" in plain


@client("Kubectl version should check is all data is printed")
def test_version(kubectl):
    printed = json.loads(kubectl("version", "-o", "json"))
    assert printed["clientVersion"]["gitVersion"]
    assert printed["serverVersion"]["gitVersion"].startswith("v1.")
    assert "Server Version: v1." in kubectl("version")


@client("Kubectl diff should check if kubectl diff finds a difference for Deployments")
def test_diff(kubectl):
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }
    kubectl("create", "-f", "-", stdin=deployment)
    template["spec"]["containers"][0]["image"] = "i:2"
    done = kubectl.run("diff", "-f", "-", stdin=deployment)
    assert done.returncode == 1
    assert re.search(r"^-.*image: i:1$", done.stdout, re.MULTILINE)
    assert re.search(r"^\+.*image: i:2$", done.stdout, re.MULTILINE)


@client("Kubectl run pod should create a pod from an image when restart is Never")
def test_run(kubectl):
    kubectl("run", "p", "--restart=Never", "--image=nginx:1")
    spec = kubectl.json("get", "pod", "p")["spec"]
    assert (spec["containers"][0]["image"], spec["restartPolicy"]) == ("nginx:1", "Never")


@client("Kubectl server-side dry-run should check if kubectl can dry-run update Pods")
def test_server_side_dry_run(kubectl):
    kubectl("run", "p", "--image=nginx:1", "--labels=run=p")
    patch = {"spec": {"containers": [{"name": "p", "image": "busybox:1"}]}}
    kubectl("patch", "pod", "p", "-p", json.dumps(patch), "--dry-run=server")
    assert kubectl.json("get", "pod", "p")["spec"]["containers"][0]["image"] == "nginx:1"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


@pytest.fixture
def proxy(kubectl):
    """Starts `kubectl proxy`; gives the address it says it serves on."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> str:
            command = kubectl.command("proxy", *arguments)
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.terminate)
            assert process.stdout is not None
            return process.stdout.readline().split()[-1]

        yield start


def api_versions(connection: http.client.HTTPConnection) -> list[str]:
    with contextlib.closing(connection):
        connection.request("GET", "/api/")
        return json.loads(connection.getresponse().read())["versions"]


@client("Proxy server should support proxy with --port 0")
def test_proxy_on_any_port(proxy):
    host, _, port = proxy("--port=0", "--disable-filter").rpartition(":")
    assert api_versions(http.client.HTTPConnection(host, int(port))) == ["v1"]


@client("Proxy server should support --unix-socket=/path")
def test_proxy_on_a_socket(proxy, tmp_path):
    path = str(tmp_path / "s")
    assert proxy(f"--unix-socket={path}") == path
    assert api_versions(UnixConnection(path)) == ["v1"]
