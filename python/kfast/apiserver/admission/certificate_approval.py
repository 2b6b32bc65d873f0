"""CertificateApproval: who approves a certificate must be allowed to, for its signer."""

from __future__ import annotations

from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.admission.signers import may, signer_of
from kfast.apiserver.authz.authorizer import Authorizer
from kfast.apiserver.status_errors import quoted


class CertificateApproval(Plugin):
    """403 unless the user may `approve` for the signer."""

    name = "CertificateApproval"
    rules = Rules(update=("certificatesigningrequests.certificates.k8s.io/approval",))

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def validate(self, attributes: Attributes) -> None:
        """Asks the authorizer."""
        signer = signer_of(attributes.old)
        if not await may(self._authorizer, attributes.user, "approve", signer):
            raise refusal(attributes, f"user not permitted to approve requests with signerName {quoted(signer)}")
