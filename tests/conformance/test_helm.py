"""Helm's own library installs, upgrades, rolls back and removes a chart with a definition, hooks and stored Secrets."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import helm_python
import pytest

CHART = Path(__file__).with_name("chart")
pytestmark = pytest.mark.e2e


@pytest.fixture
def helm(cluster, kube) -> Iterator[helm_python.Config]:
    with helm_python.Config(kubeconfig_path=cluster.kubeconfig, namespace=kube.namespace) as config:
        yield config


def stored_release(secret: dict) -> dict:
    """What Helm keeps of a revision in its Secret."""
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    return json.loads(gzip.decompress(packed))


def test_life_of_a_release(helm, kube):
    deployments, pods, secrets = kube("Deployment", "apps/v1"), kube("Pod"), kube("Secret")
    first = helm.install(CHART, "shop", {"replicas": 2}, wait="watcher", timeout=60)
    assert (first["status"], first["revision"]) == ("deployed", 1)
    assert deployments.get("shop")["status"]["readyReplicas"] == 2
    assert pods.get("shop-before")["status"]["phase"] == "Succeeded"
    ovens = kube("Oven", "bakery.example.com/v1")
    assert ovens.get("shop")["spec"] == {"degrees": 200, "fan": True}
    assert kube("ConfigMap").get("shop-capable")["data"]["version"].startswith("v1.")

    second = helm.upgrade(CHART, "shop", {"image": "nginx:2", "degrees": 300}, wait="watcher", timeout=60)
    assert (second["status"], second["revision"]) == ("deployed", 2)
    assert deployments.get("shop")["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:2"
    assert ovens.get("shop")["spec"]["degrees"] == 300
    assert pods.get("shop-before")["spec"]["containers"][0]["args"] == ["2"]

    with pytest.raises(helm_python.HelmError, match="should be less than or equal to 400"):
        helm.upgrade(CHART, "shop", {"degrees": 999}, timeout=60)
    assert ovens.get("shop")["spec"]["degrees"] == 300

    helm.rollback("shop", version=1, wait="watcher", timeout=60)
    assert deployments.get("shop")["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1"
    assert ovens.get("shop")["spec"]["degrees"] == 200
    revisions = secrets.list(label_selector="owner=helm,name=shop")["items"]
    statuses = {int(s["metadata"]["labels"]["version"]): s["metadata"]["labels"]["status"] for s in revisions}
    assert statuses[max(statuses)] == "deployed"
    assert all(secret["type"] == "helm.sh/release.v1" for secret in revisions)
    assert stored_release(revisions[0])["chart"]["metadata"]["name"] == "bakery"

    helm.uninstall("shop", wait="watcher", timeout=60)
    for things in (deployments, ovens):
        assert things.names() == []
    assert secrets.names(label_selector="owner=helm") == []
    assert kube("ConfigMap").get("shop-gone")["data"]
    kube("CustomResourceDefinition", "apiextensions.k8s.io/v1").delete("ovens.bakery.example.com")


def test_explain_and_diff_of_what_a_chart_defines(kubectl, kube):
    kubectl("apply", "-f", str(CHART / "crds"))
    kubectl("wait", "--for=condition=Established", "crd/ovens.bakery.example.com", "--timeout=20s")
    explained = kubectl("explain", "ovens.spec")
    assert "How it bakes." in explained
    assert "degrees\t<integer> -required-" in explained
    assert "Celsius." in kubectl("explain", "ovens.spec.degrees")
    oven = {"apiVersion": "bakery.example.com/v1", "kind": "Oven", "metadata": {"name": "o"}, "spec": {"degrees": 100}}
    kubectl("apply", "-f", "-", stdin=oven)
    oven["spec"]["degrees"] = 120
    difference = kubectl.run("diff", "-f", "-", stdin=oven)
    assert (difference.returncode, "+  degrees: 120" in difference.stdout) == (1, True)
    kubectl("delete", "-f", str(CHART / "crds"), "--timeout=20s")
