"""Who may speak for a signer (upstream: pkg/certauthorization)."""

from __future__ import annotations

from kfast.apiserver.authz.authorizer import Authorizer
from kfast.apiserver.request_info import RequestInfo
from kfast.meta.exchange import User


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
