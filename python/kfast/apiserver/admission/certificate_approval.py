"""CertificateApproval: who approves a certificate must be allowed to, for its signer."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Rules
from kfast.apiserver.admission.signers import SignerPlugin


class CertificateApproval(SignerPlugin):
    """403 unless the user may `approve` for the signer."""

    name = "CertificateApproval"
    rules = Rules(update=("certificatesigningrequests.certificates.k8s.io/approval",))
    verb = "approve"
