"""Admission webhooks as operators use them: kubectl against a webhook server of the test's own, and kopf's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kopf
import pytest
import yaml
from harness import Kubectl
from kopf_operator import operating, wait_until
from webhook_server import WebhookServer, allowed, patched

from kfast.apiserver.pki import PKI

RULES = {
    "configmaps": ("", "v1", ["CREATE", "UPDATE"], ["configmaps"]),
    "pods": ("", "v1", ["CREATE"], ["pods"]),
    "deployments": ("apps", "v1", ["*"], ["deployments", "deployments/scale"]),
    "deletes": ("", "v1", ["DELETE"], ["configmaps"]),
}


def behave(path: str, review: dict[str, Any]) -> dict[str, Any]:
    request = review["request"]
    new = request["object"] or {}
    match path:
        case "/no-secrets":
            bad = "password" in (new.get("data") or {})
            return allowed(review, not bad, status={"message": "keep passwords in Secrets"})
        case "/stamp":
            labels = (new["metadata"].get("labels") or {}) | {"stamped-by": request["userInfo"]["username"]}
            return patched(review, {"op": "add", "path": "/metadata/labels", "value": labels}, warnings=["stamped"])
        case "/sidecar":
            sidecar = {"name": "sidecar", "image": "busybox"}
            return patched(review, {"op": "add", "path": "/spec/containers/-", "value": sidecar})
        case "/at-most-three":
            return allowed(review, (new.get("spec") or {}).get("replicas", 0) <= 3, status={"message": "at most 3"})
        case "/keep":
            kept = "keep" in (request["oldObject"]["metadata"].get("labels") or {})
            return allowed(review, not kept, status={"message": "it is to be kept", "code": 403})
    return allowed(review)


@pytest.fixture
def webhooks(kubectl: Kubectl, tmp_path: Path):
    """Registers webhooks for the test's namespace; removed after it."""
    made: list[str] = []

    def register(kind: str, path: str, rule: str, **more: Any) -> None:
        group, version, operations, resources = RULES[rule]
        name = f"{kubectl.namespace}-{len(made)}"
        hook = {
            "name": f"{path.strip('/')}.example.com",
            "clientConfig": server.config(path),
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": kubectl.namespace}},
            "rules": [
                {
                    "operations": operations,
                    "apiGroups": [group],
                    "apiVersions": [version],
                    "resources": resources,
                }
            ],
        }
        configuration = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [hook | more],
        }
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump(configuration))
        kubectl("apply", "-f", str(file))
        made.append(f"{kind.lower()}webhookconfiguration/{name}")

    with WebhookServer(behave) as server:
        register.server = server  # type: ignore[attr-defined]
        yield register
        for configuration in made:
            kubectl("delete", configuration)


def test_kubectl_is_told_why_it_may_not(kubectl, webhooks) -> None:
    webhooks("Validating", "/no-secrets", "configmaps")
    kubectl("create", "configmap", "fine", "--from-literal=a=b")
    refusal = kubectl.fails("create", "configmap", "bad", "--from-literal=password=x")
    assert 'admission webhook "no-secrets.example.com" denied the request: keep passwords in Secrets' in refusal
    refusal = kubectl.fails("patch", "configmap", "fine", "-p", '{"data":{"password":"x"}}')
    assert "keep passwords in Secrets" in refusal
    assert "password" not in kubectl.json("get", "configmap", "fine")["data"]
    listed = kubectl("get", "validatingwebhookconfigurations")
    assert listed.split()[:3] == ["NAME", "WEBHOOKS", "AGE"]


def test_objects_are_changed_on_their_way(kubectl, webhooks) -> None:
    webhooks("Mutating", "/stamp", "configmaps")
    webhooks("Mutating", "/sidecar", "pods")
    kubectl("create", "configmap", "c")
    assert kubectl.json("get", "configmap", "c")["metadata"]["labels"] == {"stamped-by": "kubernetes-admin"}
    kubectl("run", "p", "--image=nginx")
    containers = kubectl.json("get", "pod", "p")["spec"]["containers"]
    assert [c["name"] for c in containers] == ["p", "sidecar"]
    assert containers[1]["terminationMessagePath"] == "/dev/termination-log"
    kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=60s")
    dry = json.loads(kubectl("create", "configmap", "d", "--dry-run=server", "-o", "json"))
    assert dry["metadata"]["labels"] == {"stamped-by": "kubernetes-admin"}
    assert "NotFound" in kubectl.fails("get", "configmap", "d")


def test_scales_and_deletes_are_asked_about(kubectl, webhooks) -> None:
    webhooks("Validating", "/at-most-three", "deployments")
    webhooks("Validating", "/keep", "deletes")
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=2")
    kubectl("scale", "deployment", "web", "--replicas=3")
    assert "at most 3" in kubectl.fails("scale", "deployment", "web", "--replicas=4")
    kubectl("create", "configmap", "c")
    kubectl("label", "configmap", "c", "keep=yes")
    assert "it is to be kept" in kubectl.fails("delete", "configmap", "c")
    kubectl("label", "configmap", "c", "keep-")
    kubectl("delete", "configmap", "c")


def test_a_server_that_is_gone_closes_or_opens(kubectl, webhooks) -> None:
    gone = {"url": "https://127.0.0.1:1/"}
    webhooks("Validating", "/closed", "configmaps", clientConfig=gone)
    refusal = kubectl.fails("create", "configmap", "c")
    assert (
        'failed calling webhook "closed.example.com": failed to call webhook: Post "https://127.0.0.1:1/?timeout=10s"'
        in refusal
    )
    assert "connect: connection refused" in refusal
    webhooks("Validating", "/open", "pods", clientConfig=gone, failurePolicy="Ignore")
    kubectl("run", "p", "--image=nginx")


def serving(registry: kopf.OperatorRegistry, directory: Path) -> None:
    """Has an operator of `registry` serve and manage its webhooks."""
    authority = PKI(directory / "pki", time.time())
    pair = authority.server()
    for name, data in (("tls.crt", pair.certificate), ("tls.key", pair.key), ("ca.crt", authority.ca.certificate)):
        (directory / name).write_bytes(data)

    @kopf.on.startup(registry=registry)
    def configure(settings: kopf.OperatorSettings, **_):
        settings.admission.managed = "auto.kopf.dev"
        settings.admission.server = kopf.WebhookServer(
            addr="127.0.0.1",
            host="localhost",
            certfile=directory / "tls.crt",
            pkeyfile=directory / "tls.key",
            cafile=directory / "ca.crt",
        )


@contextmanager
def managed(registry: kopf.OperatorRegistry, kubectl: Kubectl) -> Iterator[None]:
    """An operator whose webhooks are configured; the configurations go with it."""
    try:
        with operating(registry, kubectl):
            for kind in ("validating", "mutating"):
                wait_until(lambda kind=kind: "auto.kopf.dev" in kubectl("get", f"{kind}webhookconfigurations"))
                wait_until(lambda kind=kind: configured(kubectl, kind))
            yield
    finally:
        for kind in ("validating", "mutating"):
            kubectl("delete", f"{kind}webhookconfiguration", "auto.kopf.dev", "--ignore-not-found")


def test_kopf_validates_and_mutates(kubectl, tmp_path) -> None:
    registry = kopf.OperatorRegistry()
    chosen = {"operated": "yes"}
    serving(registry, tmp_path)

    @kopf.on.validate("configmaps", registry=registry, labels=chosen)
    def shape(body, warnings, **_):
        if "size" not in (body.get("data") or {}):
            raise kopf.AdmissionError("say a size", code=422)
        warnings.append("sizes are taken on trust")

    @kopf.on.mutate("configmaps", registry=registry, labels=chosen)
    def greet(patch, **_):
        patch.metadata.annotations["greeting"] = "hello"

    with managed(registry, kubectl):
        manifest = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", "labels": chosen},
            "data": {"colour": "red"},
        }
        file = tmp_path / "c.yaml"
        file.write_text(yaml.safe_dump(manifest))
        assert "denied the request: say a size" in kubectl.fails("apply", "-f", str(file))
        file.write_text(yaml.safe_dump(manifest | {"data": {"size": "1"}}))
        kubectl("apply", "-f", str(file))
        assert kubectl.json("get", "configmap", "c")["metadata"]["annotations"]["greeting"] == "hello"


LOOSE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
GARDENS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "gardens.kopf.example.com"},
    "spec": {
        "group": "kopf.example.com",
        "scope": "Namespaced",
        "names": {"plural": "gardens", "singular": "garden", "kind": "Garden"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": LOOSE, "status": LOOSE}}},
            }
        ],
    },
}


def test_kopf_judges_fields_subresources_and_dry_runs_of_custom_resources(kubectl, tmp_path) -> None:
    registry = kopf.OperatorRegistry()
    serving(registry, tmp_path)

    @kopf.on.validate("gardens", registry=registry)
    def who(headers, sslpeer, warnings, **_):
        warnings.append(f"asked by {headers.get('User-Agent')}, certificate: {bool(sslpeer.get('subject'))}")

    @kopf.on.validate("gardens", registry=registry)
    def unless_tried(spec, dryrun, **_):
        if spec.get("tree") == "palm" and not dryrun:
            raise kopf.AdmissionError("too cold for palms")

    @kopf.on.validate("gardens", registry=registry, field="spec.tree", value="yew")
    def never(**_):
        raise kopf.AdmissionError("yews are poisonous", code=451)

    @kopf.on.validate("gardens", registry=registry, subresource="*")
    def agree(spec, status, subresource, **_):
        if subresource == "status" and status.get("tree") != spec.get("tree"):
            raise kopf.AdmissionError("the status knows another tree")

    @kopf.on.mutate("gardens", registry=registry, labels={"watered": "yes"})
    def water(patch, **_):
        patch.spec["litres"] = 10

    definition, garden = tmp_path / "crd.yaml", tmp_path / "garden.yaml"
    definition.write_text(yaml.safe_dump(GARDENS))
    metadata = {"name": "g", "labels": {"watered": "yes"}}
    made = {"apiVersion": "kopf.example.com/v1", "kind": "Garden", "metadata": metadata, "spec": {"tree": "oak"}}
    garden.write_text(yaml.safe_dump(made))

    def plant(tree: str, *more: str, status: bool = False) -> tuple[str, ...]:
        patch = json.dumps({"status" if status else "spec": {"tree": tree}})
        return ("patch", "garden", "g", "--type=merge", "-p", patch, *more)

    kubectl("apply", "-f", str(definition))
    try:
        kubectl("wait", "--for=condition=Established", "crd/gardens.kopf.example.com", "--timeout=30s")
        with managed(registry, kubectl):
            kubectl("apply", "-f", str(garden))
            assert kubectl.json("get", "garden", "g")["spec"] == {"tree": "oak", "litres": 10}
            refusal = kubectl.fails(*plant("palm"))
            assert 'unless-tried.auto.kopf.dev" denied the request: too cold for palms' in refusal
            assert "Warning: asked by kube-apiserver-admission, certificate: False" in refusal
            kubectl(*plant("palm", "--dry-run=server"))
            assert "yews are poisonous" in kubectl.fails(*plant("yew"))
            refusal = kubectl.fails(*plant("palm", "--subresource=status", status=True))
            assert "the status knows another tree" in refusal
            kubectl(*plant("oak", "--subresource=status", status=True))
            found = kubectl.json("get", "garden", "g")
            assert (found["spec"]["tree"], found["status"]) == ("oak", {"tree": "oak"})
    finally:
        kubectl("delete", "-f", str(definition))


def configured(kubectl: Kubectl, kind: str) -> bool:
    found = kubectl.json("get", f"{kind}webhookconfiguration", "auto.kopf.dev")
    return bool(found.get("webhooks")) and "clientConfig" in found["webhooks"][0]
