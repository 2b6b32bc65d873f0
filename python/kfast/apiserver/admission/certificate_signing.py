"""CertificateSigning: who issues a certificate must be allowed to, for its signer."""

from __future__ import annotations

from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes, Rules
from kfast.apiserver.admission.signers import SignerPlugin


class CertificateSigning(SignerPlugin):
    """403 unless the user may `sign` for the signer, or changes neither certificate nor conditions."""

    name = "CertificateSigning"
    rules = Rules(update=("certificatesigningrequests.certificates.k8s.io/status",))
    verb = "sign"

    def handles(self, attributes: Attributes) -> bool:
        """Whether certificate or conditions change."""
        return _issued(attributes.object) != _issued(attributes.old)


def _issued(request: Body | None) -> tuple[object, ...]:
    status = (request or {}).get("status") or {}
    return status.get("certificate") or None, status.get("conditions") or None
