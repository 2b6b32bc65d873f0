"""Workloads on a cluster: in this process, and over HTTPS with scheduler and API server apart."""

import pytest

from kfast.bench.scheduling.runner import run
from kfast.bench.scheduling.workload import OWN, load


def workload(topic, full_name):
    return next(w for w in load(OWN / f"{topic}.yaml") if w.full_name == full_name)


@pytest.mark.parametrize(
    ("topic", "name", "pods"),
    [
        ("misc", "SchedulingBasic/5Nodes", 10),
        ("misc", "SchedulingWhileGated/1Node_10GatedPods", 10),
        ("misc", "PreemptionBasic/5Nodes", 5),
        ("volumes", "SchedulingCSIPVs/5Nodes", 10),
        ("event_handling", "EventHandlingNodeUpdate/2Nodes_20Pods", 120),
    ],
)
def test_all_measured_pods_are_seen_bound(topic, name, pods):
    result = run(workload(topic, name), "cluster")
    assert result.pods == pods
    assert result.overall > 0


@pytest.mark.e2e
def test_processes_that_speak_https():
    result = run(workload("misc", "SchedulingBasic/5Nodes"), "https")
    assert result.pods == 10
    assert result.details["other_processes_peak_rss_bytes"] > 0
