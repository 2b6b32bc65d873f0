"""What `/metrics` tells of admission, under upstream's names and with its labels."""

from __future__ import annotations

import re
from typing import Any

import pytest
from webhook_server import WebhookServer, allowed

GROUP = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"
MAP_RULE = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}


def config_map(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def behave(path: str, review: dict[str, Any]) -> Any:
    match path:
        case "/deny":
            return allowed(review, False, status={"code": 700})
        case "/fail":
            return 500, "text/plain", b"boom"
        case "/nonsense":
            return 200, "text/plain", b"boom"
        case "/patch":
            return allowed(review, patchType="JSONPatch", patch="e30=")
    return allowed(review)


@pytest.fixture
def metrics(call):
    async def metrics(name: str) -> dict[str, float]:
        """Values by labels of what begins with the name; buckets are left out."""
        text = (await call("GET", "/metrics")).raw.decode()
        lines = re.findall(rf"^(apiserver_{name}\w*)\{{(.*)\}} (\S+)$", text, re.MULTILINE)
        return {f"{full}{{{labels}}}": float(value) for full, labels, value in lines if "_bucket" not in full}

    return metrics


@pytest.mark.parametrize(
    ("kind", "path", "policy", "request_labels", "rejection"),
    [
        ("validating", "/", "Fail", 'code="200",{},rejected="false"', ""),
        ("mutating", "/deny", "Fail", 'code="600",{},rejected="true"', 'error_type="no_error",{},rejection_code="600"'),
        (
            "validating",
            "/fail",
            "Fail",
            'code="500",{},rejected="true"',
            'error_type="calling_webhook_error",{},rejection_code="500"',
        ),
        (
            "mutating",
            "/nonsense",
            "Fail",
            'code="503",{},rejected="true"',
            'error_type="calling_webhook_error",{},rejection_code="503"',
        ),
        (
            "mutating",
            "/patch",
            "Fail",
            'code="503",{},rejected="true"',
            'error_type="calling_webhook_error",{},rejection_code="503"',
        ),
        ("mutating", "/fail", "Ignore", 'code="500",{},rejected="false"', ""),
    ],
)
async def test_calls_of_webhooks_by_outcome(call, metrics, kind, path, policy, request_labels, rejection) -> None:
    with WebhookServer(behave) as server:
        hook = {"name": "h.example.com", "clientConfig": server.config(path), "failurePolicy": policy}
        hook |= {"sideEffects": "None", "admissionReviewVersions": ["v1"], "rules": [MAP_RULE]}
        await call.ok("POST", f"{GROUP}/{kind}webhookconfigurations", {"metadata": {"name": "c"}, "webhooks": [hook]})
        await call("POST", MAPS, config_map("a"))
    found = await metrics("admission_webhook")
    step = "admit" if kind == "mutating" else "validating"
    about = 'name="h.example.com",operation="CREATE"'
    assert found.pop(f'apiserver_admission_webhook_request_total{{{request_labels.format(about)},type="{step}"}}') == 1
    rejected = "true" if 'rejected="true"' in request_labels else "false"
    labels = f'{about},rejected="{rejected}",type="{step}"'
    assert found.pop(f"apiserver_admission_webhook_admission_duration_seconds_count{{{labels}}}") == 1
    assert found.pop(f"apiserver_admission_webhook_admission_duration_seconds_sum{{{labels}}}") > 0
    expected = {}
    if rejection:
        expected[f'apiserver_admission_webhook_rejection_count{{{rejection.format(about)},type="{step}"}}'] = 1
    if policy == "Ignore":
        expected[f'apiserver_admission_webhook_fail_open_count{{name="h.example.com",type="{step}"}}'] = 1
    assert found == expected


async def test_match_conditions_that_exclude_and_fail(call, metrics) -> None:
    with WebhookServer(behave) as server:
        conditions = [
            {"name": "fails", "expression": "object.metadata.labels['x'] == 'y'"},
            {"name": "named", "expression": "object.metadata.name != 'a'"},
        ]
        hook = {"name": "h.example.com", "clientConfig": server.config(), "matchConditions": conditions}
        hook |= {"sideEffects": "None", "admissionReviewVersions": ["v1"], "rules": [MAP_RULE]}
        body = {"metadata": {"name": "c"}, "webhooks": [hook]}
        await call.ok("POST", f"{GROUP}/validatingwebhookconfigurations", body)
        assert (await call("POST", MAPS, config_map("a"))).code == 201
        assert (await call("POST", MAPS, config_map("b"))).code == 403
        await call.ok("POST", MAPS, config_map("met") | {"metadata": {"name": "met", "labels": {"x": "y"}}})
    found = await metrics("admission_match_condition")
    about = 'kind="webhook",name="h.example.com",operation="CREATE"'
    labels = f'{{{about},type="validating"}}'
    assert found[f'apiserver_admission_match_condition_exclusions_total{{{about},type="validate"}}'] == 1
    assert found[f"apiserver_admission_match_condition_evaluation_errors_total{labels}"] == 2
    assert found[f"apiserver_admission_match_condition_evaluation_seconds_count{labels}"] == 2


async def test_checks_of_validating_policies(call, metrics) -> None:
    validations = [{"expression": "object.metadata.name != 'no'"}, {"expression": "object.metadata.labels.x == 'y'"}]
    for name, policy in (("p", "Fail"), ("q", "Ignore")):
        spec = {"failurePolicy": policy, "validations": validations}
        spec |= {"matchConstraints": {"resourceRules": [MAP_RULE]}}
        await call.ok("POST", f"{GROUP}/validatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec})
        bound = {"policyName": name, "validationActions": ["Warn", "Audit"]}
        body = {"metadata": {"name": "b" + name}, "spec": bound}
        await call.ok("POST", f"{GROUP}/validatingadmissionpolicybindings", body)
    await call.ok("POST", MAPS, config_map("no"))
    found = await metrics("validating_admission_policy_check_total")
    labels = 'apiserver_validating_admission_policy_check_total{{enforcement_action="{}",error_type="invalid_error",'
    assert found == {
        labels.format("warn") + 'policy="p",policy_binding="bp"}': 2,
        labels.format("audit") + 'policy="p",policy_binding="bp"}': 2,
        labels.format("warn") + 'policy="q",policy_binding="bq"}': 1,
        labels.format("audit") + 'policy="q",policy_binding="bq"}': 1,
        labels.format("allow") + 'policy="q",policy_binding="bq"}': 1,
    }
    assert sum((await metrics("validating_admission_policy_check_duration_seconds_count")).values()) == 7


async def test_mutations_of_policies(call, metrics) -> None:
    patches = [
        {
            "patchType": "JSONPatch",
            "jsonPatch": {"expression": "[JSONPatch{op: 'add', path: '/data', value: {'a': 'b'}}]"},
        },
        {"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'remove', path: '/nothing'}]"}},
    ]
    spec = {"failurePolicy": "Ignore", "reinvocationPolicy": "Never", "mutations": patches}
    spec |= {"matchConstraints": {"resourceRules": [MAP_RULE | {"operations": ["CREATE"]}]}}
    await call.ok("POST", f"{GROUP}/mutatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": spec})
    body = {"metadata": {"name": "b"}, "spec": {"policyName": "p"}}
    await call.ok("POST", f"{GROUP}/mutatingadmissionpolicybindings", body)
    await call.ok("POST", MAPS, config_map("a"))
    assert await metrics("mutating_admission_policy_check_total") == {
        f'apiserver_mutating_admission_policy_check_total{{error_type="{kind}",policy="p",policy_binding="b"}}': 1
        for kind in ("no_error", "invalid_error")
    }


async def test_steps_and_plugins(call, metrics) -> None:
    await call.ok("POST", MAPS, config_map("a"))
    before = await metrics("admission")
    await call("POST", "/api/v1/namespaces/none/configmaps", config_map("a"))
    await call.ok("POST", MAPS, config_map("b"))
    after = await metrics("admission")
    grown = {key for key, value in after.items() if "_count" in key and value == before.get(key, 0) + 1}
    step, plugin = (f"apiserver_admission_{what}_admission_duration_seconds_count" for what in ("step", "controller"))
    assert grown == {
        f'{step}{{operation="CREATE",rejected="false",type="admit"}}',
        f'{step}{{operation="CREATE",rejected="true",type="admit"}}',
        f'{step}{{operation="CREATE",rejected="false",type="validate"}}',
        f'{plugin}{{name="NamespaceLifecycle",operation="CREATE",rejected="false",type="admit"}}',
        f'{plugin}{{name="NamespaceLifecycle",operation="CREATE",rejected="true",type="admit"}}',
    }
