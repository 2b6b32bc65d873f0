"""Reviews: who is this, may they, what may I; and the tokens of service accounts."""

from __future__ import annotations

import dataclasses
import time

import pytest
from api_server import running

from kfast.apiserver.authn.static_tokens import StaticTokens
from kfast.apiserver.pki import PKI
from kfast.meta.exchange import Request, User

AUTHN, AUTHZ = "/apis/authentication.k8s.io/v1", "/apis/authorization.k8s.io/v1"
DEV = User("dev", "7", ("qa", "system:authenticated"), {"k": ["v"]})
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


@pytest.fixture
async def api(clock):
    tokens = (StaticTokens({"secret": DEV}),)
    async with running(clock=clock, pki=PKI(None, time.time()), tokens=tokens) as server:
        yield server


@pytest.fixture
def dev(call):
    return dataclasses.replace(call, user=DEV)


def review(kind: str, group: str, **spec) -> dict:
    return {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}


def authn(kind: str, **spec) -> dict:
    return review(kind, "authentication.k8s.io", **spec)


def authz(kind: str, **spec) -> dict:
    return review(kind, "authorization.k8s.io", **spec)


async def test_self_subject_review(dev):
    answer = await dev("POST", f"{AUTHN}/selfsubjectreviews", authn("SelfSubjectReview"))
    assert answer.code == 201
    assert answer.body["status"]["userInfo"] == {
        "username": "dev",
        "uid": "7",
        "groups": ["qa", "system:authenticated"],
        "extra": {"k": ["v"]},
    }


async def test_token_review(call):
    path = f"{AUTHN}/tokenreviews"
    known = await call.ok("POST", path, authn("TokenReview", token="secret"))
    assert known["status"]["authenticated"] is True
    assert known["status"]["user"]["username"] == "dev"
    unknown = await call.ok("POST", path, authn("TokenReview", token="nope"))
    assert "authenticated" not in unknown["status"]
    assert unknown["status"]["error"]
    assert (await call("POST", path, authn("TokenReview"))).code == 400


PODS = {"verb": "list", "resource": "pods", "namespace": "default"}


async def test_access_reviews(call, dev):
    mine = authz("SelfSubjectAccessReview", resourceAttributes=PODS)
    assert (await call.ok("POST", f"{AUTHZ}/selfsubjectaccessreviews", mine))["status"] == {"allowed": True}
    assert (await dev.ok("POST", f"{AUTHZ}/selfsubjectaccessreviews", mine))["status"] == {"allowed": False}
    theirs = authz("SubjectAccessReview", user="x", groups=["system:masters"], resourceAttributes=PODS)
    assert (await call.ok("POST", f"{AUTHZ}/subjectaccessreviews", theirs))["status"]["allowed"]
    assert (await dev("POST", f"{AUTHZ}/subjectaccessreviews", theirs)).code == 403
    path = authz("SubjectAccessReview", user="x", nonResourceAttributes={"path": "/metrics", "verb": "get"})
    assert not (await call.ok("POST", f"{AUTHZ}/subjectaccessreviews", path))["status"]["allowed"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"user": "x"}, "spec.resourceAttributes"),
        ({"resourceAttributes": PODS}, "spec.user"),
        ({"user": "x", "resourceAttributes": PODS, "nonResourceAttributes": {}}, "spec.nonResourceAttributes"),
    ],
)
async def test_contradictory_reviews_are_invalid(call, spec, field):
    answer = await call("POST", f"{AUTHZ}/subjectaccessreviews", authz("SubjectAccessReview", **spec))
    assert answer.code == 422
    assert [cause["field"] for cause in answer.body["details"]["causes"]] == [field]


async def test_local_review_asks_for_its_own_namespace(call):
    path = f"{AUTHZ}/namespaces/default/localsubjectaccessreviews"
    spec = {"user": "x", "groups": ["system:masters"], "resourceAttributes": PODS}
    assert (await call.ok("POST", path, authz("LocalSubjectAccessReview", **spec)))["status"]["allowed"]
    other = spec | {"resourceAttributes": PODS | {"namespace": "kube-system"}}
    assert (await call("POST", path, authz("LocalSubjectAccessReview", **other))).code == 422


async def test_rules_review_lists_what_the_caller_may(call, dev):
    body = authz("SelfSubjectRulesReview", namespace="default")
    everything = (await call.ok("POST", f"{AUTHZ}/selfsubjectrulesreviews", body))["status"]
    assert everything["resourceRules"] == [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    little = (await dev.ok("POST", f"{AUTHZ}/selfsubjectrulesreviews", body))["status"]
    assert "selfsubjectreviews" in [r for rule in little["resourceRules"] for r in rule["resources"]]
    assert "/healthz" in little["nonResourceRules"][0]["nonResourceURLs"]
    assert (await dev("POST", f"{AUTHZ}/selfsubjectrulesreviews", authz("SelfSubjectRulesReview"))).code == 400


async def account(call, name: str = "sa") -> None:
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
    await call.ok("POST", ACCOUNTS, body)


async def test_requested_token_authenticates_until_its_account_goes(api, call):
    await account(call)
    answer = await call("POST", f"{ACCOUNTS}/sa/token", authn("TokenRequest", expirationSeconds=600))
    assert answer.code == 201
    assert answer.body["spec"]["audiences"] == ["https://kubernetes.default.svc.cluster.local"]
    token = answer.body["status"]["token"]
    request = Request("GET", "/api", headers={"authorization": f"Bearer {token}"})
    assert api.authentication.authenticate(request).name == "system:serviceaccount:default:sa"
    await call.ok("DELETE", f"{ACCOUNTS}/sa")
    assert (await api.handle(Request("GET", "/api", headers=request.headers))).status == 401


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"expirationSeconds": 599}, 422, "may not specify a duration less than 10 minutes"),
        ({"expirationSeconds": (1 << 32) + 1}, 422, "may not specify a duration larger than 2^32 seconds"),
        ({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "none"}}, 404, 'pods "none" not found'),
        ({"boundObjectRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "x"}}, 400, "cannot bind token"),
    ],
)
async def test_unfit_token_requests(call, spec, code, message):
    await account(call)
    answer = await call("POST", f"{ACCOUNTS}/sa/token", authn("TokenRequest", **spec))
    assert answer.code == code
    assert message in answer.body["message"]
    assert (await call("POST", f"{ACCOUNTS}/missing/token", authn("TokenRequest"))).code == 404


async def test_token_is_bound_to_a_pod_of_the_same_account(call):
    await account(call)
    await account(call, "other")
    spec = {"serviceAccountName": "sa", "containers": [{"name": "c", "image": "i"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    uid = (await call.ok("POST", "/api/v1/namespaces/default/pods", pod))["metadata"]["uid"]
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p"}
    await call.ok("POST", f"{ACCOUNTS}/sa/token", authn("TokenRequest", boundObjectRef=reference | {"uid": uid}))
    wrong = await call("POST", f"{ACCOUNTS}/other/token", authn("TokenRequest", boundObjectRef=reference))
    assert wrong.code == 400
    stale = await call("POST", f"{ACCOUNTS}/sa/token", authn("TokenRequest", boundObjectRef=reference | {"uid": "x"}))
    assert stale.code == 409
