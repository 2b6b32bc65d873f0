"""Defaults, validation and updates of webhook configurations."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kfast.api.catalog import kind

KINDS = [kind("MutatingWebhookConfiguration"), kind("ValidatingWebhookConfiguration")]
RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
HOOK = {
    "name": "a.example.com",
    "clientConfig": {"service": {"namespace": "n", "name": "s"}},
    "rules": [RULE],
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}


def config(*hooks: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "c"}, "webhooks": [copy.deepcopy(hook) for hook in hooks]}


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.kind)
def test_defaults(kind: Any) -> None:
    body = config(HOOK)
    kind.defaults(body)
    (hook,) = body["webhooks"]
    assert hook["clientConfig"]["service"]["port"] == 443
    assert hook["rules"] == [RULE | {"scope": "*"}]
    assert (hook["failurePolicy"], hook["matchPolicy"], hook["timeoutSeconds"]) == ("Fail", "Equivalent", 10)
    assert hook["namespaceSelector"] == hook["objectSelector"] == {}
    assert hook.get("reinvocationPolicy") == ("Never" if kind.kind.startswith("Mutating") else None)
    assert not kind.validate(body)


def url(text: str) -> dict[str, Any]:
    return {"clientConfig": {"url": text}}


def path(text: str) -> dict[str, Any]:
    return {"clientConfig": {"service": {"namespace": "n", "name": "s", "port": 1, "path": text}}}


def rule(**change: Any) -> dict[str, Any]:
    return {"rules": [RULE | change]}


CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "Required value"),
    ({"name": "a.b"}, "name", "should be a domain with at least three segments separated by dots"),
    ({"sideEffects": "Some"}, "sideEffects", 'Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'),
    ({"sideEffects": None}, "sideEffects", "Required value: must specify one of None, NoneOnDryRun"),
    ({"admissionReviewVersions": ["v2"]}, "admissionReviewVersions", "must include at least one of v1, v1beta1"),
    ({"admissionReviewVersions": ["v1", "v1"]}, "admissionReviewVersions[1]", "duplicate version"),
    ({"timeoutSeconds": 31}, "timeoutSeconds", "the timeout value must be between 1 and 30 seconds"),
    ({"matchPolicy": "x"}, "matchPolicy", 'supported values: "Equivalent", "Exact"'),
    ({"clientConfig": {}}, "clientConfig", "Required value: exactly one of url or service is required"),
    (url("http://a"), "clientConfig.url", "Invalid value: \"http\": 'https' is the only allowed URL scheme"),
    (url("https://"), "clientConfig.url", "host must be specified"),
    (url("https://u:p@a"), "clientConfig.url", "user information is not permitted in the URL"),
    (url("https://a#b"), "clientConfig.url", "fragments are not permitted in the URL"),
    (url("https://a?b"), "clientConfig.url", "query parameters are not permitted in the URL"),
    (url("https://a:x/"), "clientConfig.url", 'parse "https://a:x/": invalid port ":x" after host'),
    (url("https://a/%z"), "clientConfig.url", 'invalid URL escape "%z"'),
    (path("ab"), "clientConfig.service.path", "must start with a '/'"),
    (path("/a//b"), "clientConfig.service.path", "segment[1] may not be empty"),
    (path("/A"), "clientConfig.service.path", "segment[0]: a lowercase RFC 1123 subdomain"),
    (rule(operations=["*", "CREATE"]), "rules[0].operations", "must not specify other operations"),
    (rule(operations=["GET"]), "rules[0].operations[0]", 'Unsupported value: "GET"'),
    (rule(apiVersions=[""]), "rules[0].apiVersions[0]", "Required value"),
    (rule(resources=["pods/*", "pods/log"]), "rules[0].resources[1]", "if 'pods/*' is present"),
    (rule(resources=["*", "pods"]), "rules[0].resources", "other resources without subresources"),
    (rule(scope="x"), "rules[0].scope", 'supported values: "*", "Cluster", "Namespaced"'),
    ({"matchConditions": [{"name": "a"}]}, "matchConditions[0].expression", "Required value"),
]


@pytest.mark.parametrize(("change", "field", "text"), CASES)
def test_violations(change: dict[str, Any], field: str, text: str) -> None:
    for each in KINDS:
        body = config(HOOK | change)
        each.defaults(body)
        (error,) = each.validate(body)
        assert error.path == f"webhooks[0].{field}"
        assert text in error.message


def test_names_are_unique() -> None:
    body = config(HOOK, HOOK)
    KINDS[0].defaults(body)
    assert [e.message for e in KINDS[0].validate(body)] == ['Duplicate value: "a.example.com"']


def test_updates_may_leave_what_was_wrong_before() -> None:
    (each, _) = KINDS
    wrong = HOOK | {"sideEffects": "Some", "admissionReviewVersions": ["v9"]}
    old, new = config(wrong, wrong), config(wrong, wrong)
    for body in (old, new):
        each.defaults(body)
    new["webhooks"][0]["timeoutSeconds"] = 3
    assert not each.validate_update(new, old)
    new["webhooks"][0]["timeoutSeconds"] = 0
    assert [e.path for e in each.validate_update(new, old)] == ["webhooks[0].timeoutSeconds"]
    right = config(HOOK)
    each.defaults(right)
    assert {e.path for e in each.validate_update(old, right)} == {
        f"webhooks[{i}].{field}" for i in (0, 1) for field in ("sideEffects", "admissionReviewVersions")
    } | {"webhooks[1].name"}
