"""Acting as somebody else: upstream v1.36.2's answers."""

from __future__ import annotations

from typing import Any

import pytest

from kfast.apiserver.authz.authorizer import Decision, Rule
from kfast.apiserver.filters.impersonation import impersonate
from kfast.apiserver.request_info import RequestInfo
from kfast.errors import StatusError
from kfast.http.message import read_headers
from kfast.meta.exchange import User

REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
MAP = "/api/v1/namespaces/default/configmaps/x"


def headers(*fields: tuple[str, str]) -> dict[str, str]:
    return read_headers([(f"Impersonate-{name}".encode(), value.encode()) for name, value in fields])


@pytest.mark.parametrize(
    ("fields", "info"),
    [
        ([("User", "bob")], {"username": "bob", "groups": ["system:authenticated"]}),
        (
            [("User", "bob"), ("Extra-Foo%2fBar", "a"), ("Uid", "3"), ("Group", "x,y"), ("Group", "z")],
            {
                "username": "bob",
                "uid": "3",
                "groups": ["x,y", "z", "system:authenticated"],
                "extra": {"foo/bar": ["a"]},
            },
        ),
        (
            [("User", "system:node:n1")],
            {"username": "system:node:n1", "groups": ["system:nodes", "system:authenticated"]},
        ),
        (
            [("User", "system:serviceaccount:ns:sa")],
            {
                "username": "system:serviceaccount:ns:sa",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
            },
        ),
        (
            [("User", "root"), ("Group", "system:masters")],
            {"username": "root", "groups": ["system:masters", "system:authenticated"]},
        ),
    ],
)
async def test_an_administrator_is_whoever_is_asked_for(call: Any, fields: Any, info: Any) -> None:
    answer = await call("POST", REVIEWS, {}, headers=headers(*fields))
    assert answer.code == 201
    assert answer.body["status"]["userInfo"] == info


async def test_the_anonymous_are_not_authenticated(call: Any) -> None:
    answer = await call("GET", MAP, headers=headers(("User", "system:anonymous")))
    assert answer.code == 403
    assert 'User "system:anonymous" cannot get' in answer.body["message"]


async def test_the_rights_are_those_of_the_other(call: Any) -> None:
    answer = await call("GET", MAP, headers=headers(("User", "bob")))
    assert (answer.code, answer.body["message"]) == (
        403,
        'configmaps "x" is forbidden: User "bob" cannot get resource "configmaps" in API group "" '
        'in the namespace "default"',
    )
    assert (await call("GET", MAP, headers=headers(("User", "a"), ("Group", "system:masters")))).code == 404


async def test_groups_without_a_user(call: Any) -> None:
    answer = await call("GET", MAP, headers=headers(("Group", "g")))
    assert (answer.code, answer.body["message"]) == (
        400,
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} '
        "without impersonating a user name",
    )


class Allows:
    """Allows what one of its rules covers."""

    def __init__(self, *rules: Rule) -> None:
        self._rules = rules

    async def authorize(self, _user: User, info: RequestInfo) -> Decision:
        return Decision(any(rule.matches(info) for rule in self._rules))

    def rules(self, _user: User, _namespace: str) -> tuple[Rule, ...]:
        return self._rules


def reading() -> RequestInfo:
    info = RequestInfo("", "list")
    info.is_resource, info.resource, info.namespace = True, "pods", "default"
    return info


async def test_a_constrained_caller_needs_both_rights() -> None:
    on = Rule(("impersonate-on:user-info:list",), ("",), ("pods",))
    user = Rule(("impersonate:user-info",), ("authentication.k8s.io",), ("users",))
    wanted = User("bob")
    assert (await impersonate(Allows(on, user), User("jane"), wanted, reading())).name == "bob"
    for rules, refused in (((user,), "impersonate-on:user-info:list"), ((on,), "impersonate:user-info")):
        with pytest.raises(StatusError, match=f'User "jane" cannot {refused} resource'):
            await impersonate(Allows(*rules), User("jane"), wanted, reading())
    with pytest.raises(StatusError, match='cannot impersonate:user-info resource "groups"'):
        await impersonate(Allows(on, user), User("jane"), User("bob", groups=("g",)), reading())


async def test_the_plain_right_is_enough() -> None:
    plain = Rule(("impersonate",), ("",), ("users", "groups"))
    wanted = User("bob", groups=("system:masters",))
    assert (await impersonate(Allows(plain), User("jane"), wanted, reading())).groups[0] == "system:masters"


async def test_an_agent_acts_as_its_own_node_only() -> None:
    rules = (
        Rule(("impersonate-on:associated-node:list",), ("",), ("pods",)),
        Rule(("impersonate:associated-node",), ("authentication.k8s.io",), ("nodes",)),
    )
    extra = {"authentication.kubernetes.io/node-name": ["n1"]}
    agent = User("system:serviceaccount:ns:agent", extra=extra)
    assert (await impersonate(Allows(*rules), agent, User("system:node:n1"), reading())).groups[0] == "system:nodes"
    with pytest.raises(StatusError):
        await impersonate(Allows(*rules), agent, User("system:node:n2"), reading())
