"""Workloads on the core alone, in virtual time."""

import pytest

from kfast.bench.scheduling.runner import run
from kfast.bench.scheduling.workload import OWN, load


def workload(topic, full_name):
    return next(w for w in load(OWN / f"{topic}.yaml") if w.full_name == full_name)


@pytest.mark.parametrize(
    ("topic", "name", "pods"),
    [
        ("misc", "SchedulingBasic/5Nodes", 10),
        ("misc", "SchedulingWithMixedChurn/10Nodes", 100),
        ("misc", "SchedulingWhileGated/1Node_10GatedPods", 10),
        ("misc", "SchedulingDeletedPodsWithFinalizers/10Node_100DeletingPods", 10),
        ("misc", "Unschedulable/5Nodes/1Init/10Pods", 10),
        ("affinity", "SchedulingRequiredPodAffinityWithNSSelector/10Nodes", 10),
        ("event_handling", "EventHandlingPodUpdate/1Node_10Pods", 60),
        ("event_handling", "EventHandlingNodeAdd/2Nodes_20Pods", 120),
        ("event_handling", "EventHandlingNodeUpdate/2Nodes_20Pods", 120),
    ],
)
def test_all_measured_pods_are_bound(topic, name, pods):
    seen = []
    result = run(workload(topic, name), "core", lambda *progress: seen.append(progress))
    assert result.pods == pods
    assert result.details["attempts"] >= pods
    assert 0 < result.details["deciding_seconds"] < result.seconds
    assert result.peak_rss_bytes > 0


def test_pods_that_never_fit_end_the_run_with_the_reason(tmp_path):
    (tmp_path / "w.yaml").write_text(
        """
- name: Stuck
  workloadTemplate:
  - {opcode: createNodes, count: 1}
  - {opcode: createPods, count: 1, podTemplatePath: pod.yaml, collectMetrics: true}
  workloads: [{name: x}]
"""
    )
    (tmp_path / "pod.yaml").write_text("kind: Pod\nspec: {nodeSelector: {disk: none}, containers: [{name: c}]}\n")
    (stuck,) = load(tmp_path / "w.yaml")
    with pytest.raises(RuntimeError, match="1 pods were not scheduled for 600 virtual seconds"):
        run(stuck, "core")


def test_a_steady_state_makes_its_pods_again_and_again(tmp_path):
    (tmp_path / "w.yaml").write_text(
        """
- name: Steady
  workloadTemplate:
  - {opcode: createNodes, count: 1}
  - {opcode: createPods, count: 40, steadyState: true, duration: 1s, collectMetrics: true}
  - {opcode: sleep, duration: 2h}
  workloads: [{name: x}]
"""
    )
    (steady,) = load(tmp_path / "w.yaml")
    result = run(steady, "core")
    assert result.pods % 40 == 0
    assert result.pods >= 200
