"""Expressions of policies against the types their rules name."""

from __future__ import annotations

import pytest

from kfast.api.admissionregistration.validating_admission_policy import KIND as POLICIES
from kfast.api.schema import load_schema
from kfast.controllers.validating_admission_policy_status import check

KINDS = {("apps", "v1", "deployments"): "Deployment", ("", "v1", "pods"): "Pod", ("", "v1", "configmaps"): "ConfigMap"}


def kinds(group: str, version: str, plural: str, kind: str):
    for (g, v, p), name in KINDS.items():
        if (g, v) == (group, version) and plural in ("", p) and kind in ("", name):
            return name, load_schema()
    return None


def policy(*validations: dict[str, str], rules: tuple[tuple[str, str], ...] = (("apps", "deployments"),), **more):
    named = [{"apiGroups": [g], "apiVersions": ["v1"], "operations": ["*"], "resources": [r]} for g, r in rules]
    return {"matchConstraints": {"resourceRules": named}, "validations": list(validations)} | more


@pytest.mark.parametrize(
    ("expression", "issue"),
    [
        ("object.spec.replicas > 1 && object.metadata.namespace == 'x'", ""),
        ("object.spec.template.spec.containers.all(c, c.image.startsWith('x') && has(c.resources))", ""),
        ("object.metadata.creationTimestamp < timestamp('2020-01-01T00:00:00Z')", ""),
        ("oldObject.spec.strategy.rollingUpdate.maxSurge == 1", ""),
        ("object.spec.replica > 1", "undefined field 'replica'"),
        ("object.spec.replicas == '1'", "found no matching overload for '_==_' applied to '(int, string)'"),
        ("object.metadata.labels.all(k, v, v > 1)", "found no matching overload for '_>_' applied to '(string, int)'"),
        ("params.x == 1", "undeclared reference to 'params'"),
    ],
)
def test_one_type(expression, issue):
    warnings = check(policy({"expression": expression}), kinds)
    if not issue:
        assert warnings == []
        return
    (warning,) = warnings
    assert warning["fieldRef"] == "spec.validations[0].expression"
    assert warning["warning"].startswith("apps/v1, Kind=Deployment: ERROR: <input>:1:")
    assert issue in warning["warning"]


def test_each_type_has_its_say():
    spec = policy({"expression": "object.spec.replicas > 1"}, rules=(("apps", "deployments"), ("", "pods"), ("", "*")))
    (warning,) = check(spec, kinds)
    assert warning["warning"] == (
        "/v1, Kind=Pod: ERROR: <input>:1:12: undefined field 'replicas'\n | object.spec.replicas > 1\n | ...........^\n"
    )


def test_parameters_and_variables_have_types():
    spec = policy(
        {"expression": "true", "messageExpression": "params.data.x + variables.n"},
        {"expression": "params.nope == ''"},
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        variables=[{"name": "n", "expression": "object.spec.replicas"}],
    )
    first, second = check(spec, kinds)
    assert first["fieldRef"] == "spec.validations[0].messageExpression"
    assert "'_+_' applied to '(string, int)'" in first["warning"]
    assert "undefined field 'nope'" in second["warning"]


def test_the_status_tells_once_per_generation(virtual):
    async def scenario(cluster):
        spec = policy({"expression": "object.spec.nope == 1"})
        await cluster.client.create(POLICIES, {"metadata": {"name": "p"}, "spec": spec})
        await cluster.settle()
        made = await cluster.client.get(POLICIES, "p")
        assert made.get("status", "observedGeneration") == 1
        (warning,) = made.get("status", "typeChecking", "expressionWarnings")
        assert "undefined field 'nope'" in warning["warning"]
        body = made.to_dict()
        body["spec"]["validations"] = [{"expression": "object.spec.replicas == 1"}]
        await cluster.client.update(POLICIES, body)
        await cluster.settle()
        status = (await cluster.client.get(POLICIES, "p")).to_dict()["status"]
        assert status == {"observedGeneration": 2, "typeChecking": {}}

    virtual(scenario)


def test_no_rule_is_read_after_one_that_names_ten_types():
    many = [f"kinds{i}" for i in range(12)]

    def known(group: str, version: str, plural: str, kind: str):
        name = {"pods": "Pod", "deployments": "Deployment"}.get(plural, "ConfigMap")
        return name, load_schema()

    spec = policy({"expression": "object.nope"}, rules=(("", "pods"), ("", "x"), ("apps", "deployments")))
    spec["matchConstraints"]["resourceRules"][1]["resources"] = many
    (warning,) = check(spec, known)
    assert [line.split(": ")[0] for line in warning["warning"].splitlines() if "Kind=" in line] == [
        "/v1, Kind=ConfigMap",
        "/v1, Kind=Pod",
    ]
