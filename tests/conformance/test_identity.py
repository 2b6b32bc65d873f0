"""Service accounts and their tokens, reviews, certificates."""

from __future__ import annotations

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from exam import conformance
from kube import STRATEGIC

accounts = conformance("sig-auth", "ServiceAccounts")
CONTAINERS = [{"name": "c", "image": "i"}]


@accounts("should update a ServiceAccount")
def test_update(kube):
    things = kube("ServiceAccount")
    assert things.create("a", automountServiceAccountToken=False)["automountServiceAccountToken"] is False
    things.change("a", lambda body: body.update(automountServiceAccountToken=True))
    assert things.get("a")["automountServiceAccountToken"] is True


@accounts("should run through the lifecycle of a ServiceAccount")
def test_life(kube):
    things = kube("ServiceAccount")
    watch = things.watch(labelSelector="set=one")
    things.create("a", metadata={"labels": {"set": "one"}})
    things.patch("a", {"automountServiceAccountToken": False}, content_type=STRATEGIC)
    assert "a" in kube("ServiceAccount", namespace="").names(label_selector="set=one")
    things.delete_all(label_selector="set=one")
    assert watch.take(3) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    watch.close()


@accounts("should guarantee kube-root-ca.crt exist in any namespace")
def test_the_root_certificate_comes_back(kube):
    maps = kube("ConfigMap")
    original = maps.wait("kube-root-ca.crt", lambda _: True)
    maps.delete("kube-root-ca.crt")
    maps.wait("kube-root-ca.crt", lambda body: body["metadata"]["uid"] != original["metadata"]["uid"])
    maps.patch("kube-root-ca.crt", {"data": {"ca.crt": ""}})
    maps.wait("kube-root-ca.crt", lambda body: body["data"] == original["data"])


@accounts("should create a serviceAccountToken and ensure a successful TokenReview")
def test_a_token_is_known_again(kube):
    made = kube("ServiceAccount").create("a")
    path = kube("ServiceAccount").path("a", "token")
    request = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {"expirationSeconds": 600}}
    token = kube.send("POST", path, request).json["status"]["token"]
    review = {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "spec": {"token": token}}
    status = kube.send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review).json["status"]
    assert status["authenticated"]
    assert status["user"]["username"] == f"system:serviceaccount:{kube.namespace}:a"
    assert status["user"]["uid"] == made["metadata"]["uid"]
    groups = {"system:serviceaccounts", f"system:serviceaccounts:{kube.namespace}", "system:authenticated"}
    assert set(status["user"]["groups"]) == groups


@accounts("should allow opting out of API token automount")
@pytest.mark.parametrize("account", [None, True, False])
@pytest.mark.parametrize("pod", [None, True, False])
def test_the_token_is_mounted_unless_the_pod_or_its_account_does_not_want_it(kube, account, pod):
    def stated(wanted: bool | None) -> dict:
        return {} if wanted is None else {"automountServiceAccountToken": wanted}

    kube("ServiceAccount").create("a", **stated(account))
    spec = {"serviceAccountName": "a", "containers": CONTAINERS, **stated(pod)}
    container = kube("Pod").create("p", spec=spec)["spec"]["containers"][0]
    places = [mount["mountPath"] for mount in container.get("volumeMounts") or ()]
    wanted = pod if pod is not None else account is not False
    assert ("/var/run/secrets/kubernetes.io/serviceaccount" in places) == wanted


@conformance("sig-auth", "SubjectReview")("should support SubjectReview API operations")
@pytest.mark.parametrize("local", [False, True])
def test_a_review_says_what_then_happens(kube, local):
    user = f"system:serviceaccount:{kube.namespace}:a"
    groups = ["system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{kube.namespace}"]
    uid = kube("ServiceAccount").create("a")["metadata"]["uid"]
    attributes = {"verb": "list", "resource": "configmaps", "namespace": kube.namespace, "version": "v1"}
    kind = "LocalSubjectAccessReview" if local else "SubjectAccessReview"
    review = {
        "kind": kind,
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {"namespace": kube.namespace} if local else {},
        "spec": {"resourceAttributes": attributes, "user": user, "groups": groups, "uid": uid},
    }
    place = f"/namespaces/{kube.namespace}" if local else ""
    answer = kube.send("POST", f"/apis/authorization.k8s.io/v1{place}/{kind.lower()}s", review)
    assert answer.status == 201
    names = {"Impersonate_User": user, "Impersonate_Uid": uid, "Impersonate_Group": groups[0]}
    tried = kube.send("GET", kube("ConfigMap").path(), **names)
    assert tried.status == (200 if answer.json["status"]["allowed"] else 403)


def certificate_request(name: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()


@conformance("sig-auth", "Certificates API [Privileged:ClusterAdmin]")("should support CSR API operations")
def test_certificate_signing_requests(kube):
    things = kube("CertificateSigningRequest", "certificates.k8s.io/v1")
    served = {r["name"] for r in kube.send("GET", "/apis/certificates.k8s.io/v1").json["resources"]}
    plural = "certificatesigningrequests"
    assert {plural, f"{plural}/approval", f"{plural}/status"} <= served
    signer = f"example.com/{kube.namespace}"
    spec = {
        "request": certificate_request("test.example.com"),
        "signerName": signer,
        "expirationSeconds": 3600,
        "usages": ["digital signature", "key encipherment", "server auth"],
    }
    names = [f"{kube.namespace}-{number}" for number in range(3)]
    for name in names:
        things.create(name, spec=spec)
    name = names[0]
    assert things.get(name)["spec"]["expirationSeconds"] == 3600
    listed = things.list(field_selector=f"spec.signerName={signer}")
    assert [item["metadata"]["name"] for item in listed["items"]] == names
    watch = things.watch(name, resourceVersion=listed["metadata"]["resourceVersion"])
    things.patch(name, {"metadata": {"annotations": {"patched": "true"}}})
    things.change(name, lambda body: body["metadata"]["annotations"].update(updated="true"))
    watch.until(lambda _, body: "updated" in body["metadata"]["annotations"])
    watch.close()

    def condition(kind: str) -> dict:
        return {"type": kind, "status": "True", "reason": "Test", "message": kind}

    assert things.get(name, "approval")["kind"] == "CertificateSigningRequest"
    patch = {"metadata": {"annotations": {"approval": "yes"}}, "status": {"conditions": [condition("Patched")]}}
    patched = things.patch(name, patch, "approval")
    assert [c["type"] for c in patched["status"]["conditions"]] == ["Patched"]
    assert patched["metadata"]["annotations"]["approval"] == "yes"
    approved = things.change(name, lambda b: b["status"]["conditions"].append(condition("Approved")), "approval")
    assert [c["type"] for c in approved["status"]["conditions"]] == ["Patched", "Approved"]

    certificate = base64.b64encode(self_signed().encode()).decode()
    patched = things.patch(name, {"status": {"certificate": certificate}}, "status")
    assert patched["status"]["certificate"] == certificate
    changed = things.change(name, lambda b: b["status"]["conditions"].append(condition("StatusUpdate")), "status")
    assert [c["type"] for c in changed["status"]["conditions"]][-1] == "StatusUpdate"

    things.delete(name)
    things.wait_gone(name)
    things.delete_all(field_selector=f"spec.signerName={signer}")
    assert things.names(field_selector=f"spec.signerName={signer}") == []


def self_signed() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test.example.com")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2046))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
