"""Validation of CertificateSigningRequests (upstream: pkg/apis/certificates/validation)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from kfast.api.field_errors import duplicate, forbidden, invalid, not_supported, quoted, required, too_long
from kfast.api.kind import Body, FieldError
from kfast.meta import names

APPROVED, DENIED, FAILED = "Approved", "Denied", "Failed"
_USAGES = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)
_STATUSES = ("False", "True", "Unknown")
_MINIMUM_SECONDS = 600
_LONGEST_DOMAIN = 253
_LONGEST_SIGNER = _LONGEST_DOMAIN + 1 + 63 + 1 + 253
_BLOCK = re.compile(
    r"^-----BEGIN ([^\n]+?)-----[ \t\r]*\n((?:[^\n:]+:[^\n]*\n)*)([A-Za-z0-9+/=\s]*?)-----END \1-----", re.MULTILINE
)
"""A block of PEM: its label, headers and content."""


def validate_request(request: Body) -> list[FieldError]:
    """What a signer must be able to rely on."""
    spec = request.get("spec") or {}
    errors = _encoded_request(spec.get("request"))
    errors += _usages(spec.get("usages") or [])
    errors += _signer_name(spec.get("signerName") or "")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _MINIMUM_SECONDS:
        detail = f"may not specify a duration less than {_MINIMUM_SECONDS} seconds (10 minutes)"
        errors.append(invalid("spec.expirationSeconds", seconds, detail))
    return errors


def validate_conditions(request: Body) -> list[FieldError]:
    """Conditions are of one type each, final ones are true, and nothing is both approved and denied."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for at, condition in enumerate((request.get("status") or {}).get("conditions") or []):
        path, kind, status = f"status.conditions[{at}]", condition.get("type") or "", condition.get("status")
        if not kind:
            errors.append(required(f"{path}.type"))
        allowed = ("True",) if kind in (APPROVED, DENIED, FAILED) else _STATUSES
        if not status:
            errors.append(required(f"{path}.status"))
        elif status not in allowed:
            errors.append(not_supported(f"{path}.status", status, allowed))
        if kind in (APPROVED, DENIED) and ({APPROVED, DENIED} - {kind}) & seen:
            errors.append(invalid("status.conditions", kind, "Approved and Denied conditions are mutually exclusive"))
        if kind in seen:
            errors.append(duplicate(f"{path}.type", kind))
        seen.add(kind)
    return errors


def validate_lasting(new: Body, old: Body) -> list[FieldError]:
    """What an update may not take away: the verdict, a failure."""
    return [
        forbidden("status.conditions", f"updates may not remove a condition of type {quoted(kind)}")
        for kind in (APPROVED, DENIED, FAILED)
        if len(conditions_of(new, kind)) < len(conditions_of(old, kind))
    ]


def validate_verdict_kept(new: Body, old: Body) -> list[FieldError]:
    """Only the approval subresource decides."""
    return [
        forbidden("status.conditions", f"updates may not add a condition of type {quoted(kind)}")
        for kind in (APPROVED, DENIED)
        if len(conditions_of(new, kind)) > len(conditions_of(old, kind))
    ]


def validate_certificate_kept(new: Body, old: Body) -> list[FieldError]:
    """What is issued stays as it is."""
    before = certificate_of(old)
    if before and certificate_of(new) != before:
        return [forbidden("status.certificate", "updates may not modify existing certificate content")]
    return []


def validate_certificate(request: Body) -> list[FieldError]:
    """An issued certificate is a chain in PEM."""
    issued = certificate_of(request)
    problem = _chain_problem(_decoded(issued)) if issued else ""
    return [invalid("status.certificate", "<certificate data>", problem)] if problem else []


def _chain_problem(pem: bytes) -> str:
    from cryptography.x509 import load_der_x509_certificate  # only who signs needs it

    blocks = _BLOCK.findall(pem.decode("latin-1"))
    for label, headers, content in blocks:
        if label != "CERTIFICATE":
            return f"only CERTIFICATE PEM blocks are allowed, found {quoted(label)}"
        if headers:
            return "no PEM block headers are permitted"
        try:
            load_der_x509_certificate(_decoded("".join(content.split())))
        except ValueError:
            return "x509: malformed certificate"
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def conditions_of(request: Body, kind: str) -> list[Body]:
    """The status conditions of a type."""
    return [c for c in (request.get("status") or {}).get("conditions") or [] if c.get("type") == kind]


def certificate_of(request: Body) -> str:
    """The issued certificate, base64; empty if there is none."""
    return (request.get("status") or {}).get("certificate") or ""


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _encoded_request(text: str | None) -> list[FieldError]:
    pem = _decoded(text or "")
    if b"-----BEGIN CERTIFICATE REQUEST-----" not in pem:
        return [invalid("spec.request", text, "PEM block type must be CERTIFICATE REQUEST")]
    from cryptography.x509 import load_pem_x509_csr  # only who signs needs it

    try:
        signed = load_pem_x509_csr(pem).is_signature_valid
    except ValueError as error:
        return [invalid("spec.request", text, str(error))]
    return [] if signed else [invalid("spec.request", text, "x509: certificate request signature does not verify")]


def _usages(usages: list[str]) -> list[FieldError]:
    if not usages:
        return [required("spec.usages")]
    errors = [not_supported(f"spec.usages[{i}]", u, _USAGES) for i, u in enumerate(usages) if u not in _USAGES]
    return errors + [duplicate(f"spec.usages[{i}]", u) for i, u in enumerate(usages) if u in usages[:i]]


def _signer_name(name: str) -> list[FieldError]:
    path = "spec.signerName"
    if not name:
        return [required(path)]
    if name == "kubernetes.io/legacy-unknown":
        return [invalid(path, name, "the legacy signerName is not allowed via this API version")]
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest:
        return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
    errors = [too_long(path, _LONGEST_DOMAIN)] if len(domain) > _LONGEST_DOMAIN else []
    errors += _labels(path, domain, names.dns_label)
    if "." not in domain:
        errors.append(invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    errors += _labels(path, rest, names.dns_subdomain)
    if len(name) > _LONGEST_SIGNER:
        errors.append(too_long(path, _LONGEST_SIGNER))
    return errors


def _labels(path: str, segment: str, rule: Any) -> list[FieldError]:
    """Complaints about the first bad label between the dots."""
    for label in segment.split("."):
        if problems := rule(label):
            return [invalid(path, segment, f"validating label {quoted(label)}: {problem}") for problem in problems]
    return []
