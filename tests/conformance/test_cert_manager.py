"""cert-manager's definitions, as its project publishes them, with real Issuers and Certificates."""

from __future__ import annotations

from pathlib import Path

import pytest

CRDS = Path("../shared/data/manifests/cert-manager-crds")
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not CRDS.exists(), reason="the shared manifests are not here")]
ISSUER = {
    "apiVersion": "cert-manager.io/v1",
    "kind": "Issuer",
    "metadata": {"name": "letsencrypt"},
    "spec": {
        "acme": {
            "email": "user@example.com",
            "server": "https://acme.example.com/directory",
            "privateKeySecretRef": {"name": "account-key"},
            "solvers": [{"http01": {"ingress": {"ingressClassName": "nginx"}}}],
        }
    },
}
CERTIFICATE = {
    "apiVersion": "cert-manager.io/v1",
    "kind": "Certificate",
    "metadata": {"name": "web"},
    "spec": {
        "secretName": "web-tls",
        "duration": "2160h",
        "renewBefore": "360h",
        "privateKey": {"algorithm": "RSA", "size": 2048, "rotationPolicy": "Always"},
        "usages": ["server auth"],
        "dnsNames": ["example.com", "www.example.com"],
        "issuerRef": {"name": "letsencrypt", "kind": "Issuer"},
    },
}


def test_definitions_establish_and_take_real_objects(kubectl):
    kubectl("apply", "--server-side", "-f", str(CRDS))
    kubectl("wait", "--for=condition=Established", "-f", str(CRDS), "--timeout=30s")
    for body in (ISSUER, CERTIFICATE):
        kubectl("apply", "-f", "-", stdin=body)
    listed = kubectl("get", "certificates").splitlines()
    assert listed[0].split() == ["NAME", "READY", "SECRET", "AGE"]
    assert listed[1].split()[:2] == ["web", "web-tls"]
    assert kubectl("get", "cert,issuer", "-o", "name").split() == [
        "certificate.cert-manager.io/web",
        "issuer.cert-manager.io/letsencrypt",
    ]
    assert "dnsNames\t<[]string>" in kubectl("explain", "certificate.spec")
    condition = '{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Issued","message":"m"}]}}'
    kubectl("patch", "certificate", "web", "--subresource=status", "--type=merge", "-p", condition)
    kubectl("wait", "--for=condition=Ready", "certificate/web", "--timeout=10s")
    wrong = {**CERTIFICATE, "spec": {**CERTIFICATE["spec"], "privateKey": {"algorithm": "ROT13"}}}
    assert 'Unsupported value: "ROT13"' in kubectl.fails("apply", "-f", "-", stdin=wrong)
    assert "spec.secretName: Required value" in kubectl.fails(
        "create", "-f", "-", stdin={**CERTIFICATE, "metadata": {"name": "x"}, "spec": {"issuerRef": {"name": "i"}}}
    )
    assert 'unknown field "spec.dnsName"' in kubectl.fails(
        "apply", "-f", "-", stdin={**CERTIFICATE, "spec": {**CERTIFICATE["spec"], "dnsName": "x"}}
    )
    kubectl("delete", "-f", str(CRDS), "--timeout=30s")
    assert "the server doesn't have a resource type" in kubectl.fails("get", "certificates.cert-manager.io")
