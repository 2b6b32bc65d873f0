"""Nodes that fall silent, come back, or are deleted, in virtual time."""

import asyncio

import pytest

from kfast.api.catalog import kind
from kfast.cluster import ControlPlane
from kfast.errors import StatusError
from kfast.runtime import Object
from kfast.testing import run_cluster

NODE, POD, LEASE = kind("Node"), kind("Pod"), kind("Lease")
UNREACHABLE = "node.kubernetes.io/unreachable"


def on_node(name: str, node: str, *tolerations: dict) -> dict:
    return {
        "metadata": {"name": name},
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}], "tolerations": list(tolerations)},
    }


def tolerate(seconds: int) -> dict:
    return {"key": UNREACHABLE, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}


def ready(node: Object) -> dict:
    return next(c for c in node.get("status", "conditions") if c["type"] == "Ready")


def taints(node: Object) -> set[tuple[str, str]]:
    return {(t["key"], t["effect"]) for t in node.get("spec", "taints") or ()}


async def pods(plane: ControlPlane) -> dict[str, Object]:
    return {p.name: p for p in (await plane.client.list(POD, "default")).objects}


def test_a_silent_node_is_found_out_and_emptied_and_comes_back():
    async def scenario(plane: ControlPlane) -> None:
        for body in (
            on_node("short", "node-1", tolerate(30)),
            on_node("long", "node-1", tolerate(600)),
            on_node("elsewhere", "node-0", tolerate(30)),
        ):
            await plane.client.create(POD, body, "default")
        await asyncio.sleep(5)
        plane.nodes.fail("node-1")
        await asyncio.sleep(35)
        assert ready(await plane.client.get(NODE, "node-1"))["status"] == "True"
        await asyncio.sleep(25)
        node = await plane.client.get(NODE, "node-1")
        assert (ready(node)["status"], ready(node)["reason"]) == ("Unknown", "NodeStatusUnknown")
        assert taints(node) == {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")}
        unready = next(c for c in (await pods(plane))["long"].get("status", "conditions") if c["type"] == "Ready")
        assert unready["status"] == "False"
        await asyncio.sleep(60)
        there = await pods(plane)
        assert {name: p.deleting for name, p in there.items()} == {"short": True, "long": False, "elsewhere": False}

        plane.nodes.recover("node-1")
        await asyncio.sleep(5)
        node = await plane.client.get(NODE, "node-1")
        assert (ready(node)["status"], taints(node)) == ("True", set())
        there = await pods(plane)
        assert sorted(there) == ["elsewhere", "long"]
        await asyncio.sleep(3600)
        assert sorted(await pods(plane)) == ["elsewhere", "long"]

    run_cluster(scenario, nodes=3)


def test_a_recovered_node_says_its_pods_are_ready_again():
    async def scenario(plane: ControlPlane) -> None:
        await plane.client.create(POD, on_node("p", "node-0", tolerate(600)), "default")
        await asyncio.sleep(5)
        plane.nodes.fail("node-0")
        await asyncio.sleep(60)
        plane.nodes.recover("node-0")
        await asyncio.sleep(5)
        conditions = (await pods(plane))["p"].get("status", "conditions")
        assert next(c for c in conditions if c["type"] == "Ready")["status"] == "True"

    run_cluster(scenario, nodes=2)


def test_nodes_stay_ready():
    async def scenario(plane: ControlPlane) -> None:
        before = {n.name: ready(n) for n in (await plane.client.list(NODE)).objects}
        await asyncio.sleep(4 * 3600)
        after = {n.name: ready(n) for n in (await plane.client.list(NODE)).objects}
        for name, condition in after.items():
            assert condition["status"] == "True"
            assert condition["lastTransitionTime"] == before[name]["lastTransitionTime"]
            assert condition["lastHeartbeatTime"] > before[name]["lastHeartbeatTime"]

    run_cluster(scenario, nodes=2)


def test_conditions_of_others_stay_on_a_node():
    async def scenario(plane: ControlPlane) -> None:
        condition = {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"}
        patch = {"status": {"conditions": [condition]}}
        await plane.client.patch(NODE, "node-0", patch, type="strategic", subresource="status")
        await asyncio.sleep(700)
        node = await plane.client.get(NODE, "node-0")
        kinds = [c["type"] for c in node.get("status", "conditions")]
        assert sorted(kinds) == ["DiskPressure", "MemoryPressure", "NetworkUnavailable", "PIDPressure", "Ready"]

    run_cluster(scenario)


def test_a_lease_deleted_or_changed_by_somebody_is_renewed_all_the_same():
    async def scenario(plane: ControlPlane) -> None:
        await plane.client.delete(LEASE, "node-0", "kube-node-lease")
        await plane.client.patch(LEASE, "node-1", {"metadata": {"labels": {"a": "b"}}}, "kube-node-lease")
        before = await plane.client.get(LEASE, "node-1", "kube-node-lease")
        await asyncio.sleep(25)
        lease = await plane.client.get(LEASE, "node-0", "kube-node-lease")
        node = await plane.client.get(NODE, "node-0")
        assert lease.get("metadata", "ownerReferences")[0]["uid"] == node.uid
        lease = await plane.client.get(LEASE, "node-1", "kube-node-lease")
        assert lease.labels == {"a": "b"}
        assert lease.get("spec", "renewTime") > before.get("spec", "renewTime")

    run_cluster(scenario, nodes=2)


def test_a_deleted_node_is_not_made_again_and_its_pods_go():
    async def scenario(plane: ControlPlane) -> None:
        await plane.client.create(POD, on_node("p", "node-0"), "default")
        await asyncio.sleep(5)
        await plane.client.delete(NODE, "node-0")
        await asyncio.sleep(600)
        with pytest.raises(StatusError, match='nodes "node-0" not found'):
            await plane.client.get(NODE, "node-0")
        assert await pods(plane) == {}
        body = {"metadata": {"name": "node-0"}}
        await plane.client.create(NODE, body)
        await asyncio.sleep(30)
        node = await plane.client.get(NODE, "node-0")
        assert (ready(node)["status"], node.get("status", "capacity", "pods")) == ("True", "110")

    run_cluster(scenario, nodes=2)


def test_the_same_scenario_takes_the_same_course():
    async def scenario(plane: ControlPlane) -> list[tuple[str, str, str]]:
        for number in range(20):
            body = on_node(f"p{number}", "")
            del body["spec"]["nodeName"]
            body["metadata"]["annotations"] = {"kfast.dev/run-seconds": str(number + 1), "kfast.dev/exit-code": "1"}
            await plane.client.create(POD, body, "default")
        await asyncio.sleep(300)
        return sorted(
            (p.name, p.get("spec", "nodeName"), str(p.get("status", "containerStatuses")[0]["restartCount"]))
            for p in (await pods(plane)).values()
        )

    assert run_cluster(scenario, nodes=3) == run_cluster(scenario, nodes=3)
