"""Filters and scores against what kube-scheduler v1.36.2 decides in 4,000 scenarios.

Plugins not there yet come after the present ones in upstream's order, so on every node the verdict of the present
plugins must be upstream's wherever upstream names one of them, and "passes" wherever it names another or none.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from kfast._core import Object, Scheduler

VECTORS = Path(__file__).parents[4] / "shared/data/scheduler-vectors/scenarios.jsonl.gz"
FILTERS = {
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodePorts",
    "NodeResourcesFit",
    "PreFilterResult",
}
SCORERS = {
    "TaintToleration",
    "NodeAffinity",
    "NodeResourcesFit",
    "NodeResourcesBalancedAllocation",
    "ImageLocality",
}


def handle(obj):
    return Object.parse(json.dumps(obj).encode())


def differences(scenario):
    """What differs from upstream, and whether the feasible sets are the same, so that scores were compared."""
    expected = scenario["expected"]
    scheduler = Scheduler()
    for node in scenario["nodes"] or []:
        scheduler.set_node(handle(node), 0)
    for pod in scenario["pods"] or []:
        scheduler.set_pod(handle(pod), 0)
    found = scheduler.evaluate(handle(scenario["pod"]))
    wanted = {
        name: {**verdict, "reasons": verdict.get("reasons") or []}
        for name, verdict in (expected.get("filtered") or {}).items()
        if verdict["plugin"] in FILTERS
    }
    wrong = [
        f"filter {n}: {found['filtered'].get(n)} != {wanted.get(n)}"
        for n in found["filtered"].keys() | wanted
        if found["filtered"].get(n) != wanted.get(n)
    ]
    same = set(found["feasible"]) == set(expected.get("feasible") or [])
    for name, scores in (expected.get("scores") or {}).items() if same else ():
        ours = found["scores"][name]
        upstream = {plugin: score for plugin, score in scores.items() if plugin in SCORERS}
        if ours != upstream:
            wrong.append(f"score {name}: {ours} != {upstream}")
    return wrong, same


@pytest.mark.skipif(not VECTORS.exists(), reason="shared/data/scheduler-vectors is not here")
def test_verdicts_and_scores_are_upstreams(capsys):
    seen, wrong = Counter(), []
    with gzip.open(VECTORS, "rt") as lines:
        for line in lines:
            scenario = json.loads(line)
            if scenario["expected"].get("preFilter"):
                seen["rejected by a plugin not there yet"] += 1
                continue
            found, scored = differences(scenario)
            seen["scored" if scored else "filtered"] += 1
            if found:
                wrong.append((scenario["id"], found))
    with capsys.disabled():
        print(f"\nscheduler vectors: {dict(seen)}, {len(wrong)} differ")
    assert not wrong, wrong[:3]
    assert seen["scored"] > 2000
