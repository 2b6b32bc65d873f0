"""Simulated pods as the API shows them: every annotation of `node/script.py`, in virtual time."""

import asyncio

import pytest

from kfast.api.catalog import kind
from kfast.cluster import ControlPlane
from kfast.errors import StatusError
from kfast.testing import run_cluster

POD, EVENT = kind("Pod"), kind("Event")


def pod(name: str = "p", annotations: dict | None = None, **spec) -> dict:
    return {
        "metadata": {"name": name, "annotations": {f"kfast.dev/{k}": str(v) for k, v in (annotations or {}).items()}},
        "spec": {"containers": [{"name": "c", "image": "img:1"}], **spec},
    }


class Story:
    """One pod watched from its creation: (seconds after it, what the API said)."""

    def __init__(self, plane: ControlPlane, name: str) -> None:
        self.plane = plane
        self.name = name
        self.began = plane.clock.now()
        self.seen: list[tuple[float, str]] = []

    async def follow(self) -> None:
        async for event, found in self.plane.client.watch(POD, "default"):
            if found.name == self.name:
                said = "gone" if event == "DELETED" else summary(found.to_dict())
                if not self.seen or self.seen[-1][1] != said:
                    self.seen.append((round(self.plane.clock.now() - self.began, 1), said))


def summary(body: dict) -> str:
    status = body["status"]
    words = [status.get("phase", "")]
    for each in status.get("containerStatuses") or ():
        state, details = next(iter(each["state"].items()))
        words.append(details.get("reason") or state)
        if each["restartCount"]:
            words.append(f"restarts={each['restartCount']}")
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or ())
    return " ".join(words + ["ready"] * ready)


def story(body: dict, seconds: float, delete_after: float | None = None) -> list[tuple[float, str]]:
    """What a watch says of a pod in its first `seconds`, from when it was put on a node."""

    async def scenario(plane: ControlPlane) -> list[tuple[float, str]]:
        told = Story(plane, body["metadata"]["name"])
        task = asyncio.create_task(told.follow())
        await plane.client.create(POD, body, "default")
        if delete_after is not None:
            await asyncio.sleep(delete_after)
            await plane.client.delete(POD, body["metadata"]["name"], "default")
            seconds_left = seconds - delete_after
        else:
            seconds_left = seconds
        await asyncio.sleep(seconds_left)
        task.cancel()
        return [entry for entry in told.seen if entry[1] != "Pending"]

    return run_cluster(scenario)


CREATING = (0.0, "Pending ContainerCreating")
INITIALIZING = (0.0, "Pending PodInitializing")


@pytest.mark.parametrize(
    ("annotations", "spec", "expected"),
    [
        ({}, {}, [CREATING, (0, "Running running ready")]),
        ({"start-delay": 5}, {}, [CREATING, (5, "Running running ready")]),
        ({"ready-delay": 3}, {}, [CREATING, (0, "Running running"), (3, "Running running ready")]),
        ({"ready": "never"}, {}, [CREATING, (0, "Running running")]),
        (
            {"init-seconds": 4},
            {"initContainers": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]},
            [INITIALIZING, (8, "Running running ready")],
        ),
        (
            {"run-seconds": 7},
            {"restartPolicy": "Never"},
            [CREATING, (0, "Running running ready"), (7, "Succeeded Completed")],
        ),
        (
            {"run-seconds": 7, "exit-code": 3},
            {"restartPolicy": "Never"},
            [CREATING, (0, "Running running ready"), (7, "Failed Error")],
        ),
        (
            {"run-seconds": 1, "exit-code": 3},
            {"restartPolicy": "OnFailure"},
            [
                CREATING,
                (0, "Running running ready"),
                (1, "Running running restarts=1 ready"),
                (2, "Running CrashLoopBackOff restarts=1"),
                (12, "Running running restarts=2 ready"),
                (13, "Running CrashLoopBackOff restarts=2"),
            ],
        ),
        (
            {"image-pull": "fail"},
            {},
            [CREATING, (0, "Pending ErrImagePull"), (10, "Pending ImagePullBackOff")],
        ),
        (
            {},
            {"restartPolicy": "Never", "activeDeadlineSeconds": 5, "terminationGracePeriodSeconds": 0},
            [CREATING, (0, "Running running ready"), (5, "Failed Completed")],
        ),
        (
            {"stop-delay": 4},
            {"activeDeadlineSeconds": 5, "terminationGracePeriodSeconds": 30},
            [CREATING, (0, "Running running ready"), (5, "Failed running"), (9, "Failed Completed")],
        ),
    ],
)
def test_the_script_is_what_the_api_shows(annotations, spec, expected):
    told = story(pod("p", annotations, **spec), 20)
    assert [said for _, said in told] == [said for _, said in expected]
    # startTime has whole seconds, as a kubelet's has; what follows is timed from the moment itself.
    assert [at for at, _ in told] == pytest.approx([at for at, _ in expected], abs=0.2)


@pytest.mark.parametrize(
    ("delay", "grace", "ends", "last"),
    [(4, 30, 14, "Succeeded Completed"), (60, 8, 18, "Failed Error"), (0, 30, 10, "Succeeded Completed")],
)
def test_a_deleted_pod_ends_before_it_goes(delay, grace, ends, last):
    body = pod("p", {"stop-delay": delay}, terminationGracePeriodSeconds=grace)
    told = story(body, 40, delete_after=10)
    assert [said for _, said in told[-2:]] == [last, "gone"]
    assert [at for at, _ in told[-2:]] == pytest.approx([ends, ends], abs=0.2)


def test_a_pod_held_by_a_finalizer_stays_over_and_goes_with_it():
    async def scenario(plane: ControlPlane) -> None:
        body = pod()
        body["metadata"]["finalizers"] = ["example.com/hold"]
        await plane.client.create(POD, body, "default")
        await asyncio.sleep(1)
        await plane.client.delete(POD, "p", "default")
        await asyncio.sleep(40)
        held = await plane.client.get(POD, "p", "default")
        assert (held.deleting, held.get("status", "phase")) == (True, "Succeeded")
        await plane.client.patch(POD, "p", {"metadata": {"finalizers": None}}, "default")
        with pytest.raises(StatusError, match="not found"):
            await plane.client.get(POD, "p", "default")

    run_cluster(scenario)


def test_a_pod_somebody_declares_failed_is_stopped():
    async def scenario(plane: ControlPlane) -> None:
        await plane.client.create(POD, pod(), "default")
        await asyncio.sleep(1)
        patch = {"status": {"phase": "Failed", "reason": "Evicted"}}
        await plane.client.patch(POD, "p", patch, "default", type="strategic", subresource="status")
        await asyncio.sleep(1)
        found = await plane.client.get(POD, "p", "default")
        assert summary(found.to_dict()) == "Failed Completed"
        assert found.get("status", "reason") == "Evicted"

    run_cluster(scenario)


def test_readiness_gates_open_when_somebody_says_so():
    async def scenario(plane: ControlPlane) -> None:
        await plane.client.create(POD, pod(readinessGates=[{"conditionType": "x/y"}]), "default")
        await asyncio.sleep(1)
        assert not summary((await plane.client.get(POD, "p", "default")).to_dict()).endswith("ready")
        patch = {"status": {"conditions": [{"type": "x/y", "status": "True"}]}}
        await plane.client.patch(POD, "p", patch, "default", type="strategic", subresource="status")
        await asyncio.sleep(1)
        found = await plane.client.get(POD, "p", "default")
        assert summary(found.to_dict()).endswith("ready")
        ready = next(c for c in found.get("status", "conditions") if c["type"] == "Ready")
        assert "reason" not in ready
        assert "message" not in ready

    run_cluster(scenario)


def test_host_network_pods_have_the_address_of_their_node():
    async def scenario(plane: ControlPlane) -> None:
        await plane.client.create(POD, pod(hostNetwork=True), "default")
        await asyncio.sleep(1)
        found = await plane.client.get(POD, "p", "default")
        node = await plane.client.get(kind("Node"), found.get("spec", "nodeName"))
        address = next(a["address"] for a in node.get("status", "addresses") if a["type"] == "InternalIP")
        assert found.get("status", "podIP") == found.get("status", "hostIP") == address

    run_cluster(scenario)


def test_events_are_the_kubelets():
    async def scenario(plane: ControlPlane) -> list[tuple[str, str]]:
        await plane.client.create(POD, pod(), "default")
        await asyncio.sleep(1)
        await plane.client.delete(POD, "p", "default")
        await asyncio.sleep(1)
        events = (await plane.client.list(EVENT)).objects
        said = [(e.get("reason"), e.get("message")) for e in events if e.get("source", "component") == "kubelet"]
        about = {e.get("involvedObject", "fieldPath") for e in events if e.get("involvedObject", "kind") == "Pod"}
        assert about == {None, "spec.containers{c}"}
        return said

    assert sorted(run_cluster(scenario)) == [
        ("Created", "Container created"),
        ("Killing", "Stopping container c"),
        ("NodeReady", "Node node-0 status is now: NodeReady"),
        ("Pulled", 'Container image "img:1" already present on machine and can be accessed by the pod'),
        ("Started", "Container started"),
    ]


def test_addresses_of_finished_pods_are_used_again():
    async def scenario(plane: ControlPlane) -> None:
        for batch in range(3):
            names = [f"job-{batch}-{n}" for n in range(100)]
            for name in names:
                await plane.client.create(POD, pod(name, {"run-seconds": 5}, restartPolicy="Never"), "default")
            await asyncio.sleep(10)
            found = [await plane.client.get(POD, name, "default") for name in names]
            assert {p.get("status", "phase") for p in found} == {"Succeeded"}
            assert len({p.get("status", "podIP") for p in found}) == 100

    run_cluster(scenario)
