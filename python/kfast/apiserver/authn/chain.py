"""Who asks: a front proxy's user, client certificate, then bearer token, then anonymous.

As upstream's union: the first authenticator that knows the caller decides; credentials that nobody accepts are 401,
no credentials are `system:anonymous`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from kfast.apiserver.authn.request_header import RequestHeaders
from kfast.apiserver.status_errors import unauthorized
from kfast.http.certificates import CertificateAuthenticator
from kfast.meta.exchange import Request, User

ALL_AUTHENTICATED = "system:authenticated"
ANONYMOUS = User("system:anonymous", groups=("system:unauthenticated",))


class TokenAuthenticator(Protocol):
    """One kind of bearer token."""

    def authenticate(self, token: str, audiences: Sequence[str] = ()) -> tuple[User, tuple[str, ...]] | None:
        """The user and those of `audiences` the token is for (the API server's own if none are given); None if the
        token is not one of this kind or not valid."""
        ...


class Authentication:
    """The authentication filter's decision."""

    def __init__(
        self,
        certificates: CertificateAuthenticator,
        tokens: Sequence[TokenAuthenticator] = (),
        *,
        anonymous: bool = True,
        proxies: RequestHeaders | None = None,
    ) -> None:
        self._certificates = certificates
        self._tokens = tuple(tokens)
        self._anonymous = anonymous
        self._proxies = proxies

    def authenticate(self, request: Request) -> User:
        """The caller. Raises the 401 StatusError."""
        if self._proxies is not None and request.peer_certificate is not None:
            proxied = self._proxies.authenticate(request)
            if proxied is not None:
                return authenticated(proxied)
        if request.peer_certificate is not None and not self._is_proxy(request.peer_certificate):
            user = self._certificates.authenticate(request.peer_certificate)
            if user is not None:
                return user
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token:
            known = self.token(token)
            if known is not None:
                return known[0]
            raise unauthorized()
        if not self._anonymous:
            raise unauthorized()
        return ANONYMOUS

    def _is_proxy(self, certificate: bytes) -> bool:
        return self._proxies is not None and self._proxies.proxies(certificate)

    def token(self, token: str, audiences: Sequence[str] = ()) -> tuple[User, tuple[str, ...]] | None:
        """The user behind a bearer token and the audiences it is for; what TokenReview asks."""
        for authenticator in self._tokens:
            known = authenticator.authenticate(token, audiences)
            if known is not None:
                return authenticated(known[0]), known[1]
        return None


def authenticated(user: User) -> User:
    """The user as a member of system:authenticated."""
    if ALL_AUTHENTICATED in user.groups or user.name == ANONYMOUS.name:
        return user
    return replace(user, groups=(*user.groups, ALL_AUTHENTICATED))
