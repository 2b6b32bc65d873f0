"""The course of a simulated pod: stages by time, restarts, back-off, stops."""

import math

import pytest

from kfast.node.lifecycle import Course, Stage
from kfast.node.script import Script

BEGAN = 1_700_000_000.0


def course(policy="Always", init=0, **script) -> Course:
    return Course(Script(**script), policy, init, BEGAN)


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
    assert run.advance(BEGAN) == BEGAN + 4
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


def test_a_long_run_ends_the_crash_loop():
    run = course(run_seconds=600, exit_code=1)
    run.advance(BEGAN + 600)
    assert run.advance(BEGAN + 1200) == BEGAN + 1800
    assert (run.stage, run.restarts, run.backoff) == (Stage.RUNNING, 2, 10)
    run.advance(BEGAN + 1800)
    assert (run.stage, run.backoff) == (Stage.RUNNING, 10)


def test_each_init_container_is_a_change():
    run = course(init=3, init_seconds=4)
    assert [run.advance(BEGAN + after) for after in (0, 4, 9)] == [BEGAN + 4, BEGAN + 8, BEGAN + 12]


@pytest.mark.parametrize(("delay", "grace", "ends", "code"), [(5, 30, 5, 0), (60, 30, 30, 137), (0, 0, 0, 0)])
def test_stopping_takes_its_delay_or_the_grace(delay, grace, ends, code):
    run = course(stop_delay=delay)
    run.advance(BEGAN)
    run.stop(BEGAN + 1, grace)
    if ends:
        assert run.advance(BEGAN + 1) == BEGAN + 1 + ends
        assert run.stage is Stage.RUNNING
    run.advance(BEGAN + 1 + ends)
    assert (run.stage, run.exit_code, run.finished) == (Stage.EXITED, code, BEGAN + 1 + ends)


def test_a_stopped_pod_is_not_restarted():
    run = course(run_seconds=1, exit_code=1)
    run.advance(BEGAN + 2)
    run.stop(BEGAN + 2, 30)
    assert run.advance(BEGAN + 2) == math.inf
    assert run.stage is Stage.EXITED


@pytest.mark.parametrize("value", ["", "x", "-1", "inf", "nan"])
def test_unusable_annotations_count_as_default(value):
    assert Script.read({"kfast.dev/start-delay": value}) == Script()
