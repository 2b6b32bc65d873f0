"""The cluster's own certificate authority, its leaf certificates and the service-account signing key.

Everything is ECDSA P-256 (a key takes microseconds, RSA a tenth of a second). With a directory the files carry
kubeadm's names (`ca.crt`, `ca.key`, `apiserver.crt`, ..., `sa.key`, `sa.pub`), keys are readable by their owner only,
and a restart reuses them; leaves near their end are issued anew. Without a directory everything lives in memory.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kfast.errors import KfastError
from kfast.http.certificates import KeyPair, subject

CA_LIFETIME = dt.timedelta(days=3650)
LEAF_LIFETIME = dt.timedelta(days=365)
RENEW_BEFORE = dt.timedelta(days=30)
BACKDATE = dt.timedelta(minutes=5)

FRONT_PROXY = "front-proxy-client"
"""The name in the certificates of front proxies."""

SERVICE_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
    "127.0.0.1",
    "::1",
    "10.96.0.1",
)

_PKCS8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class PKI:
    """Certificates and keys of one cluster. Raises KfastError if a stored file is not what its name says."""

    def __init__(self, directory: Path | None, now: float) -> None:
        self._directory = directory
        self._memory: dict[str, bytes] = {}
        self._now = dt.datetime.fromtimestamp(now, dt.UTC)
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.ca = self._authority()
        self._ca_certificate = x509.load_pem_x509_certificate(self.ca.certificate)
        self._ca_key = _private_key(self.ca.key)

    def server(self, hosts: Iterable[str] = ()) -> KeyPair:
        """The API server's certificate for the well-known names, this machine's and `hosts`."""
        names = list(dict.fromkeys((*SERVICE_NAMES, socket.gethostname(), *hosts)))
        return self._leaf("apiserver", "kube-apiserver", (), [n for n in names if n])

    def client(self, file: str, user: str, groups: Sequence[str] = ()) -> KeyPair:
        """A client certificate (CN the user, O the groups), kept as `<file>.crt` and `<file>.key`."""
        return self._leaf(file, user, tuple(groups), None)

    def admin(self) -> KeyPair:
        """The certificate `kubectl` gets: group system:masters may do everything."""
        return self.client("admin", "kubernetes-admin", ("system:masters",))

    def kubelet_server(self) -> KeyPair:
        """What simulated nodes serve with, whatever their address: API servers do not verify it by default."""
        return self._leaf("kubelet", "kubelet", (), ["localhost", "127.0.0.1"])

    def kubelet_client(self) -> KeyPair:
        """What the API server shows to nodes."""
        return self.client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", ("system:masters",))

    @property
    def front_proxy_ca(self) -> bytes:
        """The authority of front proxies, PEM; made on first use."""
        return self._authority("front-proxy-ca").certificate

    def front_proxy_client(self) -> KeyPair:
        """What the API server shows to aggregated API servers."""
        return self._leaf("front-proxy-client", FRONT_PROXY, (), None, self._authority("front-proxy-ca"))

    @property
    def service_account_key(self) -> bytes:
        """The key that signs service-account tokens, PEM; made on first use."""
        stored = self._read("sa.key")
        if stored is None:
            key = ec.generate_private_key(ec.SECP256R1())
            stored = key.private_bytes(*_PKCS8)
            self._write("sa.pub", _public_pem(key.public_key()))
            self._write("sa.key", stored)
        return stored

    def _authority(self, file: str = "ca") -> KeyPair:
        stored = self._stored(file)
        if stored is not None:
            certificate = x509.load_pem_x509_certificate(stored.certificate)
            if certificate.not_valid_after_utc > self._now:
                return stored
        key = ec.generate_private_key(ec.SECP256R1())
        common_name = "kubernetes" if file == "ca" else file
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        public = key.public_key()
        certificate = (
            _builder(name, name, public, self._now, CA_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(key, hashes.SHA256())
        )
        return self._store(file, certificate, key)

    def _leaf(
        self,
        file: str,
        user: str,
        groups: tuple[str, ...],
        hosts: list[str] | None,
        authority: KeyPair | None = None,
    ) -> KeyPair:
        issuer, issuer_key = self._ca_certificate, self._ca_key
        if authority is not None:
            issuer = x509.load_pem_x509_certificate(authority.certificate)
            issuer_key = _private_key(authority.key)
        stored = self._stored(file)
        if stored is not None and self._usable(stored, user, groups, hosts, issuer):
            return stored
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
            + [x509.NameAttribute(NameOID.COMMON_NAME, user)]
        )
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if hosts is None else ExtendedKeyUsageOID.SERVER_AUTH
        builder = (
            _builder(subject, issuer.subject, key.public_key(), self._now, LEAF_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )
        if hosts is not None:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False
            )
        return self._store(file, builder.sign(issuer_key, hashes.SHA256()), key)

    def _usable(
        self,
        stored: KeyPair,
        user: str,
        groups: tuple[str, ...],
        hosts: list[str] | None,
        issuer: x509.Certificate,
    ) -> bool:
        """Whether a stored leaf is ours, says what is asked, and has time left."""
        certificate = x509.load_pem_x509_certificate(stored.certificate)
        if certificate.not_valid_after_utc - RENEW_BEFORE <= self._now:
            return False
        try:
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError):
            return False
        if subject(certificate) != (user, groups):
            return False
        if hosts is None:
            return True
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return set(names) >= {_general_name(host) for host in hosts}

    def _stored(self, file: str) -> KeyPair | None:
        certificate, key = self._read(f"{file}.crt"), self._read(f"{file}.key")
        if certificate is None or key is None:
            return None
        try:
            public = x509.load_pem_x509_certificate(certificate).public_key()
        except ValueError as error:
            raise KfastError(f"{self._directory}/{file}.crt is no PEM certificate: {error}; remove it") from error
        if not isinstance(public, ec.EllipticCurvePublicKey) or _public_pem(public) != _public_pem(
            _private_key(key).public_key()
        ):
            return None  # a restart between the two writes: issue the pair anew
        return KeyPair(certificate, key)

    def _store(self, file: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
        pair = KeyPair(certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(*_PKCS8))
        self._write(f"{file}.key", pair.key)
        self._write(f"{file}.crt", pair.certificate)
        return pair

    def _read(self, name: str) -> bytes | None:
        if self._directory is None:
            return self._memory.get(name)
        try:
            return (self._directory / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KfastError(f"cannot read {self._directory / name}: {error.strerror}") from error

    def _write(self, name: str, data: bytes) -> None:
        """Replaces a file whole, so that a crash leaves the old one."""
        if self._directory is None:
            self._memory[name] = data
            return
        path = self._directory / name
        temporary = path.with_name(f".{name}.tmp")
        mode = 0o600 if name.endswith(".key") else 0o644
        temporary.unlink(missing_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
        temporary.replace(path)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime, lifetime: dt.timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + lifetime)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise KfastError(f"a stored private key is unreadable: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KfastError("a stored private key is no elliptic-curve key")
    return key


def _public_pem(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
