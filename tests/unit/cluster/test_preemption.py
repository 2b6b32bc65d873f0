"""Preemption on a whole cluster in virtual time: budgets, graceful ends, nominations, what is said of it."""

import asyncio

from kfast.api.catalog import kind
from kfast.cluster import ControlPlane
from kfast.testing import run_cluster

POD, EVENT, BUDGET, PRIORITY_CLASS = kind("Pod"), kind("Event"), kind("PodDisruptionBudget"), kind("PriorityClass")


CLASSES = {"high": (1000, "PreemptLowerPriority"), "higher": (2000, "PreemptLowerPriority"), "meek": (1000, "Never")}


def pod(name: str, cpu: str = "3", stop_delay: int = 0, app: str = "", **spec) -> dict:
    container = {"name": "c", "image": "img:1", "resources": {"requests": {"cpu": cpu}}}
    return {
        "metadata": {
            "name": name,
            "labels": {"app": app or name},
            "annotations": {"kfast.dev/stop-delay": str(stop_delay)},
        },
        "spec": {"containers": [container], **spec},
    }


async def create(plane: ControlPlane, body: dict):
    return await plane.client.create(POD, body, "default")


async def get(plane: ControlPlane, name: str):
    return await plane.client.get(POD, name, "default")


async def prepare(plane: ControlPlane) -> None:
    for name, (value, policy) in CLASSES.items():
        made = {"metadata": {"name": name}, "value": value, "preemptionPolicy": policy}
        await plane.client.create(PRIORITY_CLASS, made)
    budget = {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "db"}}}}
    await plane.client.create(BUDGET, {"metadata": {"name": "db"}, **budget}, "default")


def test_the_pod_without_a_budget_makes_room_and_takes_its_time():
    async def scenario(plane: ControlPlane) -> None:
        await prepare(plane)
        for name in ("db", "web"):
            await create(plane, pod(name, stop_delay=10))
        await asyncio.sleep(5)
        node = (await get(plane, "web")).get("spec", "nodeName")
        vip = await create(plane, pod("vip", priorityClassName="high"))
        assert vip.get("spec", "priority") == 1000
        await asyncio.sleep(5)
        web, waiting = await get(plane, "web"), await get(plane, "vip")
        [target] = [c for c in web.get("status", "conditions") if c["type"] == "DisruptionTarget"]
        assert web.deleting
        assert (target["status"], target["reason"], target["message"]) == (
            "True",
            "PreemptionByScheduler",
            "default-scheduler: preempting to accommodate a higher priority pod",
        )
        assert waiting.get("spec", "nodeName") is None
        assert waiting.get("status", "nominatedNodeName") == node
        notes = {(e.get("reason"), e.get("message")) for e in (await plane.client.list(EVENT, "default")).objects}
        assert ("Preempted", f"Preempted by pod {vip.uid} on node {node}") in notes
        await asyncio.sleep(15)
        placed = await get(plane, "vip")
        assert (placed.get("spec", "nodeName"), placed.get("status", "phase")) == (node, "Running")
        names = {p.name for p in (await plane.client.list(POD, "default")).objects}
        assert names == {"db", "vip"}

    run_cluster(scenario, nodes=2)


def test_a_budget_is_violated_if_nothing_else_helps():
    async def scenario(plane: ControlPlane) -> None:
        await prepare(plane)
        await create(plane, pod("db"))
        await asyncio.sleep(5)
        await create(plane, pod("vip", priorityClassName="high"))
        await asyncio.sleep(5)
        assert {p.name for p in (await plane.client.list(POD, "default")).objects} == {"vip"}

    run_cluster(scenario, nodes=1)


def test_a_better_pod_takes_over_and_the_nomination_is_withdrawn():
    async def scenario(plane: ControlPlane) -> None:
        await prepare(plane)
        await create(plane, pod("low", stop_delay=10))
        await asyncio.sleep(5)
        await create(plane, pod("mid", priorityClassName="high"))
        await asyncio.sleep(2)
        assert (await get(plane, "mid")).get("status", "nominatedNodeName") == "node-0"
        await create(plane, pod("top", priorityClassName="higher"))
        await asyncio.sleep(2)
        assert (await get(plane, "top")).get("status", "nominatedNodeName") == "node-0"
        assert (await get(plane, "mid")).get("status", "nominatedNodeName") is None
        await asyncio.sleep(20)
        assert (await get(plane, "top")).get("spec", "nodeName") == "node-0"
        assert (await get(plane, "mid")).get("spec", "nodeName") is None

    run_cluster(scenario, nodes=1)


def test_who_never_preempts_waits():
    async def scenario(plane: ControlPlane) -> None:
        await prepare(plane)
        await create(plane, pod("low"))
        await asyncio.sleep(5)
        await create(plane, pod("meek", priorityClassName="meek"))
        await asyncio.sleep(5)
        [condition] = (await get(plane, "meek")).get("status", "conditions")
        assert condition["message"] == (
            "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
        )
        assert (await get(plane, "low")).get("spec", "nodeName") == "node-0"

    run_cluster(scenario, nodes=1)
