"""The generated certificates: what they say, that they verify, and that a restart keeps them."""

from __future__ import annotations

import ssl
import time

import pytest
from cryptography import x509

from kfast.apiserver.pki import LEAF_LIFETIME, PKI
from kfast.errors import KfastError
from kfast.http.certificates import KeyPair, server_context, subject

NOW = time.time()
DAY = 86400


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> ssl.SSLObject:
    """A TLS handshake over memory; returns the server's side."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    a = client.wrap_bio(to_client, to_server, server_hostname=host)
    b = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (a, b):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return b


def client_context(ca: bytes, pair: KeyPair | None, tmp_path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca.decode())
    if pair:
        file = tmp_path / "client.pem"
        file.write_bytes(pair.key + pair.certificate)
        context.load_cert_chain(file)
    return context


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "kubernetes.default.svc", "10.96.0.1", "example.test"])
def test_server_certificate_serves_each_name(tmp_path, host):
    pki = PKI(None, NOW)
    server = server_context(pki.server(["example.test"]), pki.ca.certificate)
    side = handshake(server, client_context(pki.ca.certificate, pki.admin(), tmp_path), host)
    peer = x509.load_der_x509_certificate(side.getpeercert(binary_form=True))
    assert subject(peer) == ("kubernetes-admin", ("system:masters",))


def test_no_client_certificate_is_welcome_a_foreign_one_is_not(tmp_path):
    pki, rogue = PKI(None, NOW), PKI(None, NOW)
    server = server_context(pki.server(), pki.ca.certificate)
    assert handshake(server, client_context(pki.ca.certificate, None, tmp_path), "localhost").getpeercert() is None
    with pytest.raises(ssl.SSLError):
        handshake(server, client_context(pki.ca.certificate, rogue.admin(), tmp_path), "localhost")


def test_restart_reuses_every_file_and_keys_are_private(tmp_path):
    first = PKI(tmp_path / "pki", NOW)
    before = (first.ca, first.server(), first.admin(), first.service_account_key)
    second = PKI(tmp_path / "pki", NOW + DAY)
    assert before == (second.ca, second.server(), second.admin(), second.service_account_key)
    keys = list((tmp_path / "pki").glob("*.key"))
    assert len(keys) == 4
    assert all(key.stat().st_mode & 0o777 == 0o600 for key in keys)


def test_in_memory_pairs_are_issued_once():
    pki = PKI(None, NOW)
    assert pki.admin() == pki.admin()
    assert pki.service_account_key == pki.service_account_key


def test_leaf_near_its_end_or_for_new_hosts_is_issued_anew(tmp_path):
    first = PKI(tmp_path, NOW)
    server, admin = first.server(), first.admin()
    assert first.server(["new.test"]) != server
    late = PKI(tmp_path, NOW + LEAF_LIFETIME.total_seconds() - DAY)
    assert late.ca == first.ca
    assert late.admin() != admin


def test_pair_torn_by_a_crash_is_issued_anew_and_garbage_is_named(tmp_path):
    first = PKI(tmp_path, NOW)
    first.admin()
    (tmp_path / "admin.key").write_bytes(first.server().key)
    assert PKI(tmp_path, NOW).admin().certificate
    (tmp_path / "admin.crt").write_bytes(b"garbage")
    with pytest.raises(KfastError, match=r"admin\.crt is no PEM certificate"):
        PKI(tmp_path, NOW).admin()
