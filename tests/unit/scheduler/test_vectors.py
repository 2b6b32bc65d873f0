"""The core's verdicts against what kube-scheduler v1.36.2 decides in 4,000 scenarios.

Until all plugins are present, those missing are passed over: on every node the verdict of the present plugins must be
upstream's wherever upstream names one of them or none; where it names another, only a plugin behind that one may reject
the node here. Scores are compared where the feasible nodes are the same.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from kfast.scheduler.scenarios import decide

VECTORS = Path(__file__).parents[4] / "shared/data/scheduler-vectors/scenarios.jsonl.gz"

PLUGINS = {
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodePorts",
    "NodeResourcesFit",
    "PodTopologySpread",
    "InterPodAffinity",
    "NodeResourcesBalancedAllocation",
    "ImageLocality",
}
"""The plugins that are present."""

MISSING = ["VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone"]
"""Filters not there yet. All stand between NodeResourcesFit and PodTopologySpread."""

NOTHING = {"preFilter": None, "filtered": {}, "feasible": None, "scores": {}, "totals": {}, "best": []}
"""What a decision leaves out."""


def pre_filter_differences(found, expected):
    wanted = expected.get("preFilter")
    if wanted and wanted["plugin"] not in PLUGINS:
        return
    if found["preFilter"] != wanted:
        yield f"preFilter: {found['preFilter']} != {wanted}"


def filter_differences(found, expected):
    wanted = {
        name: of
        for name, of in (expected.get("filtered") or {}).items()
        if of["plugin"] in PLUGINS or of["plugin"] == "PreFilterResult"
    }
    later = {n for n, of in (expected.get("filtered") or {}).items() if of["plugin"] in MISSING}
    for name in found["filtered"].keys() | wanted:
        if name in later and found["filtered"][name]["plugin"] in ("PodTopologySpread", "InterPodAffinity"):
            continue
        if found["filtered"].get(name) != wanted.get(name):
            yield f"filter {name}: {found['filtered'].get(name)} != {wanted.get(name)}"


def score_differences(found, expected):
    for name, scores in (expected.get("scores") or {}).items():
        wanted = {plugin: score for plugin, score in scores.items() if plugin in PLUGINS}
        if found["scores"][name] != wanted:
            yield f"score {name}: {found['scores'][name]} != {wanted}"
        elif wanted == scores and found["totals"][name] != expected["totals"][name]:
            yield f"total {name}: {found['totals'][name]} != {expected['totals'][name]}"
    complete = all(scores.keys() <= PLUGINS for scores in (expected.get("scores") or {}).values())
    if complete and set(found["best"]) != set(expected.get("best") or ()):
        yield f"best: {found['best']} != {expected['best']}"


@pytest.mark.skipif(not VECTORS.exists(), reason="shared/data/scheduler-vectors is not here")
def test_verdicts_and_scores_are_upstreams(capsys):
    seen, wrong = Counter(), []
    with gzip.open(VECTORS) as lines:
        for line in lines:
            scenario = json.loads(line)
            expected = scenario["expected"]
            found = NOTHING | decide(line)
            differences = list(pre_filter_differences(found, expected))
            if expected.get("preFilter"):
                seen["rejected by PreFilter"] += 1
            else:
                differences += filter_differences(found, expected)
                scored = set(found["feasible"] or ()) == set(expected.get("feasible") or ())
                seen["scored" if scored else "filtered only"] += 1
                differences += score_differences(found, expected) if scored else ()
            if differences:
                wrong.append((scenario["id"], differences))
    with capsys.disabled():
        print(f"\nscheduler vectors: {dict(seen)}, {len(wrong)} differ")
    assert not wrong, wrong[:3]
    assert seen["scored"] > 2000
