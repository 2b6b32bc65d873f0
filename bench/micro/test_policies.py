"""What admission policies cost a new ConfigMap, in CPU time: `pytest bench/micro/test_policies.py`.

Each round creates 1,000 ConfigMaps, one request each, through `APIServer.handle` on a memory store; policies cost the
difference to `none`. `elsewhere` has a policy about another resource.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

COUNT = 1_000
GROUP = "/apis/admissionregistration.k8s.io/v1"
VALIDATIONS = [
    {"expression": "object.metadata.name.size() < 100"},
    {"expression": "object.data.all(k, object.data[k].size() < 1000)", "messageExpression": "'too long'"},
    {"expression": "variables.app == 'web' || request.operation == 'UPDATE'"},
]
VARIABLES = [{"name": "app", "expression": "object.metadata.?labels.app.orValue('none')"}]
APPLY = "Object{metadata: Object.metadata{labels: {'seen': request.userInfo.username}}}"
MUTATION = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": APPLY}}


def rules(resource: str) -> dict[str, Any]:
    return {
        "resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [resource]}
        ]
    }


def validating(resource: str = "configmaps") -> dict[str, Any]:
    return {"matchConstraints": rules(resource), "variables": VARIABLES, "validations": VALIDATIONS}


POLICIES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "none": [],
    "elsewhere": [("validating", validating("secrets"))],
    "validating": [("validating", validating())],
    "ten": [("validating", validating())] * 10,
    "mutating": [
        (
            "mutating",
            {"matchConstraints": rules("configmaps"), "mutations": [MUTATION], "reinvocationPolicy": "Never"},
        )
    ],
}


async def prepare(server: Any, policies: list[tuple[str, dict[str, Any]]]) -> None:
    """Makes and binds policies."""
    for number, (how, spec) in enumerate(policies):
        name = {"metadata": {"name": f"p{number}"}}
        await server.call("POST", f"{GROUP}/{how}admissionpolicies", msgspec.json.encode(name | {"spec": spec}))
        bound = {"policyName": f"p{number}"} | ({"validationActions": ["Deny"]} if how == "validating" else {})
        await server.call("POST", f"{GROUP}/{how}admissionpolicybindings", msgspec.json.encode(name | {"spec": bound}))


@pytest.mark.parametrize("policies", POLICIES)
@pytest.mark.benchmark(timer=time.process_time)
def test_creates(benchmark: BenchmarkFixture, server: Any, policies: str) -> None:
    server.run(prepare(server, POLICIES[policies]))
    data = {f"k{i}": "v" * 20 for i in range(5)}
    body = msgspec.json.encode({"metadata": {"generateName": "c-", "labels": {"app": "web"}}, "data": data})

    async def creates() -> None:
        for _ in range(COUNT):
            await server.call("POST", "/api/v1/namespaces/default/configmaps", body)

    benchmark.pedantic(lambda: server.run(creates()), rounds=3, warmup_rounds=1)
