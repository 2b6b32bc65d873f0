"""Parts of a claim's status need permissions of their own; the messages are those of upstream with RBAC."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kfast.apiserver.authz.authorizer import ComponentAuthorizer, Decision, Rule, Union
from kfast.meta.exchange import User

CLAIMS = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
MERGE = {"Content-Type": "application/merge-patch+json"}
GROUP = ("resource.k8s.io",)
DEVICE = {"driver": "d.example.com", "pool": "p", "device": "d"}
ON_NODE = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}
ALLOCATION = {
    "devices": {"results": [{"request": "r", **DEVICE}]},
    "nodeSelector": {"nodeSelectorTerms": [ON_NODE]},
}
BOUND = (
    'status.allocation: Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/'
    'binding", verb="patch" permission: resourceclaims.resource.k8s.io is forbidden: User "bob" cannot patch resource '
    '"resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope'
)
DRIVEN = (
    'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", '
    'verb="[arbitrary-node:patch]" permission: resourceclaims.resource.k8s.io "d.example.com" is forbidden: User "bob" '
    'cannot arbitrary-node:patch resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace '
    '"default"'
)


class Granted:
    """Everybody may do what one rule covers."""

    def __init__(self, verb: str, *resources: str) -> None:
        self.rule = Rule((verb, "patch"), GROUP, ("resourceclaims/status", *resources))

    async def authorize(self, user: User, info: Any) -> Decision:
        return Decision(self.rule.matches(info))

    def rules(self, user: User, namespace: str) -> list[Rule]:
        return [self.rule]


def bob(call: Any, verb: str, *resources: str) -> Any:
    authorizer = Union([ComponentAuthorizer(), Granted(verb, *resources)])
    call.api.authorizer = call.api.backend.authorizer = authorizer
    return replace(call, user=User("bob"))


@pytest.fixture(autouse=True)
async def claim(call: Any) -> None:
    request = {"name": "r", "exactly": {"deviceClassName": "gpu"}}
    await call.ok("POST", CLAIMS, {"metadata": {"name": "c"}, "spec": {"devices": {"requests": [request]}}})


async def patched(caller: Any, **status: Any) -> list[str]:
    answer = await caller("PATCH", f"{CLAIMS}/c/status", {"status": status}, MERGE)
    return [f"{cause['field']}: {cause['message']}" for cause in answer.body.get("details", {}).get("causes", [])]


async def test_binding_and_devices_of_a_claim(call: Any) -> None:
    assert await patched(bob(call, "patch"), allocation=ALLOCATION) == [BOUND]
    assert await patched(bob(call, "patch"), allocation=ALLOCATION, devices=[DEVICE]) == [BOUND, DRIVEN]
    assert await patched(bob(call, "patch", "resourceclaims/binding"), allocation=ALLOCATION, devices=[DEVICE]) == [
        DRIVEN
    ]
    assert await patched(bob(call, "patch", "resourceclaims/binding"), allocation=ALLOCATION) == []
    driver = "resourceclaims/driver"
    assert await patched(bob(call, "associated-node:patch", driver), devices=[DEVICE]) == [DRIVEN]
    assert await patched(bob(call, "arbitrary-node:patch", driver), devices=[DEVICE]) == []
    assert await patched(bob(call, "patch"), devices=[DEVICE]) == []  # nothing changes


@pytest.mark.parametrize(("node", "verbs"), [("n", ""), ("other", "[arbitrary-node:patch]")])
async def test_drivers_on_the_node_of_the_claim(call: Any, node: str, verbs: str) -> None:
    assert await patched(call, allocation=ALLOCATION) == []
    robot = bob(call, "associated-node:patch", "resourceclaims/driver")
    robot.user = User("system:serviceaccount:default:robot", extra={"authentication.kubernetes.io/node-name": [node]})
    refused = await patched(robot, devices=[DEVICE])
    assert [verbs in text for text in refused] == ([True] if verbs else [])
