"""The agent against a whole API server: races with other writers, a runtime of another make."""

import asyncio

from kfast.api.catalog import kind
from kfast.clock import LoopClock
from kfast.cluster import ControlPlane
from kfast.node.agent import NodeAgent
from kfast.node.registration import NodeSpec
from kfast.node.runtime import ContainerState, PodState
from kfast.testing import run_cluster

POD, NODE = kind("Pod"), kind("Node")


def pod(name: str, node: str) -> dict:
    return {"metadata": {"name": name}, "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}}


class Fussy:
    """A runtime whose starts fail at first, and whose containers take a look to stop."""

    version = "fussy://2.1"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.began = 0.0
        self.stops = 0

    def adopt(self, pod) -> bool:
        return False

    async def start(self, pod, now: float) -> None:
        self.calls.append("start")
        if self.calls.count("start") < 3:
            raise RuntimeError("not yet")
        self.began = now

    async def observe(self, pod, now: float) -> PodState:
        over = self.stops > 1
        container = ContainerState(
            name="c",
            state="terminated" if over else "running",
            container_id="fussy://1",
            image_id="i@sha256:1",
            started_at=self.began,
            finished_at=now if over else 0.0,
            ready=not over,
        )
        return PodState(
            began=self.began, containers=(container,), sandbox=not over, ip="192.0.2.7", next_change=now + 1
        )

    async def stop(self, pod, grace: float, now: float) -> None:
        self.calls.append(f"stop {grace:.0f}")
        self.stops += 1

    async def remove(self, uid: str) -> None:
        self.calls.append("remove")


def spec(name: str) -> NodeSpec:
    return NodeSpec(
        name=name, number=9, address="192.0.2.1", pod_cidr="192.0.2.0/24", capacity={"cpu": "1", "pods": "9"}, labels={}
    )


def test_another_runtime_is_driven_through_the_same_seam():
    async def scenario(plane: ControlPlane) -> list[str]:
        runtime = Fussy()
        agent = NodeAgent(plane.client, plane.clock, [spec("other")], runtime)
        await agent.start()
        try:
            node = await plane.client.get(NODE, "other")
            assert node.get("status", "nodeInfo", "containerRuntimeVersion") == "fussy://2.1"
            await plane.client.create(POD, pod("p", "other"), "default")
            await asyncio.sleep(5)
            found = await plane.client.get(POD, "p", "default")
            assert (found.get("status", "phase"), found.get("status", "podIP")) == ("Running", "192.0.2.7")
            await plane.client.delete(POD, "p", "default")
            await asyncio.sleep(5)
            assert (await plane.client.list(POD, "default")).objects == []
        finally:
            await agent.stop()
        return runtime.calls

    calls = run_cluster(scenario)
    assert calls == ["start"] * 3 + ["stop 30"] * 2 + ["remove"]


def test_a_pod_deleted_before_it_was_met_is_never_started():
    async def scenario(plane: ControlPlane) -> list[str]:
        await plane.client.create(POD, pod("p", "other"), "default")
        await plane.client.delete(POD, "p", "default")
        runtime = Fussy()
        agent = NodeAgent(plane.client, plane.clock, [spec("other")], runtime)
        await agent.start()
        await asyncio.sleep(5)
        await agent.stop()
        assert (await plane.client.list(POD, "default")).objects == []
        return runtime.calls

    assert "start" not in run_cluster(scenario)


def test_what_others_write_meanwhile_is_not_lost():
    async def scenario(plane: ControlPlane) -> None:
        body = pod("p", "node-0")
        body["metadata"]["annotations"] = {"kfast.dev/start-delay": "2", "kfast.dev/ready-delay": "2"}
        await plane.client.create(POD, body, "default")

        async def meddle() -> None:
            patch = {"status": {"conditions": [{"type": "example.com/seen", "status": "True"}]}}
            for number in range(400):
                labels = {"metadata": {"labels": {"n": str(number)}}}
                await plane.client.patch(POD, "p", labels, "default")
                await plane.client.patch(POD, "p", patch, "default", type="strategic", subresource="status")
                await asyncio.sleep(0.01)

        await meddle()
        await asyncio.sleep(5)
        found = await plane.client.get(POD, "p", "default")
        conditions = {c["type"]: c["status"] for c in found.get("status", "conditions")}
        assert (conditions["example.com/seen"], conditions["Ready"]) == ("True", "True")
        assert found.labels == {"n": "399"}

    run_cluster(scenario)


def test_two_agents_share_a_cluster():
    async def scenario(plane: ControlPlane) -> None:
        agent = NodeAgent(plane.client, LoopClock(), [spec("other")], Fussy())
        await agent.start()
        await asyncio.sleep(60)
        for node in (await plane.client.list(NODE)).objects:
            assert {"type": "Ready", "status": "True"}.items() <= node.get("status", "conditions")[-1].items()
        await agent.stop()
        await asyncio.sleep(60)
        states = {n.name: n.get("status", "conditions")[-1]["status"] for n in (await plane.client.list(NODE)).objects}
        assert states == {"node-0": "True", "other": "Unknown"}

    run_cluster(scenario)
