"""Users whom a front proxy has authenticated: it shows its certificate and names them in headers."""

from __future__ import annotations

from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from kfast.http.certificates import subject
from kfast.meta.exchange import Request, User

USER_HEADER, UID_HEADER, GROUP_HEADER = "X-Remote-User", "X-Remote-Uid", "X-Remote-Group"
EXTRA_PREFIX = "X-Remote-Extra-"
_EXTRA = EXTRA_PREFIX.lower()
_CACHE_SIZE = 1000


class RequestHeaders:
    """Trusts certificates of `authority` (PEM) whose common name is one of `names`, any if there are none."""

    def __init__(self, authority: bytes, names: tuple[str, ...]) -> None:
        self._authority = x509.load_pem_x509_certificate(authority)
        self._names = names
        self._known: dict[bytes, str | None] = {}

    def proxies(self, certificate: bytes) -> bool:
        """Whether a certificate (DER) is of this authority: it stands for no user of its own."""
        return self._name(certificate) is not None

    def authenticate(self, request: Request) -> User | None:
        """Whom the proxy names; None if it names nobody or may not."""
        name = self._name(request.peer_certificate) if request.peer_certificate is not None else None
        if name is None or (self._names and name not in self._names):
            return None
        headers = request.headers
        user = headers.get(USER_HEADER.lower(), "")
        if not user:
            return None
        groups = tuple(g for g in headers.get(GROUP_HEADER.lower(), "").split(", ") if g)
        extra = {unquote(n[len(_EXTRA) :]): v.split(", ") for n, v in headers.items() if n.startswith(_EXTRA)}
        return User(user, headers.get(UID_HEADER.lower(), ""), groups, extra)

    def _name(self, certificate: bytes) -> str | None:
        """The common name if the authority issued the certificate."""
        if certificate not in self._known:
            if len(self._known) >= _CACHE_SIZE:
                self._known.clear()
            self._known[certificate] = self._read(certificate)
        return self._known[certificate]

    def _read(self, certificate: bytes) -> str | None:
        try:
            read = x509.load_der_x509_certificate(certificate)
            read.verify_directly_issued_by(self._authority)
        except (ValueError, TypeError, InvalidSignature):
            return None
        return subject(read)[0]
