"""Who may what without RBAC, and the words of a refusal."""

from __future__ import annotations

import pytest

from kfast.apiserver.authz.authorizer import ComponentAuthorizer, Decision, Rule, Union, refusal
from kfast.apiserver.request_info import RequestInfo
from kfast.meta.exchange import User

ADMIN = User("a", groups=("system:masters", "system:authenticated"))
DEV = User("dev", groups=("system:authenticated",))
NOBODY = User("system:anonymous", groups=("system:unauthenticated",))
ROBOT = User("system:serviceaccount:n:s", groups=("system:serviceaccounts", "system:authenticated"))


def resource(
    verb: str, plural: str, group: str = "", namespace: str = "", name: str = "", sub: str = ""
) -> RequestInfo:
    info = RequestInfo("/x", verb)
    info.is_resource = True
    info.api_group, info.resource, info.namespace, info.name, info.subresource = group, plural, namespace, name, sub
    return info


@pytest.mark.parametrize(
    ("user", "info", "allowed"),
    [
        (ADMIN, resource("delete", "nodes"), True),
        (User("system:kube-scheduler"), resource("create", "pods", sub="binding"), True),
        (User("system:node:a", groups=("system:nodes",)), resource("patch", "nodes"), True),
        (DEV, resource("get", "pods"), False),
        (DEV, RequestInfo("/api/v1", "get"), True),
        (DEV, RequestInfo("/apis", "get"), True),
        (DEV, RequestInfo("/apis", "post"), False),
        (DEV, RequestInfo("/metrics", "get"), False),
        (DEV, resource("create", "selfsubjectaccessreviews", "authorization.k8s.io"), True),
        (DEV, resource("create", "subjectaccessreviews", "authorization.k8s.io"), False),
        (NOBODY, RequestInfo("/healthz", "get"), True),
        (NOBODY, RequestInfo("/api", "get"), False),
        (NOBODY, RequestInfo("/healthz/etcd", "get"), False),
        (NOBODY, resource("create", "selfsubjectreviews", "authentication.k8s.io"), False),
        (ROBOT, RequestInfo("/openid/v1/jwks", "get"), True),
        (DEV, RequestInfo("/openid/v1/jwks", "get"), False),
    ],
)
async def test_rules_without_rbac(user, info, allowed):
    assert (await ComponentAuthorizer().authorize(user, info)).allowed is allowed


@pytest.mark.parametrize(
    ("info", "message"),
    [
        (
            resource("list", "pods", namespace="default"),
            'pods is forbidden: User "dev" cannot list resource "pods" in API group "" in the namespace "default"',
        ),
        (
            resource("get", "nodes", name="n1"),
            'nodes "n1" is forbidden: User "dev" cannot get resource "nodes" in API group "" at the cluster scope',
        ),
        (
            resource("patch", "deployments", "apps", "d", "x", "scale"),
            'deployments.apps "x" is forbidden: User "dev" cannot patch resource "deployments/scale" '
            'in API group "apps" in the namespace "d"',
        ),
        (RequestInfo("/metrics", "get"), 'forbidden: User "dev" cannot get path "/metrics"'),
    ],
)
def test_refusals_read_as_upstreams(info, message):
    error = refusal(DEV, info)
    assert (error.code, error.reason, error.message) == (403, "Forbidden", message)


async def test_union_takes_the_first_allowance_and_tells_all_reasons():
    class One:
        def __init__(self, decision: Decision) -> None:
            self.decision = decision

        async def authorize(self, user, info):
            return self.decision

        def rules(self, user, namespace):
            return [Rule(("get",), paths=(self.decision.reason,))]

    no = Union([One(Decision(False, "a")), One(Decision(False, "b"))])
    assert await no.authorize(DEV, RequestInfo("/", "get")) == (False, "a\nb", "")
    assert [r.paths for r in no.rules(DEV, "")] == [("a",), ("b",)]
    lost = Union([One(Decision(False, "a", "x")), One(Decision(False, "", "y")), One(Decision(False, "", "x"))])
    assert await lost.authorize(DEV, RequestInfo("/", "get")) == (False, "a", "[x, y]")
    yes = Union([One(Decision(False, "a")), One(Decision(True))])
    assert (await yes.authorize(DEV, RequestInfo("/", "get"))).allowed
