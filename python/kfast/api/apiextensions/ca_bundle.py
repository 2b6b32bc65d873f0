"""The certificates a conversion webhook is verified by."""

from __future__ import annotations

import base64
import binascii
import re

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def ca_bundle_error(bundle: str) -> str:
    """Why a caBundle (PEM in base64) cannot be used, empty if it can."""
    try:
        pem = base64.b64decode(bundle, validate=True)
    except binascii.Error as error:
        return str(error)
    if not pem:
        return ""
    return "" if _certificates(pem) else "unable to load root certificates: unable to parse bytes as PEM block"


def _certificates(pem: bytes) -> bool:
    from cryptography import x509  # takes long to import, and few objects hold certificates

    blocks = _PEM.findall(pem)
    try:
        for block in blocks:
            x509.load_pem_x509_certificate(block)
    except ValueError:
        return False
    return bool(blocks)
