"""Custom resources through stock clients: kubectl and the dynamic client of Python."""

import json
import time
import uuid

import kubernetes
import pytest
from harness import ROOT

CERT_MANAGER = ROOT.parent / "shared/data/manifests/cert-manager-crds"
COLUMNS = [
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
    {"name": "Color", "type": "string", "jsonPath": ".spec.color", "priority": 1},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]
PROPERTIES = {
    "spec": {
        "type": "object",
        "description": "What is wanted of the bell.",
        "properties": {
            "size": {"type": "integer", "description": "Centimetres across."},
            "color": {"type": "string"},
        },
    },
    "status": {"type": "object", "properties": {"size": {"type": "integer"}}},
}


@pytest.fixture
def bells(kubectl):
    """A kind Bell in a group of the test's own; its group."""
    group = f"g{uuid.uuid4().hex[:6]}.example.com"
    scale = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "description": "A bell.", "properties": PROPERTIES}},
        "subresources": {"status": {}, "scale": scale},
        "additionalPrinterColumns": COLUMNS,
        "selectableFields": [{"jsonPath": ".spec.color"}],
    }
    old = version | {"name": "v1beta1", "storage": False, "deprecated": True}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"bells.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "bells", "kind": "Bell", "shortNames": ["be"], "categories": ["all"]},
            "versions": [version, old],
        },
    }
    assert (
        kubectl("apply", "-f", "-", stdin=crd)
        == f"customresourcedefinition.apiextensions.k8s.io/bells.{group} created\n"
    )
    kubectl("wait", "--for=condition=Established", f"crd/bells.{group}", "--timeout=10s")
    yield group
    kubectl("delete", "crd", f"bells.{group}", "--ignore-not-found")


def bell(group, name="b", **spec):
    return {"apiVersion": f"{group}/v1", "kind": "Bell", "metadata": {"name": name}, "spec": spec}


def test_kubectl_handles_them_like_any_kind(kubectl, bells):
    assert kubectl("apply", "-f", "-", stdin=bell(bells, size=3, color="red")) == f"bell.{bells}/b created\n"
    assert kubectl("apply", "-f", "-", stdin=bell(bells, size=3, color="red")) == f"bell.{bells}/b unchanged\n"
    assert kubectl("apply", "-f", "-", stdin=bell(bells, size=4, color="red")) == f"bell.{bells}/b configured\n"
    lines = kubectl("get", f"bells.{bells}").splitlines()
    assert lines[0].split() == ["NAME", "SIZE", "AGE"]
    assert lines[1].split()[:2] == ["b", "4"]
    assert kubectl("get", f"be.{bells}", "-o", "wide").splitlines()[0].split() == ["NAME", "SIZE", "COLOR", "AGE"]
    assert f"bell.{bells}/b" in kubectl("get", "all")
    assert kubectl("get", f"bell.{bells}", "--field-selector=spec.color=blue", "-o", "name") == ""
    kubectl("scale", f"bell.{bells}/b", "--replicas=7")
    assert kubectl.json("get", f"bell.{bells}", "b")["spec"]["size"] == 7
    kubectl("patch", f"bell.{bells}", "b", "--subresource=status", "--type=merge", "-p", '{"status":{"size":7}}')
    assert kubectl.json("get", f"bell.{bells}", "b")["status"] == {"size": 7}
    kubectl("edit", f"bell.{bells}", "b", KUBE_EDITOR="sed -i s/red/green/")
    assert kubectl.json("get", f"bell.{bells}", "b")["spec"]["color"] == "green"
    refused = kubectl.fails("patch", f"bell.{bells}", "b", "-p", '{"spec":{"size":1}}', "--type=strategic")
    assert "application/strategic-merge-patch+json is not supported" in refused or "unknown format" in refused
    kubectl("label", f"bell.{bells}", "b", "x=y")
    kubectl("wait", f"bell.{bells}/b", "--for=jsonpath={.status.size}=7", "--timeout=5s")
    assert kubectl("delete", f"bell.{bells}", "b") == f'bell.{bells} "b" deleted from {kubectl.namespace} namespace\n'


def test_kubectl_explains_them_and_refuses_what_they_lack(kubectl, bells):
    text = kubectl("explain", "bells.spec", f"--api-version={bells}/v1")
    assert "What is wanted of the bell." in text
    assert "size\t<integer>" in text
    refused = kubectl.fails("create", "-f", "-", stdin=bell(bells, weight=3))
    assert 'unknown field "spec.weight"' in refused
    assert "spec.size" in kubectl.fails("create", "-f", "-", stdin=bell(bells, size="big"))


def test_other_versions_warn(kubectl, bells):
    kubectl("create", "-f", "-", stdin=bell(bells, size=3))
    found = kubectl.json("get", f"bells.v1beta1.{bells}", "b")
    assert found["apiVersion"] == f"{bells}/v1beta1"
    assert f"Warning: {bells}/v1beta1 Bell is deprecated; use {bells}/v1 Bell" in kubectl.warnings


def test_server_side_apply_has_owners_by_field(kubectl, bells):
    kubectl("apply", "--server-side", "-f", "-", stdin=bell(bells, size=3, color="red"))
    conflict = kubectl.fails(
        "apply", "--server-side", "--field-manager=other", "-f", "-", stdin=bell(bells, color="blue")
    )
    assert 'conflict with "kubectl": .spec.color' in conflict
    kubectl("apply", "--server-side", "--field-manager=other", "-f", "-", stdin=bell(bells, size=3))
    assert kubectl.run("diff", "--server-side", "-f", "-", stdin=bell(bells, size=3, color="red")).returncode == 0


def test_the_dynamic_client_creates_watches_and_deletes(kubectl, bells):
    client = kubernetes.config.new_client_from_config(str(kubectl.cluster.kubeconfig))
    resource = kubernetes.dynamic.DynamicClient(client).resources.get(api_version=f"{bells}/v1", kind="Bell")
    namespace = kubectl.namespace
    resource.create(body=bell(bells, size=1), namespace=namespace)
    patch = {"spec": {"size": 2}}
    resource.patch(body=patch, name="b", namespace=namespace, content_type="application/merge-patch+json")
    resource.delete("b", namespace)
    seen = []
    for event in resource.watch(namespace=namespace, resource_version="1", timeout=5):
        seen.append((event["type"], event["object"].spec.size))
        if event["type"] == "DELETED":
            break
    assert seen == [("ADDED", 1), ("MODIFIED", 2), ("DELETED", 2)]
    client.close()


def test_deleting_the_definition_takes_everything_along(kubectl, bells):
    kubectl("create", "-f", "-", stdin=bell(bells, size=3))
    kubectl("delete", "crd", f"bells.{bells}", timeout=30)
    assert "the server doesn't have a resource type" in kubectl.fails("get", f"bells.{bells}")


def test_definitions_of_cert_manager(kubectl):
    if not CERT_MANAGER.exists():
        pytest.skip("shared test data ../shared/data/manifests is absent")
    started = time.monotonic()
    kubectl("apply", "--server-side", "-f", str(CERT_MANAGER))
    names = [c["metadata"]["name"] for c in kubectl.json("get", "crd")["items"]]
    ours = [name for name in names if "cert-manager" in name]
    assert len(ours) == 6
    for name in ours:
        kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=10s")
    assert time.monotonic() - started < 50
    issuer = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Issuer",
        "metadata": {"name": "self"},
        "spec": {"selfSigned": {}},
    }
    certificate = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "web"},
        "spec": {"secretName": "web-tls", "dnsNames": ["web.example.com"], "issuerRef": {"name": "self"}},
    }
    for body in (issuer, certificate):
        assert kubectl("apply", "-f", "-", stdin=body).endswith(" created\n")
    lines = kubectl("get", "certificates").splitlines()
    assert lines[0].split() == ["NAME", "READY", "SECRET", "AGE"]
    assert "secretName" in kubectl("explain", "certificate.spec")
    assert json.loads(kubectl("get", "issuer", "self", "-o", "json"))["spec"] == {"selfSigned": {}}
    kubectl("delete", "-f", str(CERT_MANAGER))
