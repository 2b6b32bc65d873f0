"""The scheduling loop: what is written, and when a pod is tried again."""

import pytest

from kfast.errors import StatusError

TOO_BIG = (
    "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. preemption: 0/2 nodes are available: "
    "2 Preemption is not helpful for scheduling."
)


def notes(cluster):
    return [(e["type"], e["reason"], e["action"], e["note"]) for e in cluster.events]


def test_pods_are_bound_and_the_binding_is_told(cluster, run):
    async def scenario(scheduler, clock):
        await clock.sleep(0.1)
        cluster.add_node("n1")
        cluster.add_pod("web")
        await clock.sleep(0.1)
        assert cluster.bound == [("web", "n1")]
        assert notes(cluster) == [
            ("Normal", "Scheduled", "Binding", "Successfully assigned default/web to n1"),
        ]
        [event] = cluster.events
        assert event["regarding"]["uid"] == "uid-web"
        assert event["reportingController"] == "default-scheduler"
        assert scheduler.core.pending() == {"active": 0, "backoff": 0, "unschedulable": 0, "gated": 0, "assumed": 0}

    run(scenario)


def test_higher_priority_goes_first_and_no_node_is_overcommitted(cluster, run):
    cluster.add_node("n1", cpu="3")
    cluster.add_node("n2", cpu="2")
    for number in range(8):
        cluster.add_pod(f"low-{number}")
    cluster.add_pod("high", priority=10)

    async def scenario(scheduler, clock):
        await clock.sleep(0.1)
        assert cluster.bound[0][0] == "high"
        nodes = [node for _, node in cluster.bound]
        assert (nodes.count("n1"), nodes.count("n2")) == (3, 2)
        assert scheduler.core.pending()["unschedulable"] == 4

    run(scenario)


def test_what_fits_nowhere_says_why_and_waits_for_an_event(cluster, run):
    cluster.add_node("n1")
    cluster.add_node("cordoned", cpu="16", unschedulable=True)
    cluster.add_pod("big", cpu="8")

    async def scenario(scheduler, clock):
        await clock.sleep(0.1)
        condition = cluster.condition("big")
        assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
        assert condition["message"] == TOO_BIG
        assert condition["observedGeneration"] == 1
        assert notes(cluster) == [("Warning", "FailedScheduling", "Scheduling", TOO_BIG)]
        cluster.add_node("cordoned", cpu="16")
        await clock.sleep(0.1)
        assert cluster.bound == [("big", "cordoned")]

    run(scenario)


def test_an_event_that_cannot_help_wakes_nobody(cluster, run):
    cluster.add_node("n1")
    cluster.add_pod("big", cpu="8")

    async def scenario(scheduler, clock):
        await clock.sleep(5)
        cluster.add_node("small", cpu="1")
        await clock.sleep(60)
        assert len(cluster.events) == 1
        cluster.add_node("n1", cpu="8")
        await clock.sleep(0.1)
        assert cluster.bound == [("big", "n1")]

    run(scenario)


def test_without_an_event_it_is_tried_again_after_five_minutes(cluster, run):
    cluster.add_node("small", cpu="1")
    cluster.add_pod("lonely", cpu="2")

    async def scenario(scheduler, clock):
        await clock.sleep(290)
        [event] = cluster.events
        assert "series" not in event
        await clock.sleep(50)
        [event] = cluster.events
        assert event["series"]["count"] == 2

    run(scenario)


def test_without_any_node_it_is_tried_again_after_its_backoff(cluster, run):
    cluster.add_pod("lonely")

    async def scenario(scheduler, clock):
        await clock.sleep(60)
        [event] = cluster.events
        assert event["note"] == "no nodes available to schedule pods"
        assert 6 <= event["series"]["count"] <= 10
        cluster.add_node("n1")
        await clock.sleep(11)
        assert cluster.bound == [("lonely", "n1")]

    run(scenario)


def test_a_freed_node_takes_the_next_pod(cluster, run):
    cluster.add_node("n1", cpu="1")
    cluster.add_pod("first", priority=1)
    cluster.add_pod("second")

    async def scenario(scheduler, clock):
        await clock.sleep(5)
        assert cluster.bound == [("first", "n1")]
        cluster.remove("pods", "first")
        await clock.sleep(0.1)
        assert cluster.bound == [("first", "n1"), ("second", "n1")]

    run(scenario)


def test_a_refused_binding_is_told_and_tried_again_after_the_backoff(cluster, run):
    cluster.add_node("n1", cpu="1")
    cluster.refuse = [StatusError(500, "InternalError", "no")] * 2
    cluster.add_pod("web")

    async def scenario(scheduler, clock):
        await clock.sleep(0.1)
        assert cluster.bound == []
        assert cluster.condition("web")["reason"] == "SchedulerError"
        assert notes(cluster)[0][3] == 'binding rejected: running Bind plugin "DefaultBinder": no'
        await clock.sleep(5)
        assert cluster.bound == [("web", "n1")]

    run(scenario)


def test_a_victim_is_told_and_deleted_and_the_preemptor_takes_its_place(cluster, run):
    cluster.add_node("n1", cpu="1")
    cluster.add_pod("low")

    async def scenario(scheduler, clock):
        await clock.sleep(1)
        assert cluster.bound == [("low", "n1")]
        seen = []
        tell = cluster.tell
        cluster.tell = lambda resource, event, obj: (seen.append((event, obj)), tell(resource, event, obj))
        cluster.add_pod("high", priority=10)
        await clock.sleep(5)
        assert cluster.bound == [("low", "n1"), ("high", "n1")]
        [gone] = [obj for event, obj in seen if event == "DELETED"]
        [condition] = [c for c in gone.get("status", "conditions") if c["type"] == "DisruptionTarget"]
        assert (condition["reason"], condition["message"]) == (
            "PreemptionByScheduler",
            "default-scheduler: preempting to accommodate a higher priority pod",
        )
        nominated = [obj.get("status", "nominatedNodeName") for _, obj in seen if obj.name == "high"]
        assert "n1" in nominated
        assert ("Normal", "Preempted", "Preempting", "Preempted by pod uid-high on node n1") in notes(cluster)

    run(scenario)


def test_gated_pods_wait_for_their_gates(cluster, run):
    cluster.add_node("n1")
    cluster.add_pod("gated", schedulingGates=[{"name": "quota"}])

    async def scenario(scheduler, clock):
        await clock.sleep(400)
        assert cluster.bound == []
        assert cluster.condition("gated")["reason"] == "SchedulingGated"
        cluster.add_pod("gated")
        await clock.sleep(0.1)
        assert cluster.bound == [("gated", "n1")]

    run(scenario)


def test_pods_of_other_schedulers_and_dying_pods_are_left_alone(cluster, run):
    cluster.add_node("n1")
    cluster.add_pod("other", schedulerName="mine")
    cluster.add_pod("dying")
    cluster.objects["pods"]["dying"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    async def scenario(scheduler, clock):
        await clock.sleep(1)
        assert cluster.bound == []
        assert not any(scheduler.core.pending().values())

    run(scenario)


def test_a_malformed_pod_stops_nobody(cluster, run):
    cluster.add_node("n1")
    cluster.add_pod("odd", cpu="one")
    cluster.add_pod("web")

    async def scenario(scheduler, clock):
        await clock.sleep(1)
        assert cluster.bound == [("web", "n1")]

    run(scenario)


def test_a_running_scheduler_explains_its_pods(cluster, run):
    cluster.add_node("n1")
    cluster.add_pod("web")

    async def scenario(scheduler, clock):
        await clock.sleep(0.1)
        assert cluster.bound == [("web", "n1")]
        found = scheduler.explain("default", "web")
        assert (found.best, found.feasible) == (["n1"], [True])
        with pytest.raises(LookupError, match="default/other"):
            scheduler.explain("default", "other")

    run(scenario)
