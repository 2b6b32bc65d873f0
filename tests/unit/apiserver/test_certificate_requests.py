"""Who asks is the user; approval decides, status issues; messages as a v1.36.2 apiserver's."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kfast.meta.exchange import User

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
MERGE = {"Content-Type": "application/merge-patch+json"}


def _certificate() -> str:
    name, key = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bob")]),
        ec.generate_private_key(ec.SECP256R1()),
    )
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2024, 1, 1)).not_valid_after(datetime(2044, 1, 1))
    return base64.b64encode(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)).decode()


CERTIFICATE = _certificate()


@pytest.fixture(scope="module")
def pem() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bob")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    signed = request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


def body(pem: str, **spec: Any) -> dict[str, Any]:
    stated = {"request": pem, "signerName": "example.com/s", "usages": ["client auth"], **spec}
    return {"metadata": {"name": "r"}, "spec": stated}


@pytest.fixture
async def created(call: Any, pem: str) -> Any:
    call.user = User("jane", "u1", ("system:masters", "system:authenticated"), {"k": ["v"]})
    return await call.ok("POST", REQUESTS, body(pem, username="eve", groups=["x"], extra={"a": ["b"]}))


def condition(kind: str, status: str = "True", **more: str) -> dict[str, str]:
    return {"type": kind, "status": status, **more}


async def change(call: Any, part: str, *conditions: dict[str, str], **status: Any) -> Any:
    if conditions:
        status["conditions"] = list(conditions)
    return await call("PATCH", f"{REQUESTS}/r/{part}", {"status": status}, MERGE)


async def test_who_asks_is_the_user_and_stays(call: Any, created: Any) -> None:
    spec = created["spec"]
    assert {key: spec[key] for key in ("username", "uid", "groups", "extra")} == {
        "username": "jane",
        "uid": "u1",
        "groups": ["system:masters", "system:authenticated"],
        "extra": {"k": ["v"]},
    }
    changed = {**created, "spec": {**spec, "signerName": "example.com/t", "username": "eve"}}
    assert await call.ok("PUT", f"{REQUESTS}/r", changed) == created


async def test_approval_decides_and_status_issues(call: Any, created: Any) -> None:
    approved = await change(call, "approval", condition("Approved", reason="r"), certificate=CERTIFICATE)
    (verdict,) = approved.body["status"]["conditions"]
    assert "certificate" not in approved.body["status"]
    assert verdict["lastUpdateTime"] == verdict["lastTransitionTime"] != ""
    failed = await change(call, "status", condition("Approved", reason="other"), condition("Failed"))
    assert failed.body["status"]["conditions"][0] == verdict
    assert failed.body["status"]["conditions"][1]["lastTransitionTime"]
    issued = await change(call, "status", certificate=CERTIFICATE)
    assert issued.body["status"]["certificate"] == CERTIFICATE
    assert issued.body["spec"] == created["spec"]


@pytest.mark.parametrize(
    ("part", "conditions", "message"),
    [
        (
            "status",
            [condition("Approved")],
            'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
        ),
        (
            "approval",
            [condition("Approved", "False")],
            'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
        ),
        (
            "approval",
            [condition("Approved"), condition("Denied")],
            'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
        ),
        (
            "approval",
            [condition("Approved"), condition("Approved")],
            'status.conditions[1].type: Duplicate value: "Approved"',
        ),
        ("approval", [condition("")], "status.conditions[0].type: Required value"),
    ],
)
async def test_verdicts_that_are_none(call: Any, created: Any, part: str, conditions: Any, message: str) -> None:
    refused = await change(call, part, *conditions)
    subject = 'CertificateSigningRequest.certificates.k8s.io "r" is invalid: '
    assert (refused.code, refused.body["message"]) == (422, subject + message)


async def test_what_was_decided_or_issued_stays(call: Any, created: Any) -> None:
    await change(call, "approval", condition("Approved"))
    for part in ("approval", "status"):
        refused = await change(call, part, conditions=None)
        text = 'status.conditions: Forbidden: updates may not remove a condition of type "Approved"'
        assert (refused.code, refused.body["message"].endswith(text)) == (422, True)
    assert (
        (await change(call, "status", certificate="YWJj"))
        .body["message"]
        .endswith(
            'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block'
        )
    )
    await change(call, "status", certificate=CERTIFICATE)
    other = base64.b64encode(base64.b64decode(CERTIFICATE) + b"\n").decode()
    assert (
        (await change(call, "status", certificate=other))
        .body["message"]
        .endswith("status.certificate: Forbidden: updates may not modify existing certificate content")
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"request": "YWJj"}, 'spec.request: Invalid value: "YWJj": PEM block type must be CERTIFICATE REQUEST'),
        ({"request": None}, "spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST"),
        ({"usages": []}, "spec.usages: Required value"),
        (
            {"usages": ["client auth", "client auth"]},
            'spec.usages[1]: Duplicate value: "client auth"',
        ),
        ({"usages": ["zz"]}, 'spec.usages[0]: Unsupported value: "zz": supported values: "any", "cert sign"'),
        ({"signerName": ""}, "spec.signerName: Required value"),
        (
            {"signerName": "foo"},
            'spec.signerName: Invalid value: "foo": must be a fully qualified domain and path of the form '
            "'example.com/signer-name'",
        ),
        (
            {"signerName": "com/a"},
            'spec.signerName: Invalid value: "com": should be a domain with at least two segments separated by dots',
        ),
        (
            {"signerName": "example.com/a_b"},
            'spec.signerName: Invalid value: "a_b": validating label "a_b": a lowercase RFC 1123 subdomain must',
        ),
        (
            {"signerName": "kubernetes.io/legacy-unknown"},
            'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via '
            "this API version",
        ),
        (
            {"expirationSeconds": 5},
            "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)",
        ),
    ],
)
async def test_requests_nobody_can_sign(call: Any, pem: str, spec: dict[str, Any], message: str) -> None:
    refused = await call("POST", REQUESTS, body(pem, **spec))
    subject = 'CertificateSigningRequest.certificates.k8s.io "r" is invalid: '
    assert refused.code == 422
    assert refused.body["message"].startswith(subject + message)
