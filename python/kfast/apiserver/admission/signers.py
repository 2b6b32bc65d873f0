"""Who may speak for a signer (upstream: pkg/certauthorization)."""

from __future__ import annotations

from typing import ClassVar

from kfast.apiserver.admission.chain import Attributes, Plugin, refusal
from kfast.apiserver.authz.authorizer import Authorizer
from kfast.apiserver.request_info import RequestInfo
from kfast.apiserver.status_errors import quoted
from kfast.meta.exchange import User


class SignerPlugin(Plugin):
    """403 unless the user may do what the verb says for the signer of a request."""

    verb: ClassVar[str]

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def validate(self, attributes: Attributes) -> None:
        """Asks the authorizer."""
        signer = signer_of(attributes.old)
        if not await may(self._authorizer, attributes.user, self.verb, signer):
            raise refusal(attributes, f"user not permitted to {self.verb} requests with signerName {quoted(signer)}")


async def may(authorizer: Authorizer, user: User | None, verb: str, signer: str) -> bool:
    """Whether `user` may `verb` (approve, sign) for the signer, or for all signers of its domain."""
    if user is None:
        return False
    domain = signer.partition("/")[0]
    for name in (signer, f"{domain}/*"):
        info = RequestInfo("", verb)
        info.is_resource = True
        info.api_group, info.api_version, info.resource, info.name = "certificates.k8s.io", "*", "signers", name
        if (await authorizer.authorize(user, info)).allowed:
            return True
    return False


def signer_of(request: dict[str, object] | None) -> str:
    """The signer a certificate signing request names."""
    spec = (request or {}).get("spec")
    return str(spec.get("signerName") or "") if isinstance(spec, dict) else ""
