"""CertificateSubjectRestriction: nobody asks for a certificate that makes him system:masters."""

from __future__ import annotations

import base64
import binascii

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.admission.signers import signer_of

_SIGNER = "kubernetes.io/kube-apiserver-client"


class CertificateSubjectRestriction(Plugin):
    """403 for requests to the signer of API clients with the organization system:masters."""

    name = "CertificateSubjectRestriction"
    rules = Rules(create=("certificatesigningrequests.certificates.k8s.io",))

    async def validate(self, attributes: Attributes) -> None:
        """Reads the subject."""
        if signer_of(attributes.object) != _SIGNER or attributes.object is None:
            return
        try:
            groups = _organizations(attributes.object["spec"].get("request") or "")
        except ValueError as error:
            raise refusal(attributes, f"failed to parse CSR: {error}") from error
        if "system:masters" in groups:
            raise refusal(attributes, f"use of {_SIGNER} signer with system:masters group is not allowed")


def _organizations(encoded: str) -> list[str]:
    """Raises ValueError for what is no PEM certificate request."""
    from cryptography import x509  # slow to import
    from cryptography.x509.oid import NameOID

    try:
        request = x509.load_pem_x509_csr(base64.b64decode(encoded))
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    return [str(part.value) for part in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
