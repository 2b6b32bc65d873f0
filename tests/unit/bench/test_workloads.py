"""Our workload files have upstream's parameters, and are read as upstream's are."""

import json
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from kfast.bench.scheduling import templates
from kfast.bench.scheduling.decode import WorkloadError, decode, seconds
from kfast.bench.scheduling.operations import OPCODES, Barrier, CreatePods, CreatePodSets, Sleep
from kfast.bench.scheduling.workload import OWN, load, select

UPSTREAM = Path(__file__).parents[4] / "shared/data/scheduler_perf_workloads_1.36.2.json"
TOPICS = ("misc", "affinity", "topology_spreading", "volumes", "event_handling")


def stems(value):
    """Paths of templates without folders and suffixes: upstream has a file for each, ours are parts of files."""
    if isinstance(value, dict):
        return {k: stems(v) for k, v in value.items()}
    if isinstance(value, list):
        return [stems(v) for v in value]
    if isinstance(value, str) and "#" in value:
        return value.partition("#")[2]
    if isinstance(value, str) and value.endswith(".yaml"):
        return value.replace("../", "").replace("templates/", "").removesuffix(".yaml").replace("/", "-")
    return value


def upstreams_operation(raw, params, default):
    raw = dict(raw)
    for key in list(raw):
        if key.endswith("Param") and not isinstance(raw[key], str):
            raw[key.removesuffix("Param")] = raw.pop(key)
    operation = decode(OPCODES[raw["opcode"]], raw, params, "upstream")
    pods = operation.create_pods_op if isinstance(operation, CreatePodSets) else operation
    if isinstance(pods, CreatePods) and not pods.pod_template_path:
        pods.pod_template_path = default or ""
    return stems({"op": type(operation).__name__, **asdict(operation)})


@pytest.mark.skipif(not UPSTREAM.exists(), reason="shared/data/scheduler_perf_workloads_1.36.2.json is not here")
@pytest.mark.parametrize("topic", TOPICS)
def test_workloads_have_upstreams_parameters(topic):
    upstream = [w for w in json.loads(UPSTREAM.read_text()) if f"/scheduler_perf/{topic}/" in w["file"]]
    ours = load(OWN / f"{topic}.yaml")
    assert [w.full_name for w in ours] == [f"{w['testcase']}/{w['workload']}" for w in upstream]
    for mine, theirs in zip(ours, upstream, strict=True):
        assert (mine.labels, mine.threshold, mine.params) == (
            theirs["labels"] or [],
            theirs["threshold"],
            theirs["params"],
        ), mine.full_name
        gates = theirs["featureGates"] or {}
        assert gates.items() <= mine.feature_gates.items(), mine.full_name
        default = theirs["defaultPodTemplate"]
        wanted = [upstreams_operation(o, theirs["params"], default) for o in theirs["ops"]]
        assert [stems({"op": type(o).__name__, **asdict(o)}) for o in mine.operations] == wanted, mine.full_name


@pytest.mark.parametrize("path", sorted(OWN.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_template_named_makes_an_object(path):
    for workload in load(path):
        for operation in workload.operations:
            for part in (operation, getattr(operation, "create_pods_op", None)):
                for field in fields(part) if part else ():
                    value = getattr(part, field.name)
                    if field.name.endswith("template_path") and value:
                        assert templates.load(path.parent / value).make(0, 3)["kind"]
                    for one in value if field.name == "template_paths" else ():
                        assert templates.load(path.parent / one).make(0, 3)["kind"]


def test_fields_are_read_in_any_case_and_parameters_put_in(tmp_path):
    (tmp_path / "w.yaml").write_text(
        """
- Name: A
  DefaultPodTemplatePath: pod.yaml
  WorkloadTemplate:
  - {OpCode: createPods, COUNTPARAM: $n, steadyStateParam: $steady, durationParam: $time}
  - {opcode: sleep, duration: 1m500ms}
  - {opcode: barrier, stageRequirement: Attempted}
  Workloads:
  - {name: x, labels: [performance], threshold: {topic: 5}, params: {n: 3, steady: true, time: 10s}}
"""
    )
    (workload,) = load(tmp_path / "w.yaml")
    assert workload.operations == [
        CreatePods(count=3, pod_template_path="pod.yaml", steady_state=True, duration=10.0),
        Sleep(60.5),
        Barrier(stage_requirement="Attempted"),
    ]
    assert workload.threshold == 5


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("{opcode: createClouds}", "no opcode 'createClouds'"),
        ("{opcode: createNodes, countParam: $m}", "no parameter 'm'"),
        ("{opcode: createNodes, countParam: 5}", "is no \\$parameter"),
        ("{opcode: createNodes, count: many}", "is no int"),
        ("{opcode: createNodes}", "lacks count"),
        ("{opcode: createNodes, count: 1, colour: red}", "no field 'colour'"),
        ("{opcode: sleep, duration: soon}", "no duration"),
        ("{opcode: churn, mode: both, templatePaths: [a]}", "neither create nor recreate"),
        ("{opcode: createPods, count: 1, collectMetrics: true, skipWaitToCompletion: true}", "does not go with"),
        ("[]", "is no mapping"),
    ],
)
def test_a_wrong_operation_is_named(tmp_path, operation, message):
    path = tmp_path / "w.yaml"
    path.write_text(f"- {{name: A, workloadTemplate: [{operation}], workloads: [{{name: x, params: {{n: 1}}}}]}}")
    with pytest.raises(WorkloadError, match=message) as caught:
        load(path)
    assert "A/x operation 0" in str(caught.value)


def test_go_template_expressions(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(
        "# a preface\n--- # one\nkind: Pod\nspec: {a: 8{{ Mod .Index 12 }}, b: {{ DivideInt 30000 .Count }}Mi}\n"
        "--- # two\nkind: Node\nmetadata: {name: n-{{.Index}}}\n"
    )
    one = templates.load(Path(f"{path}#one"))
    assert one.make(13, 1000)["spec"] == {"a": 81, "b": "30Mi"}
    assert templates.load(Path(f"{path}#two")).make(7, 9)["metadata"]["name"] == "n-7"
    with pytest.raises(WorkloadError, match="no template 'three'"):
        templates.load(Path(f"{path}#three"))
    bad = templates.Template("kind: {{ Shout .Index }}", "here")
    with pytest.raises(WorkloadError, match="here: cannot evaluate"):
        bad.make(0, 1)


def test_durations():
    assert seconds("1h2m3.5s", "x") == 3723.5
    for bad in ("", "5", "s", "1d", "-1s"):
        with pytest.raises(WorkloadError):
            seconds(bad, "x")


def test_selection_by_pattern_and_by_label():
    workloads = load(OWN / "misc.yaml")
    assert {w.testcase for w in select(workloads, "Scheduling*")} > {"SchedulingBasic", "SchedulingDaemonset"}
    assert [w.name for w in select(workloads, "SchedulingBasic/5Nodes")] == ["5Nodes"]
    chosen = select(workloads, "")
    assert all("performance" in w.labels for w in chosen)
    assert len({(w.testcase, str(w.params)) for w in chosen}) == len(chosen)
