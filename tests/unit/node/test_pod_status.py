"""What is reported of a pod at each point of its way, through the simulated runtime."""

import json

import pytest

from kfast.node.pod_events import killing, pod_events
from kfast.node.pod_network import PodNetwork
from kfast.node.pod_status import pod_status, status_patch, with_status
from kfast.node.runtimes.simulated import SimulatedRuntime
from kfast.runtime import Object

BEGAN = 1_700_000_000.0
HOST = "172.18.0.2"


def pod(annotations=None, status=None, **spec) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "p",
            "namespace": "n",
            "uid": "u",
            "generation": 1,
            "annotations": {f"kfast.dev/{k}": str(v) for k, v in (annotations or {}).items()},
        },
        "spec": {"nodeName": "node-0", "containers": [{"name": "c", "image": "img:1"}], **spec},
        "status": status or {},
    }


class Kubelet:
    """One pod in a runtime of its own."""

    def __init__(self, body: dict) -> None:
        self.body = body
        self.network = PodNetwork("10.244.0")
        self.runtime = SimulatedRuntime({"node-0": self.network})
        self.handle = Object.parse(json.dumps(body).encode())

    async def state(self, after: float):
        await self.runtime.start(self.handle, BEGAN)
        return await self.runtime.observe(self.handle, BEGAN + after)

    async def status(self, after: float, **options) -> dict:
        return pod_status(self.body, await self.state(after), BEGAN + after, HOST, **options)

    async def stop(self, after: float, grace: float) -> None:
        await self.runtime.stop(self.handle, grace, BEGAN + after)


def condition(found: dict, kind: str) -> dict:
    return next(c for c in found["conditions"] if c["type"] == kind)


def told(body: dict, before, after) -> list[tuple[str, str]]:
    return [(event.reason, event.field_path) for event in pod_events(body, before, after)]


async def test_creating_then_running():
    kubelet = Kubelet(pod({"start-delay": 5}))
    found = await kubelet.status(0)
    assert (found["phase"], found.get("podIP"), condition(found, "PodReadyToStartContainers")["status"]) == (
        "Pending",
        None,
        "False",
    )
    assert found["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    ready = condition(found, "Ready")
    assert (ready["reason"], ready["message"]) == ("ContainersNotReady", "containers with unready status: [c]")
    found = await kubelet.status(5)
    assert (found["phase"], found["podIP"], condition(found, "Ready")["status"]) == ("Running", "10.244.0.2", "True")
    assert found["containerStatuses"][0]["ready"]
    assert "reason" not in condition(found, "Ready")


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [("Never", 0, "Succeeded"), ("Never", 7, "Failed"), ("OnFailure", 0, "Succeeded"), ("OnFailure", 7, "Running")],
)
async def test_phase_after_the_exit(policy, code, phase):
    kubelet = Kubelet(pod({"run-seconds": 1, "exit-code": code}, restartPolicy=policy))
    found = await kubelet.status(1.5)
    assert found["phase"] == phase
    if phase != "Running":
        end = found["containerStatuses"][0]["state"]["terminated"]
        assert (end["exitCode"], end["reason"]) == (code, "Error" if code else "Completed")
        assert condition(found, "Ready")["reason"] == ("PodFailed" if code else "PodCompleted")
        assert kubelet.network.address("other") == "10.244.0.3"
        assert [kubelet.network.address(str(i)) for i in range(252)][-1] == "10.244.0.2"


async def test_crash_loop():
    kubelet = Kubelet(pod({"run-seconds": 1, "exit-code": 1}))
    found = (await kubelet.status(2.5))["containerStatuses"][0]
    waiting = found["state"]["waiting"]
    assert (waiting["reason"], waiting["message"]) == (
        "CrashLoopBackOff",
        "back-off 10s restarting failed container=c pod=p_n(u)",
    )
    assert found["lastState"]["terminated"]["exitCode"] == 1
    assert (found["restartCount"], found["ready"], found["started"]) == (1, False, False)
    found = (await kubelet.status(12.1))["containerStatuses"][0]
    assert "running" in found["state"]
    assert found["restartCount"] == 2
    assert found["lastState"]["terminated"]["containerID"] != found["containerID"]


async def test_longer_back_off_is_written_as_go_does():
    kubelet = Kubelet(pod({"run-seconds": 1, "exit-code": 1}))
    found = await kubelet.status(10 + 20 + 40 + 6)
    assert "back-off 1m20s" in found["containerStatuses"][0]["state"]["waiting"]["message"]


async def test_failing_pull_turns_into_back_off():
    kubelet = Kubelet(pod({"image-pull": "fail"}))
    before = await kubelet.state(0)
    assert (before.containers[0].reason, before.next_change) == ("ErrImagePull", BEGAN + 10)
    after = await kubelet.state(10)
    assert after.containers[0].reason == "ImagePullBackOff"
    assert told(kubelet.body, None, before) == [(r, "spec.containers{c}") for r in ("Pulling", "Failed", "Failed")]
    assert [reason for reason, _ in told(kubelet.body, before, after)] == ["BackOff", "Failed"]


async def test_init_containers_run_in_order_and_sidecars_run_on():
    inits = [
        {"name": "first", "image": "i"},
        {"name": "side", "image": "i", "restartPolicy": "Always"},
        {"name": "second", "image": "i"},
    ]
    kubelet = Kubelet(pod({"init-seconds": 4, "run-seconds": 10}, restartPolicy="Never", initContainers=inits))

    async def states(after: float) -> list[str]:
        found = await kubelet.status(after)
        return [next(iter(s["state"])) for s in (*found["initContainerStatuses"], *found["containerStatuses"])]

    assert await states(1) == ["running", "waiting", "waiting", "waiting"]
    found = await kubelet.status(1)
    assert (found["phase"], condition(found, "Initialized")["message"]) == (
        "Pending",
        "containers with incomplete status: [first side second]",
    )
    assert found["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"
    assert await states(5) == ["terminated", "running", "running", "waiting"]
    assert await states(8) == ["terminated", "running", "terminated", "running"]
    found = await kubelet.status(8)
    assert (found["phase"], condition(found, "Initialized")["status"], condition(found, "Ready")["status"]) == (
        "Running",
        "True",
        "True",
    )
    assert await states(18) == ["terminated"] * 4
    assert (await kubelet.status(18))["phase"] == "Succeeded"


@pytest.mark.parametrize(("delay", "code", "phase"), [(5, 0, "Succeeded"), (60, 137, "Failed")])
async def test_a_stopped_pod_ends_in_a_final_phase(delay, code, phase):
    kubelet = Kubelet(pod({"stop-delay": delay}))
    await kubelet.state(0)
    await kubelet.stop(10, 30)
    assert not (await kubelet.state(12)).stopped
    found = await kubelet.status(40, over=True)
    assert (found["phase"], found["containerStatuses"][0]["state"]["terminated"]["exitCode"]) == (phase, code)
    assert condition(found, "Ready")["status"] == "False"


async def test_a_pod_stopped_before_it_ran_fails():
    kubelet = Kubelet(pod({"start-delay": 60}))
    await kubelet.state(0)
    await kubelet.stop(10, 30)
    found = await kubelet.status(10, over=True)
    assert (found["phase"], found["containerStatuses"][0]["state"]["terminated"]["reason"]) == (
        "Failed",
        "ContainerStatusUnknown",
    )


async def test_readiness_gates_hold_ready_back():
    kubelet = Kubelet(pod(readinessGates=[{"conditionType": "x/y"}]))
    found = await kubelet.status(0)
    assert condition(found, "ContainersReady")["status"] == "True"
    ready = condition(found, "Ready")
    assert (ready["reason"], ready["message"]) == (
        "ReadinessGatesNotReady",
        'corresponding condition of pod readiness gate "x/y" does not exist.',
    )
    kubelet.body["status"] = {"conditions": [{"type": "x/y", "status": "False"}]}
    assert condition(await kubelet.status(0), "Ready")["message"].endswith('"x/y" is not "True", but False')
    kubelet.body["status"] = {"conditions": [{"type": "x/y", "status": "True"}]}
    assert condition(await kubelet.status(0), "Ready")["status"] == "True"


async def test_transition_times_stay_while_the_status_does():
    kubelet = Kubelet(pod({"ready-delay": 5}))
    first = kubelet.body["status"] = await kubelet.status(0)
    second = await kubelet.status(5)
    times = {
        kind: [condition(s, kind)["lastTransitionTime"] for s in (first, second)] for kind in ("Initialized", "Ready")
    }
    assert times["Initialized"][0] == times["Initialized"][1]
    assert times["Ready"][0] < times["Ready"][1]


async def test_host_network_pods_take_no_address():
    kubelet = Kubelet(pod(hostNetwork=True))
    assert (await kubelet.status(0))["podIP"] == HOST
    assert kubelet.network.address("other") == "10.244.0.2"


async def test_a_running_pod_is_taken_up_as_it_was():
    before = Kubelet(pod({"ready-delay": 100, "run-seconds": 500}))
    status = await before.status(0)
    after = Kubelet(pod({"ready-delay": 100, "run-seconds": 500}, status))
    assert after.runtime.adopt(after.handle)
    assert not after.runtime.adopt(Object.parse(json.dumps(pod()).encode()))
    assert after.network.address("new") == "10.244.0.3"
    state = await after.state(50)
    assert state.next_change == BEGAN + 100
    assert pod_status(after.body, state, BEGAN + 50, HOST) == status


@pytest.mark.parametrize("after", [5.0, 2.5, 12.5])
async def test_pods_in_trouble_are_taken_up_as_they_were(after):
    script = {"init-seconds": 1, "run-seconds": 1, "exit-code": 1}
    inits = [{"name": "i", "image": "i"}]
    before = Kubelet(pod(script, initContainers=inits))
    status = await before.status(after)
    again = Kubelet(pod(script, status, initContainers=inits))
    again.runtime.adopt(again.handle)
    assert pod_status(again.body, await again.state(after), BEGAN + after, HOST) == status


async def test_events_of_a_start_and_a_restart():
    kubelet = Kubelet(pod({"run-seconds": 1, "exit-code": 1}))
    first, second, third = await kubelet.state(0), await kubelet.state(1), await kubelet.state(2)
    start = [(reason, "spec.containers{c}") for reason in ("Pulled", "Created", "Started")]
    assert told(kubelet.body, None, first) == start
    assert told(kubelet.body, first, second) == start
    assert told(kubelet.body, second, third) == [("BackOff", "spec.containers{c}")]
    assert told(kubelet.body, third, third) == []
    assert [event.message for event in killing(kubelet.body)] == ["Stopping container c"]


def test_the_patch_names_what_changed_and_takes_away_what_is_gone():
    old = {
        "phase": "Pending",
        "hostIP": HOST,
        "conditions": [
            {"type": "Ready", "status": "False", "reason": "R", "message": "m"},
            {"type": "Initialized", "status": "True"},
            {"type": "x/y", "status": "True"},
        ],
    }
    new = {
        "phase": "Running",
        "hostIP": HOST,
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Initialized", "status": "True"}],
    }
    assert status_patch(old, new) == {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "reason": None, "message": None}],
    }
    assert status_patch(new, new) == {}


def test_what_others_wrote_stays():
    others = {"type": "x/y", "status": "True"}
    body = {"spec": {}, "status": {"qosClass": "Burstable", "phase": "Pending", "conditions": [others]}}
    own = {"type": "Ready", "status": "True"}
    found = with_status(body, {"phase": "Running", "conditions": [own]})
    assert found["status"] == {"qosClass": "Burstable", "phase": "Running", "conditions": [own, others]}
    assert body["status"]["phase"] == "Pending"
