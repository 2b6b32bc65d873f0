"""Who asks a component, and may they: answered by the API server (TokenReview, SubjectAccessReview)."""

from __future__ import annotations

from typing import Any

from kfast.api.authentication import token_review
from kfast.api.authorization import subject_access_review
from kfast.client import Client
from kfast.clock import Clock
from kfast.http.certificates import CertificateAuthenticator
from kfast.meta.exchange import Request, User

ANONYMOUS = User("system:anonymous", groups=("system:unauthenticated",))
_TOKEN_SECONDS = 120.0
_ALLOWED_SECONDS = 300.0
_DENIED_SECONDS = 30.0
_CACHE_SIZE = 10_000

Attributes = tuple[tuple[str, str], ...]
"""`resourceAttributes` of a review, as pairs; `nonResourceAttributes` if there is a `path`."""


class DelegatedAccess:
    """Answers are kept for as long as a kubelet keeps them."""

    def __init__(self, client: Client, clock: Clock, *, anonymous: bool = False) -> None:
        self._client = client
        self._clock = clock
        self._anonymous = anonymous
        self._certificates = CertificateAuthenticator(clock)
        self._users: dict[str, tuple[float, User | None]] = {}
        self._decisions: dict[tuple[str, str, tuple[str, ...], Attributes], tuple[float, bool]] = {}

    async def user(self, request: Request) -> User | None:
        """Who asks; None if nobody the API server knows. Raises StatusError and TransportError."""
        if request.user is not None:
            return request.user
        if request.peer_certificate is not None:
            known = self._certificates.authenticate(request.peer_certificate)
            if known is not None:
                return known
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return ANONYMOUS if self._anonymous else None
        kept = self._users.get(token)
        if kept is None or kept[0] < self._clock.now():
            if len(self._users) >= _CACHE_SIZE:
                self._users.clear()
            kept = self._users[token] = self._clock.now() + _TOKEN_SECONDS, await self._review(token)
        return kept[1]

    async def allowed(self, user: User, attributes: Attributes) -> bool:
        """Whether `user` may. Raises StatusError and TransportError."""
        key = (user.name, user.uid, user.groups, attributes)
        kept = self._decisions.get(key)
        if kept is None or kept[0] < self._clock.now():
            if len(self._decisions) >= _CACHE_SIZE:
                self._decisions.clear()
            decision = await self._decide(user, attributes)
            seconds = _ALLOWED_SECONDS if decision else _DENIED_SECONDS
            kept = self._decisions[key] = self._clock.now() + seconds, decision
        return kept[1]

    async def _review(self, token: str) -> User | None:
        kind = token_review.KIND
        review = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": {"token": token}}
        status: dict[str, Any] = (await self._client.create(kind, review)).get("status") or {}
        if not status.get("authenticated"):
            return None
        user = status["user"]
        groups, extra = user.get("groups") or (), user.get("extra") or {}
        return User(user["username"], user.get("uid") or "", tuple(groups), extra)

    async def _decide(self, user: User, attributes: Attributes) -> bool:
        kind = subject_access_review.KIND
        spec = {"user": user.name, "uid": user.uid, "groups": list(user.groups), "extra": user.extra}
        about = dict(attributes)
        spec["nonResourceAttributes" if "path" in about else "resourceAttributes"] = about
        review = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": spec}
        return bool((await self._client.create(kind, review)).get("status", "allowed"))
