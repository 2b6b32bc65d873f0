"""Service-account tokens: ES256 JWTs bound to objects that must still exist.

Claims, key id and the extension of injected tokens are upstream's (pkg/serviceaccount).
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kfast._core import Object
from kfast.clock import Clock, parse_time
from kfast.meta.exchange import User

ISSUER = "https://kubernetes.default.svc.cluster.local"
INJECTED_SECONDS = 3607
"""What the kubelet asks for; such tokens live a year and warn after this long."""
EXTENDED_SECONDS = 365 * 24 * 3600
DELETION_GRACE = 60.0
"""Seconds a deleted object's tokens stay valid past its deletionTimestamp."""

_CACHE_SIZE = 10_000
_EXTRA = "authentication.kubernetes.io/"

Lookup = Callable[[str, str, str], Object | None]
"""(resource, namespace, name) -> the live object."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The object a token dies with: `kind` is Pod, Secret or Node."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class _Verified:
    claims: Mapping[str, Any]
    user: User
    objects: tuple[tuple[str, str, str, str], ...]
    audiences: tuple[str, ...]
    not_before: float
    expires: float


class ServiceAccountTokens:
    """Issues and verifies the tokens of one cluster."""

    def __init__(self, key: bytes, clock: Clock, lookup: Lookup, issuer: str = ISSUER) -> None:
        private = serialization.load_pem_private_key(key, None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError("the service-account signing key is no elliptic-curve key")
        self._private = private
        self._public = private.public_key()
        self._clock = clock
        self._lookup = lookup
        self._verified: dict[str, _Verified] = {}
        self.issuer = issuer
        self.key_id = _key_id(self._public)

    def issue(
        self,
        account: Object,
        audiences: Sequence[str],
        seconds: int,
        bound: Bound | None = None,
        node: Bound | None = None,
    ) -> tuple[str, float]:
        """A token for `account` and the epoch second it ends; `node` is where a bound pod runs."""
        now = int(self._clock.now())
        private: dict[str, Any] = {
            "namespace": account.namespace,
            "serviceaccount": {"name": account.name, "uid": account.uid},
        }
        for reference in (bound, node):
            if reference is not None:
                private[reference.kind.lower()] = {"name": reference.name, "uid": reference.uid}
        lifetime = seconds
        if seconds == INJECTED_SECONDS and bound is not None and bound.kind == "Pod" and self.issuer in audiences:
            lifetime = EXTENDED_SECONDS
            private["warnafter"] = now + seconds
        claims = {
            "aud": list(audiences),
            "exp": now + lifetime,
            "iat": now,
            "iss": self.issuer,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": private,
            "nbf": now,
            "sub": f"system:serviceaccount:{account.namespace}:{account.name}",
        }
        import jwt  # 15 ms that a server's start need not wait for

        token = jwt.encode(claims, self._private, algorithm="ES256", headers={"kid": self.key_id, "typ": None})
        return token, float(now + seconds)

    def authenticate(self, token: str, audiences: Sequence[str] = ()) -> tuple[User, tuple[str, ...]] | None:
        """The account behind the token and the wanted audiences it has; None unless it is ours, in time and its
        objects still exist."""
        verified = self._verified.get(token) or self._verify(token)
        if verified is None:
            return None
        now = self._clock.now()
        if not verified.not_before <= now < verified.expires:
            return None
        wanted = tuple(a for a in (audiences or (self.issuer,)) if a in verified.audiences)
        if not wanted or not all(self._exists(now, *reference) for reference in verified.objects):
            return None
        return verified.user, wanted

    def jwks(self) -> dict[str, Any]:
        """The JSON Web Key Set of /openid/v1/jwks."""
        numbers = self._public.public_numbers()
        return {
            "keys": [
                {
                    "use": "sig",
                    "kty": "EC",
                    "kid": self.key_id,
                    "crv": "P-256",
                    "alg": "ES256",
                    "x": _base64url(numbers.x.to_bytes(32, "big")),
                    "y": _base64url(numbers.y.to_bytes(32, "big")),
                }
            ]
        }

    def _verify(self, token: str) -> _Verified | None:
        import jwt

        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=["ES256"],
                issuer=self.issuer,
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            verified = _read(claims)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError):
            return None
        if len(self._verified) >= _CACHE_SIZE:
            self._verified.clear()
        self._verified[token] = verified
        return verified

    def _exists(self, now: float, resource: str, namespace: str, name: str, uid: str) -> bool:
        found = self._lookup(resource, namespace, name)
        if found is None or found.uid != uid:
            return False
        if not found.deleting:
            return True
        deleted = found.get("metadata", "deletionTimestamp")
        return parse_time(deleted) + DELETION_GRACE >= now


def _read(claims: Mapping[str, Any]) -> _Verified:
    """Raises KeyError or TypeError if the private claims are not a service account's."""
    private = claims["kubernetes.io"]
    namespace, account = private["namespace"], private["serviceaccount"]
    if claims["sub"] != f"system:serviceaccount:{namespace}:{account['name']}":
        raise ValueError("sub and kubernetes.io disagree")
    extra = {_EXTRA + "credential-id": [f"JTI={claims['jti']}"]} if "jti" in claims else {}
    objects = [("serviceaccounts", namespace, account["name"], account["uid"])]
    for field, resource in (("pod", "pods"), ("secret", "secrets"), ("node", "nodes")):
        reference = private.get(field)
        if reference is None:
            continue
        if field != "node" or "pod" not in private:  # the node of a pod may go before the pod does
            objects.append((resource, "" if field == "node" else namespace, reference["name"], reference["uid"]))
        if field != "secret":
            extra[f"{_EXTRA}{field}-name"] = [reference["name"]]
            extra[f"{_EXTRA}{field}-uid"] = [reference["uid"]]
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    audiences = claims["aud"]
    return _Verified(
        claims,
        User(claims["sub"], account["uid"], groups, extra),
        tuple(objects),
        (audiences,) if isinstance(audiences, str) else tuple(audiences),
        float(claims.get("nbf", 0)),
        float(claims["exp"]),
    )


def _key_id(key: ec.EllipticCurvePublicKey) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _base64url(hashlib.sha256(der).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
