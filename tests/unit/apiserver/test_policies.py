"""Admission policies at work: whom they concern, what they say, what they change."""

from __future__ import annotations

from typing import Any

import pytest

GROUP = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE = {"Content-Type": "application/merge-patch+json"}


def rule(
    resource: str = "configmaps", operations: tuple[str, ...] = ("CREATE", "UPDATE"), group: str = "", **more: Any
):
    return {"apiGroups": [group], "apiVersions": ["v1"], "operations": list(operations), "resources": [resource]} | more


def config_map(name: str, labels: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels or {}}, "data": data}


def deployment(name: str) -> dict[str, Any]:
    labels = {"a": "b"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def policy(call):
    """Makes a policy and its binding, both of a name."""

    async def policy(how: str, name: str, spec: dict[str, Any], **binding: Any) -> None:
        body = {"metadata": {"name": name}, "spec": {"matchConstraints": {"resourceRules": [rule()]}} | spec}
        answer = await call("POST", f"{GROUP}/{how}admissionpolicies", body)
        assert answer.code == 201, answer.body
        bound = {"policyName": name} | binding
        if how == "validating":
            bound.setdefault("validationActions", ["Deny"])
        answer = await call(
            "POST", f"{GROUP}/{how}admissionpolicybindings", {"metadata": {"name": f"{name}-b"}, "spec": bound}
        )
        assert answer.code == 201, answer.body

    return policy


async def test_a_denial_names_policy_and_binding(call, policy):
    await policy(
        "validating", "p", {"validations": [{"expression": "object.metadata.name != 'no'", "message": "not so"}]}
    )
    assert (await call("POST", MAPS, config_map("yes"))).code == 201
    answer = await call("POST", MAPS, config_map("no"))
    told = "ValidatingAdmissionPolicy 'p' with binding 'p-b' denied request: not so"
    assert answer.code == 422
    assert answer.body["reason"] == "Invalid"
    assert answer.body["message"] == f'configmaps "no" is forbidden: {told}'
    assert answer.body["details"]["causes"] == [{"message": told}]


async def test_reasons_and_messages(call, policy):
    validations = [
        {"expression": "object.metadata.name != 'a'", "reason": "Forbidden"},
        {"expression": "object.metadata.name != 'b'", "messageExpression": "'b in ' + namespaceObject.metadata.name"},
        {
            "expression": "object.metadata.name != 'c'",
            "messageExpression": "string(object.nope)",
            "message": "fallback",
        },
        {"expression": "object.metadata.name != 'd' || object.nope == 1"},
    ]
    await policy("validating", "p", {"validations": validations})
    ends = {
        "a": "denied request: failed expression: object.metadata.name != 'a'",
        "b": "denied request: b in default",
        "c": "denied request: fallback",
        "d": f"denied request: expression '{validations[3]['expression']}' resulted in error: no such key: nope",
    }
    for name, end in ends.items():
        answer = await call("POST", MAPS, config_map(name))
        assert answer.code == (403 if name == "a" else 422)
        assert answer.body["message"].endswith(end)


async def test_warnings_and_audit(call, policy):
    await policy(
        "validating", "p", {"validations": [{"expression": "false", "message": "hm"}]}, validationActions=["Warn"]
    )
    answer = await call("POST", MAPS, config_map("a"))
    assert answer.code == 201
    assert list(answer.warnings) == ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-b': hm"]


async def test_failures_may_be_ignored(call, policy):
    await policy("validating", "p", {"validations": [{"expression": "object.nope == 1"}], "failurePolicy": "Ignore"})
    assert (await call("POST", MAPS, config_map("a"))).code == 201


async def test_match_conditions_and_selectors(call, policy):
    conditions = [{"name": "c", "expression": "object.metadata.name.startsWith('x')"}]
    await policy("validating", "p", {"validations": [{"expression": "false"}], "matchConditions": conditions})
    await policy(
        "validating",
        "q",
        {"validations": [{"expression": "false"}]},
        matchResources={"objectSelector": {"matchLabels": {"checked": "yes"}}},
    )
    assert (await call("POST", MAPS, config_map("a"))).code == 201
    assert (await call("POST", MAPS, config_map("x"))).code == 422
    assert (await call("POST", MAPS, config_map("b", {"checked": "yes"}))).code == 422


async def test_what_is_deleted(call, policy):
    rules = {"resourceRules": [rule(operations=("DELETE",), resourceNames=["keep"])]}
    validations = [{"expression": "oldObject.metadata.name == 'x'", "message": "kept"}]
    await policy("validating", "p", {"validations": validations, "matchConstraints": rules})
    for name in ("keep", "go"):
        await call("POST", MAPS, config_map(name))
    assert (await call("DELETE", f"{MAPS}/go")).code == 200
    assert (await call("DELETE", f"{MAPS}/keep")).code == 422


async def test_parameters(call, policy):
    spec = {
        "validations": [{"expression": "object.data.x.size() <= int(params.data.max)"}],
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "matchConstraints": {"resourceRules": [rule()], "objectSelector": {"matchLabels": {"l": "l"}}},
    }
    reference = {"name": "limits", "parameterNotFoundAction": "Deny"}
    await policy("validating", "p", spec, paramRef=reference)
    body = config_map("a", {"l": "l"}, x="abc")
    answer = await call("POST", MAPS, body)
    assert answer.body["message"].endswith(
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    )
    await call("POST", MAPS, config_map("limits", max="2"))
    assert (await call("POST", MAPS, body)).code == 422
    await call("PATCH", f"{MAPS}/limits", {"data": {"max": "3"}}, MERGE)
    assert (await call("POST", MAPS, body)).code == 201


async def test_variables_are_computed_when_read(call, policy):
    spec = {
        "variables": [
            {"name": "n", "expression": "int(object.data.n)"},
            {"name": "twice", "expression": "variables.n * 2"},
        ],
        "validations": [{"expression": "!has(object.data) || variables.twice < 10"}],
    }
    await policy("validating", "p", spec)
    assert (await call("POST", MAPS, config_map("none"))).code == 201
    assert (await call("POST", MAPS, config_map("few", n="4"))).code == 201
    assert (await call("POST", MAPS, config_map("many", n="5"))).code == 422


async def test_the_authorizer_is_asked(call, policy):
    check = "authorizer.serviceAccount('default', 'x').group('').resource('pods').check('get').allowed()"
    validations = [{"expression": "authorizer.requestResource.check('create').allowed()"}, {"expression": check}]
    await policy("validating", "p", {"validations": validations})
    answer = await call("POST", MAPS, config_map("a"))
    assert answer.body["message"].endswith(f"failed expression: {check}")


async def test_policies_are_no_matter_for_policies(call, policy):
    everything = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
    await policy(
        "validating",
        "p",
        {"validations": [{"expression": "false"}], "matchConstraints": {"resourceRules": [everything]}},
    )
    assert (await call("POST", MAPS, config_map("a"))).code == 422
    assert (await call("DELETE", f"{GROUP}/validatingadmissionpolicybindings/p-b")).code == 200
    assert (await call("POST", MAPS, config_map("a"))).code == 201


def apply(expression: str) -> dict[str, Any]:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def patch(expression: str) -> dict[str, Any]:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


async def test_configurations_are_laid_over_the_object(call, policy):
    containers = "[Object.spec.template.spec.containers{name: 'side', image: 'img'}]"
    pod_spec = f"Object.spec.template.spec{{containers: {containers}}}"
    whole = f"Object{{spec: Object.spec{{template: Object.spec.template{{spec: {pod_spec}}}}}}}"
    spec = {
        "mutations": [apply(whole), patch("[JSONPatch{op: 'replace', path: '/spec/replicas', value: 5}]")],
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [rule("deployments", group="apps")]},
    }
    await policy("mutating", "m", spec)
    made = (await call("POST", DEPLOYMENTS, deployment("d"))).body
    assert [c["name"] for c in made["spec"]["template"]["spec"]["containers"]] == ["c", "side"]
    assert made["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] == "Always"
    assert made["spec"]["replicas"] == 5


async def test_patches_and_their_faults(call, policy):
    expression = (
        "object.metadata.name == 'bad' ? [JSONPatch{op: 'remove', path: '/nope'}] : "
        "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: 'c'}]"
    )
    await policy("mutating", "m", {"mutations": [patch(expression)], "reinvocationPolicy": "Never"})
    assert (await call("POST", MAPS, config_map("a", {"l": "l"}))).body["metadata"]["labels"] == {"l": "l", "a/b": "c"}
    answer = await call("POST", MAPS, config_map("bad", {"l": "l"}))
    assert answer.code == 403
    assert answer.body["message"].startswith("policy 'm' with binding 'm-b' denied request: JSON Patch: ")


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("Object{spec: Object.wrong{}}", 'type mismatch: unexpected type name "Object.wrong", expected "Object.spec"'),
        ("Object{spec: Object.spec{nope: 1}}", ".spec.nope: field not declared in schema"),
        (
            "Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: "
            "[Object.spec.template.spec.containers{name: 'c', args: ['x']}]}}}}",
            "may not mutate atomic arrays, maps or structs: .spec.template.spec.containers[0].args",
        ),
    ],
)
async def test_configurations_that_do_not_fit(call, policy, expression, why):
    spec = {
        "mutations": [apply(expression)],
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [rule("deployments", group="apps")]},
    }
    await policy("mutating", "m", spec)
    answer = await call("POST", DEPLOYMENTS, deployment("d"))
    assert answer.code == 403
    assert why in answer.body["message"]


async def test_policies_are_invoked_again_if_the_object_changed(call, policy):
    count = "int(object.data.n)"
    first = patch(f"{count} < 9 ? [JSONPatch{{op: 'replace', path: '/data/n', value: string({count} + 1)}}] : []")
    await policy("mutating", "a", {"mutations": [first], "reinvocationPolicy": "IfNeeded"})
    await policy("mutating", "b", {"mutations": [first], "reinvocationPolicy": "Never"})
    made = (await call("POST", MAPS, config_map("c", n="0"))).body
    assert made["data"]["n"] == "3"
