"""Who may refer to the parameters of admission policies, and what authorizers are told of selectors."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from api_server import running

from kfast.apiserver.authz.authorizer import ComponentAuthorizer, Decision
from kfast.apiserver.request_info import RequestInfo
from kfast.meta.exchange import User

GROUP = "/apis/admissionregistration.k8s.io/v1"
MERGE = {"Content-Type": "application/merge-patch+json"}
BOB = User("bob", "7", ("devs", "system:authenticated"), {"k": ["v", "w"]})
SHOWN = "&{bob 7 [devs system:authenticated] map[k:[v w]]}"
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap"}
SECRET = {"apiVersion": "v1", "kind": "Secret"}
UNKNOWN = {"apiVersion": "x.io/v1", "kind": "X"}
ALL = "for all groups, versions and resources"


class Registrar(ComponentAuthorizer):
    """bob registers policies, reads ConfigMaps and one Secret, and lists the pods of one node."""

    async def authorize(self, user: User, info: RequestInfo) -> Decision:
        """Whether it may."""
        if user.name != "bob":
            return await super().authorize(user, info)
        if info.resource == "broken":
            return Decision(False, "", "no answer")
        on_node = [(r.key, r.operator, r.values) for r in info.fields.requirements]
        labelled = [(r.key, r.operator, r.values) for r in info.labels.requirements]
        return Decision(
            info.api_group == "admissionregistration.k8s.io"
            or (info.resource == "configmaps" and info.verb in ("get", "create"))
            or (info.resource == "secrets" and info.name == "own")
            or (info.resource == "pods" and on_node == [("spec.nodeName", "In", ("n",))])
            or (info.resource == "services" and labelled == [("a", "Exists", ()), ("b", "NotIn", ("c", "d"))])
        )


@pytest.fixture
async def api(clock):
    async with running(clock=clock, authorizer=Registrar()) as server:
        yield server


@pytest.fixture
def bob(call):
    return dataclasses.replace(call, user=BOB)


def policy(how: str, name: str, kind: dict[str, str] | None) -> dict[str, Any]:
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]
    spec: dict[str, Any] = {"matchConstraints": {"resourceRules": rules}, "paramKind": kind}
    if how == "validating":
        spec["validations"] = [{"expression": "true"}]
    else:
        change = {"expression": "Object{}"}
        spec |= {"reinvocationPolicy": "Never"}
        spec["mutations"] = [{"patchType": "ApplyConfiguration", "applyConfiguration": change}]
    return {"metadata": {"name": name}, "spec": spec}


def binding(own: str, of: str, how: str, **reference: Any) -> dict[str, Any]:
    spec = {"policyName": of, "paramRef": {"parameterNotFoundAction": "Deny"} | reference}
    if how == "validating":
        spec["validationActions"] = ["Deny"]
    return {"metadata": {"name": own}, "spec": spec}


@pytest.mark.parametrize("how", ["validating", "mutating"])
async def test_a_policy_needs_leave_to_read_its_parameters(bob, how):
    path = f"{GROUP}/{how}admissionpolicies"
    assert (await bob("POST", path, policy(how, "a", CONFIG_MAP))).code == 201
    told = f'user {SHOWN} must have "get" permission on all objects of the referenced paramKind'
    for kind in (SECRET, UNKNOWN):
        answer = await bob("POST", path, policy(how, "b", kind))
        why = f"Forbidden: {told} (kind={kind['kind']}, apiVersion={kind['apiVersion']})"
        assert answer.code == 422
        cause = {"reason": "FieldValueForbidden", "message": why, "field": "spec.paramKind"}
        assert answer.body["details"]["causes"] == [cause]
    assert (await bob("PATCH", f"{path}/a", {"spec": {"paramKind": SECRET}}, MERGE)).code == 422


async def test_what_a_policy_already_refers_to_may_stay(call, bob):
    path = f"{GROUP}/validatingadmissionpolicies"
    await call.ok("POST", path, policy("validating", "a", SECRET))
    await bob.ok("PATCH", f"{path}/a", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    await bob.ok("PATCH", f"{path}/a", {"spec": {"paramKind": None}}, MERGE)


@pytest.mark.parametrize("how", ["validating", "mutating"])
async def test_a_binding_needs_leave_to_read_what_it_refers_to(call, bob, how):
    for name, kind in (("maps", CONFIG_MAP), ("secrets", SECRET), ("unknown", UNKNOWN)):
        await call.ok("POST", f"{GROUP}/{how}admissionpolicies", policy(how, name, kind))
    path = f"{GROUP}/{how}admissionpolicybindings"
    await bob.ok("POST", path, binding("a", "maps", how, name="x"))
    await bob.ok("POST", path, binding("b", "secrets", how, name="own"))

    def lacks(verb: str) -> str:
        who, what = (SHOWN, verb) if how == "validating" else (verb, SHOWN)
        return f'user {who} does not have "{what}" permission on the object referenced by paramRef'

    lacking = f'to determine minimum required permissions and user {SHOWN} does not have "get" permission {ALL}'
    refused = {
        lacks("list"): binding("c", "maps", how, selector={}),
        lacks("get"): binding("c", "secrets", how, name="other"),
        f"unable to resolve paramKind &{{x.io/v1 X}} {lacking}": binding("c", "unknown", how, name="x"),
        f"unable to get policy absent {lacking}": binding("c", "absent", how, name="x"),
    }
    for why, body in refused.items():
        answer = await bob("POST", path, body)
        cause = {"reason": "FieldValueForbidden", "message": f"Forbidden: {why}", "field": "spec.paramRef"}
        assert (answer.code, answer.body["details"]["causes"]) == (422, [cause])
        assert (await call("POST", path + "?dryRun=All", body)).code == 201


async def test_selectors_reach_the_authorizer(call, bob):
    pods = "/api/v1/pods?fieldSelector=spec.nodeName"
    assert (await bob("GET", f"{pods}%3Dn")).code == 200
    assert (await bob("GET", f"{pods}%3Dm")).code == 403
    named = await bob("GET", "/api/v1/pods?fieldSelector=metadata.name%3Dx")
    assert named.body["message"].startswith('pods "x" is forbidden')
    broken = await bob("GET", "/api/v1/broken")
    assert (broken.code, broken.body["message"]) == (500, "Internal error occurred: no answer")


async def test_expressions_ask_with_selectors(call, bob):
    pods = "authorizer.group('').resource('pods')"
    services = "authorizer.group('').resource('services').labelSelector"
    expressions = {
        "node": f"{pods}.fieldSelector('spec.nodeName=n').check('list').allowed()",
        "other": f"{pods}.fieldSelector('spec.nodeName=m').check('list').allowed()",
        "unread": f"{pods}.fieldSelector('((').check('list').allowed()",
        "labels": f"{services}('b notin (c, d), a').check('list').allowed()",
        "fewer": f"{services}('a').check('list').allowed()",
        "error": "authorizer.group('').resource('broken').check('get').error() == 'no answer'",
    }
    spec = policy("validating", "p", None)
    spec["spec"]["validations"] = [
        {"expression": f"object.metadata.name != '{name}' || {text}"} for name, text in expressions.items()
    ]
    await call.ok("POST", f"{GROUP}/validatingadmissionpolicies", spec)
    bound = {"policyName": "p", "validationActions": ["Deny"]}
    path = f"{GROUP}/validatingadmissionpolicybindings"
    await call.ok("POST", path, {"metadata": {"name": "p"}, "spec": bound})
    answers = {
        name: await bob("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": name}})
        for name in expressions
    }
    assert {name for name, answer in answers.items() if answer.code == 201} == {"node", "labels", "error"}


@pytest.mark.parametrize(
    ("selector", "allowed", "error"),
    [
        ({"fieldSelector": {"rawSelector": "spec.nodeName=n"}}, True, ""),
        ({"fieldSelector": {"requirements": [{"key": "spec.nodeName", "operator": "In", "values": ["n"]}]}}, True, ""),
        (
            {
                "fieldSelector": {
                    "requirements": [
                        {"key": "spec.nodeName", "operator": "In", "values": ["n"]},
                        {"key": "spec.nodeName", "operator": "Exists"},
                    ]
                }
            },
            True,
            "spec.resourceAttributes.fieldSelector partially ignored due to parse error",
        ),
        (
            {"fieldSelector": {"rawSelector": "x"}, "labelSelector": {"rawSelector": "(("}},
            False,
            "spec.resourceAttributes.fieldSelector ignored due to parse error; "
            "spec.resourceAttributes.labelSelector ignored due to parse error",
        ),
    ],
)
async def test_reviews_ask_with_selectors(call, selector, allowed, error):
    spec = {"user": "bob", "resourceAttributes": {"verb": "list", "resource": "pods"} | selector}
    answer = await call.ok("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": spec})
    assert answer["status"] == {"allowed": allowed} | ({"evaluationError": error} if error else {})
