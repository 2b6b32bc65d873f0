"""TLS between components: contexts, and who a client certificate is: common name the user, organizations the groups."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from kfast.clock import Clock
from kfast.meta.exchange import User

UID_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57683.2")
"""Subject attribute that carries the user's uid, as upstream since 1.33."""

_CACHE_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


class CertificateAuthenticator:
    """Reads identities from certificates the TLS layer has verified; each certificate is read once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[bytes, tuple[User | None, float]] = {}

    def authenticate(self, der: bytes) -> User | None:
        """The user, or None if the certificate names none or is past its end."""
        known = self._known.get(der)
        if known is None:
            if len(self._known) >= _CACHE_SIZE:
                self._known.clear()
            known = self._known[der] = _read(der)
        user, end = known
        return user if self._clock.now() <= end else None


def _read(der: bytes) -> tuple[User | None, float]:
    try:
        certificate = x509.load_der_x509_certificate(der)
        name, groups = subject(certificate)
        uids = certificate.subject.get_attributes_for_oid(UID_OID)
    except ValueError:
        return None, 0.0
    end = certificate.not_valid_after_utc.timestamp()
    if not name:
        return None, end
    uid = str(uids[0].value) if uids else ""
    return User(name, uid, (*groups, "system:authenticated"), _credential(certificate)), end


def _credential(certificate: x509.Certificate) -> dict[str, list[str]]:
    digest = certificate.fingerprint(SHA256()).hex()
    return {"authentication.kubernetes.io/credential-id": [f"X509SHA256={digest}"]}


def server_context(server: KeyPair, client_ca: bytes) -> ssl.SSLContext:
    """TLS for a server: 1.2 and up; a client certificate is welcome but must come from `client_ca`, PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=client_ca.decode())
    context.set_alpn_protocols(["http/1.1"])
    _load(context, server)
    return context


def client_context(identity: KeyPair | None, ca: bytes | None = None, *, system: bool = False) -> ssl.SSLContext:
    """TLS for a client that shows `identity` and trusts the authorities in `ca`, PEM, those of the `system` instead if
    asked to, and any server if there is neither. Raises ValueError for a `ca` without certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if system:
        context.load_default_certs()
    elif ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        try:
            context.load_verify_locations(cadata=ca.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError):
            raise ValueError("unable to load root certificates: unable to parse bytes as PEM block") from None
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.hostname_checks_common_name = False
    if identity is not None:
        _load(context, identity)
    return context


def _load(context: ssl.SSLContext, pair: KeyPair) -> None:
    with tempfile.NamedTemporaryFile(prefix="kfast-", suffix=".pem") as file:  # ssl takes keys from files only
        file.write(pair.key + pair.certificate)
        file.flush()
        context.load_cert_chain(file.name)


def subject(certificate: x509.Certificate) -> tuple[str, tuple[str, ...]]:
    """The common name and the organizations: user and groups."""
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    organizations = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return (str(common[0].value) if common else "", tuple(str(o.value) for o in organizations))
