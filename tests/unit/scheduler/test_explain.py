"""Explanations: every node's verdict and scores, counts by reason, nearest misses."""

import importlib.util
import json

import pytest
from click.testing import CliRunner

from kfast._core import Object, Scheduler
from kfast.cli.scheduler import command
from kfast.scheduler.explain import explain
from kfast.scheduler.explanation_text import table


def handle(obj):
    return Object.parse(json.dumps(obj).encode())


def node(name, cpu="4", **spec):
    amounts = {"cpu": cpu, "memory": "8Gi", "pods": "10"}
    return handle({"kind": "Node", "metadata": {"name": name}, "spec": spec, "status": {"allocatable": amounts}})


def pod(name, cpu="1", memory="1Gi", **spec):
    resources = {"requests": {"cpu": cpu, "memory": memory}}
    spec = {"containers": [{"name": "c", "resources": resources}], **spec}
    return handle({"kind": "Pod", "metadata": {"name": name, "namespace": "d", "uid": name}, "spec": spec})


@pytest.fixture
def core():
    core = Scheduler()
    for obj in (
        node("a"),
        node("b", "2"),
        node("tainted", "1", taints=[{"key": "k", "effect": "NoSchedule"}]),
        node("closed", unschedulable=True),
    ):
        core.set_node(obj, 0)
    core.set_pod(pod("there", "1500m", nodeName="b"), 0)
    return core


def test_every_node_has_a_verdict_and_the_reasons_are_counted(core):
    found = explain(core, pod("p", "1200m"))
    assert found.nodes == ["a", "b", "closed", "tainted"]
    assert found.feasible == [True, False, False, False]
    assert found.plugin == [None, "NodeResourcesFit", "NodeUnschedulable", "TaintToleration"]
    assert found.code[1:3] == ["Unschedulable", "UnschedulableAndUnresolvable"]
    assert found.others[3] == ["NodeResourcesFit"]
    assert found.best == ["a"]
    assert found.counts() == {
        "Insufficient cpu": 1,
        "node(s) had untolerated taint(s)": 1,
        "node(s) were unschedulable": 1,
    }


def test_raw_normalised_and_weighted_scores_make_the_total(core):
    found = explain(core, pod("p", "100m"))
    for at, feasible in enumerate(found.feasible):
        weighted = [s.weighted[at] for s in found.scores.values()]
        assert found.total[at] == (sum(weighted) if feasible else None)
    taints = found.scores["TaintToleration"]
    assert (taints.weight, taints.raw[0], taints.normalized[0]) == (3, 0, 100)


def test_nearest_misses_say_what_would_fit(core):
    found = explain(core, pod("p", "3", memory="9Gi", tolerations=[{"operator": "Exists"}]))
    misses = {m.node: m for m in found.near_misses}
    assert misses["a"].fits_if == "memory <= 8Gi"
    assert misses["b"].fits_if == "cpu <= 500m, memory <= 7Gi"
    assert [m.node for m in found.near_misses][:2] == ["a", "closed"]
    closed = explain(core, pod("p", "3")).near_misses
    assert ("closed", "not: node(s) were unschedulable") in {(m.node, m.fits_if) for m in closed}


def test_a_placed_pod_is_explained_as_if_it_were_not_there(core):
    found = explain(core, pod("there", "1500m", nodeName="b"))
    assert found.feasible[:2] == [True, True]
    # And afterwards it is there again.
    assert explain(core, pod("p", "1200m")).feasible[:2] == [True, False]
    assert explain(core, pod("p", "500m")).feasible[:2] == [True, True]


def test_a_pre_filters_rejection_stands_for_all_nodes(core):
    none = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": []}]}]}
    found = explain(core, pod("p", affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": none}}))
    assert found.pre_filter["plugin"] == "NodeAffinity"
    assert found.plugin == ["NodeAffinity"] * 4
    assert "NodeAffinity rejects it on every node" in table(found, 10)


def test_arrays_need_no_library_and_frames_say_which(core):
    found = explain(core, pod("p", "100m"))
    arrays = found.arrays()
    assert arrays["node"] == ["a", "b"]
    assert list(arrays["total"]) == found.total[:2]
    assert list(arrays["TaintToleration.weighted"]) == [300, 300]
    if any(importlib.util.find_spec(library) for library in ("polars", "pandas")):
        assert len(found.frame()) == 4
    else:
        with pytest.raises(ImportError, match="polars or pandas"):
            found.frame()


def test_a_malformed_pod_is_refused(core):
    with pytest.raises(ValueError, match="Pod d/p"):
        explain(core, handle({"kind": "Pod", "metadata": {"name": "p", "namespace": "d"}, "spec": {"containers": 5}}))


MANIFEST = """
kind: List
apiVersion: v1
items:
- {apiVersion: v1, kind: Node, metadata: {name: n}, status: {capacity: {cpu: 1500m, memory: 4Gi, pods: 9}}}
---
apiVersion: v1
kind: Pod
metadata: {name: big}
spec: {containers: [{name: c, image: i, resources: {limits: {cpu: 2}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {containers: [{name: c, image: i}]}}}
"""


def invoke(tmp_path, text, *arguments):
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    return CliRunner().invoke(command, ["explain", "-f", str(path), *arguments])


def test_manifests_get_an_api_servers_defaults(tmp_path):
    result = invoke(tmp_path, MANIFEST, "--pod", "big")
    assert result.exit_code == 0, result.output
    assert "Pod default/big fits 0 of 1 nodes." in result.output
    assert "cpu <= 1500m" in result.output


def test_a_workloads_name_stands_for_its_pods(tmp_path):
    result = invoke(tmp_path, MANIFEST, "--pod", "web", "-n", "shop", "--json")
    assert json.loads(result.output)["feasible"] == [True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "cluster.yaml"),
        ("5", "part 1 is no object"),
        ("{kind: Pod}", "has no metadata.name"),
        ("{kind: Pod, apiVersion: v1, metadata: {name: p}, spec: 7}", "Pod p is malformed"),
        ("{kind: Node, apiVersion: v1, metadata: {name: p}}", "no pod and no workload default/p"),
    ],
)
def test_bad_manifests_are_named(tmp_path, text, message):
    result = invoke(tmp_path, text, "--pod", "p")
    assert result.exit_code == 1
    assert message in result.output
