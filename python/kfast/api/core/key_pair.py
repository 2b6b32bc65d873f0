"""What is wrong with the key pair of a Secret of type kubernetes.io/tls (upstream: Go's tls.X509KeyPair)."""

from __future__ import annotations

import re

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----", re.DOTALL)


def _blocks(text: bytes) -> list[tuple[str, bytes]]:
    return [(match[1].decode(), match[0]) for match in _BLOCK.finditer(text)]


def key_pair_problem(certificate: bytes, key: bytes) -> str | None:
    """Go's message, None if certificate and key belong together."""
    blocks = _blocks(certificate)
    certificates = [block for kind, block in blocks if kind == "CERTIFICATE"]
    if not certificates:
        return _missing(blocks, "certificate", "private key", "PRIVATE KEY")
    keys = _blocks(key)
    private = [block for kind, block in keys if kind == "PRIVATE KEY" or kind.endswith(" PRIVATE KEY")]
    if not private:
        return _missing(keys, "key", "certificate", "CERTIFICATE")
    return _mismatch(certificates[0], private[0])


def _missing(blocks: list[tuple[str, bytes]], what: str, other: str, other_kind: str) -> str:
    if not blocks:
        return f"tls: failed to find any PEM data in {what} input"
    kinds = [kind for kind, _ in blocks]
    if what == "certificate" and len(kinds) == 1 and kinds[0].endswith(other_kind):
        return (
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may "
            "have been switched"
        )
    if what == "key" and kinds == [other_kind]:
        return (
            "tls: found a certificate rather than a key in the PEM for the private key"
            if other == "certificate"
            else f"tls: failed to find any PEM data in {what} input"
        )
    wanted = '"CERTIFICATE" PEM block' if what == "certificate" else 'PEM block with type ending in "PRIVATE KEY"'
    skipped = f"[{' '.join(kinds)}]"
    return f"tls: failed to find {wanted} in {what} input after skipping PEM blocks of the following types: {skipped}"


def _mismatch(certificate: bytes, key: bytes) -> str | None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        public = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError:
        return "x509: malformed certificate"
    try:
        private = load_pem_private_key(key, None)
    except (ValueError, TypeError):
        return "tls: failed to parse private key"
    ours = private.public_key()
    if type(ours) is not type(public):
        return "tls: private key type does not match public key type"
    return None if ours == public else "tls: private key does not match public key"
