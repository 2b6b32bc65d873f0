"""`kfast scheduler run`: one decision for each line of scenarios."""

import gzip
import json

import pytest
from click.testing import CliRunner

from kfast.cli.scheduler import command
from kfast.scheduler.scenarios import ScenarioError, run

NODE = {
    "kind": "Node",
    "metadata": {"name": "n"},
    "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "5"}},
}


def scenario(**more):
    pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "d"}, "spec": {"containers": [{"name": "c"}]}}
    return {"id": "one", "nodes": [NODE], "pods": None, "pod": pod, "unknown": [{"k": 1}], **more}


def line(value):
    return json.dumps(value).encode() + b"\n"


def test_a_line_in_a_line_out():
    first, second = run([line(scenario()), b"\n", line(scenario(id="two", nodes=[]))])
    assert (first["id"], first["feasible"], first["best"]) == ("one", ["n"], ["n"])
    assert first["totals"]["n"] == sum(first["scores"]["n"].values())
    assert "preFilter" not in first
    assert "filtered" not in first
    assert second == {"id": "two", "feasible": None} | {k: second[k] for k in second.keys() & {"preemption"}}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"{", "line 2"),
        (b"[]", "line 2"),
        (b'{"id": 1}', "needs a pod"),
        (line(scenario(nodes=5)), "line 2"),
        (line(scenario(pods=[{"metadata": {"name": "x"}, "spec": 3}])), "line 2: Pod /x"),
    ],
)
def test_a_malformed_line_is_named(bad, message):
    decisions = run([line(scenario()), bad], "f.jsonl")
    next(decisions)
    with pytest.raises(ScenarioError, match=message) as caught:
        next(decisions)
    assert str(caught.value).startswith("f.jsonl, line 2: ")


def test_files_may_be_gzipped(tmp_path):
    source, target = tmp_path / "in.jsonl.gz", tmp_path / "out.jsonl"
    source.write_bytes(gzip.compress(line(scenario()) * 3))
    result = CliRunner().invoke(command, ["run", "--scenarios", str(source), "--output", str(target)])
    assert result.exit_code == 0, result.output
    assert [json.loads(text)["id"] for text in target.read_text().splitlines()] == ["one"] * 3
    source.write_bytes(b"no gzip")
    result = CliRunner().invoke(command, ["run", "--scenarios", str(source), "--output", str(target)])
    assert result.exit_code == 1
    assert "gzip" in result.output
