"""The course of a simulated pod: stages by time, restarts, back-off, and what its status says."""

import math

import pytest

from kfast.node.lifecycle import Course, Stage, resume
from kfast.node.pod_status import pod_status
from kfast.node.script import Script

BEGAN = 1_700_000_000.0


def course(policy="Always", init=0, **script) -> Course:
    return Course(Script(**script), policy, init, BEGAN)


def pod(**spec) -> dict:
    return {
        "metadata": {"name": "p", "namespace": "n", "uid": "u", "generation": 1},
        "spec": {"containers": [{"name": "c", "image": "img:1"}], **spec},
    }


def status(run: Course, after: float, body: dict | None = None) -> dict:
    run.advance(BEGAN + after)
    return pod_status(body or pod(), run, BEGAN + after, "172.18.0.2", "10.244.0.2")


def condition(found: dict, kind: str) -> str:
    return next(c["status"] for c in found["conditions"] if c["type"] == kind)


def test_a_plain_pod_runs_and_is_ready_at_once():
    run = course()
    assert run.advance(BEGAN) == math.inf
    assert (run.stage, run.ready(BEGAN)) == (Stage.RUNNING, True)


def test_delays_pass_in_order():
    run = course(start_delay=5, ready_delay=3)
    assert run.advance(BEGAN + 1) == BEGAN + 5
    assert run.stage is Stage.CREATING
    assert run.advance(BEGAN + 5) == BEGAN + 8
    assert not run.ready(BEGAN + 7.9)
    assert run.ready(BEGAN + 8)


def test_init_containers_run_one_after_the_other():
    run = course(init=2, init_seconds=4)
    assert run.advance(BEGAN) == BEGAN + 8
    assert run.stage is Stage.INITIALIZING
    run.advance(BEGAN + 8)
    assert run.stage is Stage.RUNNING


def test_never_ready_stays_unready():
    run = course(never_ready=True)
    assert run.advance(BEGAN + 1000) == math.inf
    assert not run.ready(BEGAN + 1000)


@pytest.mark.parametrize(
    ("policy", "code", "stage"),
    [
        ("Never", 0, Stage.EXITED),
        ("Never", 3, Stage.EXITED),
        ("OnFailure", 0, Stage.EXITED),
        ("OnFailure", 3, Stage.RUNNING),
        ("Always", 0, Stage.RUNNING),
    ],
)
def test_exit_is_final_or_not_by_restart_policy(policy, code, stage):
    run = course(policy, run_seconds=10, exit_code=code)
    run.advance(BEGAN + 10)
    assert run.stage is stage
    assert run.restarts == (stage is Stage.RUNNING)


def test_restarts_back_off_ten_seconds_doubling_to_five_minutes():
    run = course(run_seconds=1, exit_code=1)
    waits, now = [], BEGAN
    for _ in range(8):
        now = run.advance(now)
        while run.stage is not Stage.BACKOFF:
            now = run.advance(now)
        due = run.advance(run.finished)
        waits.append(due - run.finished)
        now = due
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300]


def test_status_of_each_stage():
    found = status(course(start_delay=1), 0)
    assert (found["phase"], found["containerStatuses"][0]["state"]["waiting"]["reason"]) == (
        "Pending",
        "ContainerCreating",
    )
    assert "podIP" not in found
    found = status(course(), 0)
    assert (found["phase"], found["podIP"], condition(found, "Ready")) == ("Running", "10.244.0.2", "True")
    assert found["containerStatuses"][0]["ready"]
    found = status(course("Never", run_seconds=1, exit_code=7), 2)
    assert (found["phase"], condition(found, "Ready")) == ("Failed", "False")
    assert found["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 7
    found = status(course(run_seconds=1, exit_code=1), 2.5)
    state = found["containerStatuses"][0]
    assert (state["state"]["waiting"]["reason"], state["lastState"]["terminated"]["exitCode"]) == (
        "CrashLoopBackOff",
        1,
    )


def test_failing_pull_turns_into_back_off():
    run = course(pull_fails=True)
    reason = ["containerStatuses", 0, "state", "waiting", "reason"]
    for after, expected in ((0, "ErrImagePull"), (10, "ImagePullBackOff")):
        found = status(run, after)
        for key in reason:
            found = found[key]
        assert found == expected


def test_readiness_gates_hold_ready_back():
    body = pod(readinessGates=[{"conditionType": "x/y"}])
    found = status(course(), 0, body)
    assert (condition(found, "ContainersReady"), condition(found, "Ready")) == ("True", "False")
    body["status"] = {"conditions": [{"type": "x/y", "status": "True"}]}
    assert condition(status(course(), 0, body), "Ready") == "True"


def test_transition_times_stay_while_the_status_does():
    run = course(ready_delay=5)
    body = pod()
    body["status"] = status(run, 0, body)
    first = {c["type"]: c["lastTransitionTime"] for c in body["status"]["conditions"]}
    second = {c["type"]: c["lastTransitionTime"] for c in status(run, 5, body)["conditions"]}
    assert second["Initialized"] == first["Initialized"]
    assert second["Ready"] > first["Ready"]


def test_host_network_pods_have_the_nodes_address():
    assert status(course(), 0, pod(hostNetwork=True))["podIP"] == "172.18.0.2"


def test_a_running_pod_is_resumed_as_it_was():
    before = status(course(ready_delay=100), 0)
    again = resume(Script(ready_delay=100), "Always", 0, before, BEGAN + 50)
    assert (again.stage, again.started) == (Stage.RUNNING, BEGAN)
    assert again.advance(BEGAN + 50) == BEGAN + 100


@pytest.mark.parametrize("value", ["", "x", "-1", "inf", "nan"])
def test_unusable_annotations_count_as_default(value):
    assert Script.read({"kfast.dev/start-delay": value}) == Script()
