"""Admission policies: expressions that refuse and change what is written in the test's namespace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from exam import conformance
from kubernetes.client import ApiException

GROUP = "admissionregistration.k8s.io/v1"
validating = conformance("sig-api-machinery", "ValidatingAdmissionPolicy [Privileged:ClusterAdmin]")
mutating = conformance("sig-api-machinery", "MutatingAdmissionPolicy [Privileged:ClusterAdmin]")
DEPLOYMENTS = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}


@pytest.fixture
def bound(kube) -> Iterator[Any]:
    """Makes policies for deployments in the test's namespace, and takes them away."""
    made = []

    def bound(kind: str, spec: dict[str, Any], **binding: Any) -> None:
        name = f"{kube.namespace}-{kind.lower()[:3]}"
        mine = {"matchLabels": {"kubernetes.io/metadata.name": kube.namespace}}
        constraints = {"resourceRules": [DEPLOYMENTS], "namespaceSelector": mine}
        policies, bindings = kube(f"{kind}AdmissionPolicy", GROUP), kube(f"{kind}AdmissionPolicyBinding", GROUP)
        policies.create(name, spec={"matchConstraints": constraints} | spec)
        made.append((policies, name))
        bindings.create(name, spec={"policyName": name} | binding)
        made.append((bindings, name))

    yield bound
    for things, name in reversed(made):
        things.delete(name)


def deployment(replicas: int, **metadata: Any) -> dict[str, Any]:
    labels = {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "metadata": metadata,
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def refused(kube: Any, name: str, replicas: int) -> str:
    """What a create is told once the policy is there; it may take a moment to be heard of."""
    things = kube("Deployment", "apps/v1")
    for _ in range(50):
        try:
            things.create(name, **deployment(replicas))
        except ApiException as error:
            return f"{error.status} {error.body}"
        things.delete(name)
        time.sleep(0.1)
    raise AssertionError("no policy refused it")


@validating("should validate against a Deployment")
def test_a_policy_refuses_deployments(kube, bound) -> None:
    validations = [
        {"expression": "object.spec.replicas > 1", "messageExpression": "'wants ' + string(object.spec.replicas)"},
        {"expression": "namespaceObject.metadata.name == request.namespace"},
    ]
    bound("Validating", {"validations": validations}, validationActions=["Deny"])
    told = refused(kube, "few", 1)
    assert told.startswith("422 ")
    assert "denied request: wants 1" in told
    assert kube("Deployment", "apps/v1").create("enough", **deployment(2))["spec"]["replicas"] == 2


@validating("should allow expressions to refer variables.")
def test_expressions_refer_to_variables(kube, bound) -> None:
    variables = [
        {"name": "replicas", "expression": "object.spec.replicas"},
        {"name": "odd", "expression": "variables.replicas % 2 == 1"},
    ]
    validations = [{"expression": "variables.replicas > 1"}, {"expression": "variables.odd"}]
    bound("Validating", {"variables": variables, "validations": validations}, validationActions=["Deny"])
    assert "variables.replicas > 1" in refused(kube, "one", 1)
    assert "variables.odd" in refused(kube, "even", 2)
    assert kube("Deployment", "apps/v1").create("three", **deployment(3))["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("expression", "field"),
    [
        pytest.param("Object{metadata: Object.metadata{labels: {'by': 'policy'}}}", "labels", id="labels"),
        pytest.param(
            "Object{metadata: Object.metadata{annotations: {'by': 'policy'}}}", "annotations", id="annotations"
        ),
    ],
)
@mutating("should mutate a Deployment")
@mutating("should mutate a Deployment with annotations")
def test_a_policy_changes_deployments(kube, bound, expression, field) -> None:
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}
    bound("Mutating", {"mutations": [mutation], "reinvocationPolicy": "Never"})
    things = kube("Deployment", "apps/v1")
    for number in range(50):
        made = things.create(f"d{number}", **deployment(1, **{field: {"own": "kept"}}))
        if made["metadata"][field].get("by"):
            assert made["metadata"][field] == {"own": "kept", "by": "policy"}
            return
        time.sleep(0.1)
    raise AssertionError("no policy changed it")
