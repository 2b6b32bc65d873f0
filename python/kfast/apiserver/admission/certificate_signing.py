"""CertificateSigning: who issues a certificate must be allowed to, for its signer."""

from __future__ import annotations

from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.admission.signers import may, signer_of
from kfast.apiserver.authz.authorizer import Authorizer
from kfast.apiserver.status_errors import quoted


class CertificateSigning(Plugin):
    """403 unless the user may `sign` for the signer, or changes neither certificate nor conditions."""

    name = "CertificateSigning"
    rules = Rules(update=("certificatesigningrequests.certificates.k8s.io/status",))

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def validate(self, attributes: Attributes) -> None:
        """Asks the authorizer."""
        if _issued(attributes.object) == _issued(attributes.old):
            return
        signer = signer_of(attributes.old)
        if not await may(self._authorizer, attributes.user, "sign", signer):
            raise refusal(attributes, f"user not permitted to sign requests with signerName {quoted(signer)}")


def _issued(request: Body | None) -> tuple[object, ...]:
    status = (request or {}).get("status") or {}
    return status.get("certificate") or None, status.get("conditions") or None
