"""Defaults and validation of admission policies and bindings."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kfast.api.catalog import kind

RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
APPLY = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}


def checked(name: str, spec: dict[str, Any]) -> list[tuple[str, str]]:
    """Path and message of every error, after defaulting."""
    of = kind(name)
    body = {"metadata": {"name": "p"}, "spec": copy.deepcopy(spec)}
    of.defaults(body)
    return [(error.path, error.message) for error in of.validate(body)]


def validating(*validations: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"matchConstraints": {"resourceRules": [RULE]}, "validations": list(validations)} | spec


def mutating(*mutations: dict[str, Any], **spec: Any) -> dict[str, Any]:
    constraints = {"resourceRules": [RULE]}
    return {"matchConstraints": constraints, "mutations": list(mutations), "reinvocationPolicy": "Never"} | spec


def test_defaults():
    body: dict[str, Any] = {"metadata": {"name": "p"}, "spec": validating({"expression": "true"})}
    kind("ValidatingAdmissionPolicy").defaults(body)
    assert body["spec"]["failurePolicy"] == "Fail"
    assert body["spec"]["matchConstraints"] == {
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {},
        "resourceRules": [RULE | {"scope": "*"}],
    }


REFUSED_VALIDATING_POLICIES = [
    (
        validating({"expression": ""}),
        "spec.validations[0].expression",
        "Required value: expression is not specified",
    ),
    (
        validating({"expression": "object.x +"}),
        "spec.validations[0].expression",
        "compilation failed: ERROR: <input>:1:11: Syntax error: mismatched input '<EOF>'",
    ),
    (validating({"expression": "1"}), "spec.validations[0].expression", "must evaluate to bool but got int"),
    (validating({"expression": "object.x"}), "spec.validations[0].expression", "must evaluate to bool but got dyn"),
    (
        validating({"expression": "params.x == 1"}),
        "spec.validations[0].expression",
        "undeclared reference to 'params'",
    ),
    (validating({"expression": "request.x == 1"}), "spec.validations[0].expression", "undefined field 'x'"),
    (
        validating({"expression": "true", "messageExpression": "authorizer.path('/x').check('get').reason()"}),
        "spec.validations[0].messageExpression",
        "undeclared reference to 'authorizer'",
    ),
    (validating({"expression": "true", "reason": "Why"}), "spec.validations[0].reason", 'Unsupported value: "Why"'),
    (
        validating({"expression": "true", "message": "a\nb"}),
        "spec.validations[0].message",
        "must not contain line breaks",
    ),
    (
        validating({"expression": "variables.a == 'x'"}, variables=[{"name": "a", "expression": "1"}]),
        "spec.validations[0].expression",
        "found no matching overload for '_==_' applied to '(int, string)'",
    ),
    (
        validating({"expression": "true"}, variables=[{"name": "in", "expression": "1"}]),
        "spec.variables[0].name",
        "must be a valid CEL identifier",
    ),
    (
        validating({"expression": "true"}, matchConditions=[{"name": "c", "expression": "1"}]),
        "spec.matchConditions[0].expression",
        "must evaluate to bool but got int",
    ),
    (
        validating(auditAnnotations=[{"key": "k", "valueExpression": "1"}]),
        "spec.auditAnnotations[0].valueExpression",
        "must evaluate to one of [string null_type] but got int",
    ),
    (validating(), "spec.validations", "validations or auditAnnotations must contain at least one item"),
    (
        validating({"expression": "true"}, paramKind={"apiVersion": "v1", "kind": ""}),
        "spec.paramKind.kind",
        "Required value",
    ),
    (
        validating({"expression": "true"}, matchConstraints={"resourceRules": [RULE | {"resourceNames": ["a", "a"]}]}),
        "spec.matchConstraints.resourceRules[0].resourceNames[1]",
        'Duplicate value: "a"',
    ),
]


REFUSED_MUTATING_POLICIES = [
    (mutating(), "spec.mutations", "mutations must contain at least one item"),
    (mutating(APPLY, reinvocationPolicy="No"), "spec.reinvocationPolicy", 'Unsupported value: "No"'),
    (mutating({"patchType": "JSONPatch"}), "spec.mutations[0].jsonPatch", "must be specified when patchType"),
    (
        mutating(APPLY | {"jsonPatch": {"expression": "[]"}}),
        "spec.mutations[0].jsonPatch",
        "must not be specified when patchType is ApplyConfiguration",
    ),
    (
        mutating({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object.spec{}"}}),
        "spec.mutations[0].applyConfiguration.expression",
        "must evaluate to Object but got Object.spec",
    ),
    (
        mutating({"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 1}]"}}),
        "spec.mutations[0].jsonPatch.expression",
        "expected type of field 'op' is 'string' but provided type is 'int'",
    ),
    (
        mutating(APPLY, matchConstraints={"resourceRules": [RULE | {"operations": ["DELETE"]}]}),
        "spec.matchConstraints.resourceRules.operations",
        'Unsupported value: "DELETE"',
    ),
]


REFUSED_BINDINGS = [
    ({"policyName": "", "validationActions": ["Deny"]}, "spec.policyName", "Required value"),
    ({"policyName": "p"}, "spec.validationActions", "at least one validation action is required"),
    ({"policyName": "p", "validationActions": ["Deny", "Warn"]}, "spec.validationActions", "both Deny and Warn"),
    (
        {"policyName": "p", "validationActions": ["Deny"], "paramRef": {"parameterNotFoundAction": "Deny"}},
        "spec.paramRef",
        "one of name or selector must be specified",
    ),
]

REFUSED = [
    *(("ValidatingAdmissionPolicy", *case) for case in REFUSED_VALIDATING_POLICIES),
    *(("MutatingAdmissionPolicy", *case) for case in REFUSED_MUTATING_POLICIES),
    *(("ValidatingAdmissionPolicyBinding", *case) for case in REFUSED_BINDINGS),
]


@pytest.mark.parametrize(("name", "spec", "path", "message"), REFUSED)
def test_refusals(name, spec, path, message):
    (found,) = [text for at, text in checked(name, spec) if at == path]
    assert message in found


def test_match_conditions_stay_as_they_are_unchanged():
    of = kind("ValidatingAdmissionPolicy")
    old = {"metadata": {"name": "p"}, "spec": validating({"expression": "true"})}
    old["spec"]["matchConditions"] = [{"name": "c", "expression": "gone.long.ago"}]
    of.defaults(old)
    new = copy.deepcopy(old)
    assert of.validate_update(new, old) == []
    new["spec"]["matchConditions"][0]["expression"] = "gone.since"
    assert [error.path for error in of.validate_update(new, old)] == ["spec.matchConditions[0].expression"]
