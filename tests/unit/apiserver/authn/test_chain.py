"""Authentication: certificates, tokens, anonymity, and what is refused."""

from __future__ import annotations

import base64
import time

import jwt
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kfast._core import Object
from kfast.apiserver.authn.chain import Authentication
from kfast.apiserver.authn.service_account import Bound, ServiceAccountTokens
from kfast.apiserver.authn.static_tokens import StaticTokens
from kfast.apiserver.pki import PKI
from kfast.clock import rfc3339
from kfast.errors import KfastError, StatusError
from kfast.http.certificates import CertificateAuthenticator
from kfast.meta.exchange import Request, User


class FixedClock:
    def __init__(self, now: float) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


def thing(kind: str, namespace: str, name: str, uid: str, **meta) -> Object:
    metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": "1"} | meta
    return Object.parse(msgspec.json.encode({"apiVersion": "v1", "kind": kind, "metadata": metadata}))


@pytest.fixture
def clock():
    return FixedClock(time.time())


@pytest.fixture
def pki(clock):
    return PKI(None, clock.time)


@pytest.fixture
def objects():
    return {
        ("serviceaccounts", "ns", "sa"): thing("ServiceAccount", "ns", "sa", "u1"),
        ("pods", "ns", "p"): thing("Pod", "ns", "p", "u2"),
    }


@pytest.fixture
def tokens(pki, clock, objects):
    return ServiceAccountTokens(pki.service_account_key, clock, lambda *key: objects.get(key))


@pytest.fixture
def authentication(clock, tokens):
    static = StaticTokens({"secret": User("alice", "7", ("dev",))})
    return Authentication(CertificateAuthenticator(clock), [static, tokens])


def ask(authentication, token: str = "", certificate: bytes | None = None) -> User:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return authentication.authenticate(Request("GET", "/", headers=headers, peer_certificate=certificate))


def der(pair) -> bytes:
    return x509.load_pem_x509_certificate(pair.certificate).public_bytes(Encoding.DER)


def test_certificate_names_user_and_groups_until_it_ends(authentication, pki, clock):
    certificate = der(pki.client("bob", "bob", ("a", "b")))
    user = ask(authentication, certificate=certificate)
    assert (user.name, user.groups) == ("bob", ("a", "b", "system:authenticated"))
    assert user.extra["authentication.kubernetes.io/credential-id"][0].startswith("X509SHA256=")
    clock.time += 366 * 86400
    assert ask(authentication, certificate=certificate).name == "system:anonymous"


def test_certificate_comes_before_a_token_nobody_knows(authentication, pki):
    assert ask(authentication, "bad", der(pki.admin())).name == "kubernetes-admin"


def test_static_token(authentication):
    assert ask(authentication, "secret") == User("alice", "7", ("dev", "system:authenticated"))


@pytest.mark.parametrize("token", ["bad", "a.b.c", "x" * 100_000, "eyJhbGciOiJub25lIn0.e30."])
def test_unknown_token_is_401_and_none_is_anonymous(authentication, token):
    with pytest.raises(StatusError) as refused:
        ask(authentication, token)
    assert (refused.value.code, refused.value.reason, refused.value.message) == (401, "Unauthorized", "Unauthorized")
    user = ask(authentication)
    assert (user.name, user.groups) == ("system:anonymous", ("system:unauthenticated",))


def test_anonymity_can_be_refused(clock):
    with pytest.raises(StatusError):
        ask(Authentication(CertificateAuthenticator(clock), anonymous=False))


def test_token_file(tmp_path):
    path = tmp_path / "tokens.csv"
    path.write_text('t1,u1,1,"g1,g2"\n\nt2,u2,2\n')
    static = StaticTokens.read(path)
    assert static.authenticate("t1") == (User("u1", "1", ("g1", "g2")), ())
    assert static.authenticate("t3") is None
    path.write_text("t1,u1\n")
    with pytest.raises(KfastError, match=r"tokens\.csv:1"):
        StaticTokens.read(path)


def test_service_account_token_lives_as_long_as_its_objects(authentication, tokens, objects, clock):
    account = objects["serviceaccounts", "ns", "sa"]
    token, ends = tokens.issue(account, [tokens.issuer], 600, Bound("Pod", "p", "u2"))
    user = ask(authentication, token)
    assert user.name == "system:serviceaccount:ns:sa"
    assert user.uid == "u1"
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated")
    assert user.extra["authentication.kubernetes.io/pod-name"] == ["p"]
    assert ends == int(clock.time) + 600
    pod = objects.pop(("pods", "ns", "p"))
    with pytest.raises(StatusError):
        ask(authentication, token)
    objects["pods", "ns", "p"] = thing("Pod", "ns", "p", "u2", deletionTimestamp=rfc3339(clock.time - 30))
    assert ask(authentication, token).uid == "u1"
    clock.time += 31
    with pytest.raises(StatusError):
        ask(authentication, token)
    objects["pods", "ns", "p"] = pod
    objects["serviceaccounts", "ns", "sa"] = thing("ServiceAccount", "ns", "sa", "another")
    with pytest.raises(StatusError):
        ask(authentication, token)


def test_service_account_token_ends(authentication, tokens, objects, clock):
    token, _ = tokens.issue(objects["serviceaccounts", "ns", "sa"], [tokens.issuer], 600)
    clock.time += 599
    assert ask(authentication, token)
    clock.time += 1
    with pytest.raises(StatusError):
        ask(authentication, token)


def test_token_for_another_audience_or_of_another_cluster_is_refused(authentication, tokens, objects, clock):
    account = objects["serviceaccounts", "ns", "sa"]
    token, _ = tokens.issue(account, ["vault"], 600)
    with pytest.raises(StatusError):
        ask(authentication, token)
    assert authentication.token(token, ["vault", "x"])[1] == ("vault",)
    other = ServiceAccountTokens(PKI(None, clock.time).service_account_key, clock, lambda *key: objects.get(key))
    with pytest.raises(StatusError):
        ask(authentication, other.issue(account, [tokens.issuer], 600)[0])


def test_injected_token_lives_a_year_but_tells_an_hour(tokens, objects, clock):
    bound = Bound("Pod", "p", "u2")
    token, ends = tokens.issue(objects["serviceaccounts", "ns", "sa"], [tokens.issuer], 3607, bound)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert ends == int(clock.time) + 3607 == claims["kubernetes.io"]["warnafter"]
    assert claims["exp"] - claims["iat"] == 365 * 86400


def test_jwks_verifies_an_issued_token(tokens, objects):
    token, _ = tokens.issue(objects["serviceaccounts", "ns", "sa"], [tokens.issuer], 600)
    key = jwt.PyJWK(tokens.jwks()["keys"][0])
    assert jwt.get_unverified_header(token)["kid"] == key.key_id
    assert jwt.decode(token, key, audience=tokens.issuer)["sub"] == "system:serviceaccount:ns:sa"
    head, payload, signature = token.split(".")
    forged = base64.urlsafe_b64encode(base64.urlsafe_b64decode(payload + "==").replace(b'"u1"', b'"u2"')).decode()
    assert tokens.authenticate(f"{head}.{forged.rstrip('=')}.{signature}") is None
