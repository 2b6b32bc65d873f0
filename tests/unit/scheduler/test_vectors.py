"""The core's verdicts against what kube-scheduler v1.36.2 decides in 4,000 scenarios."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from kfast.scheduler.scenarios import decide

VECTORS = Path(__file__).parents[4] / "shared/data/scheduler-vectors/scenarios.jsonl.gz"

NOTHING = {"preFilter": None, "filtered": {}, "feasible": None, "scores": {}, "totals": {}, "best": []}
"""What a decision leaves out."""


def differences(found, expected):
    if found["preFilter"] != expected.get("preFilter"):
        yield f"preFilter: {found['preFilter']} != {expected.get('preFilter')}"
    if expected.get("preFilter"):
        return
    for key in ("filtered", "scores", "totals"):
        ours, wanted = found[key], expected.get(key) or {}
        for name in ours.keys() | wanted:
            if ours.get(name) != wanted.get(name):
                yield f"{key} {name}: {ours.get(name)} != {wanted.get(name)}"
    for key in ("feasible", "best"):
        if set(found[key] or ()) != set(expected.get(key) or ()):
            yield f"{key}: {found[key]} != {expected[key]}"


def preemption_differences(found, expected):
    accepted = expected.get("preemption") or [None]
    for outcome in found.get("preemption") or [None]:
        if outcome not in accepted:
            yield f"preemption: {outcome} is none of {accepted}"


@pytest.mark.skipif(not VECTORS.exists(), reason="shared/data/scheduler-vectors is not here")
def test_verdicts_and_scores_are_upstreams(capsys):
    seen, wrong = Counter(), []
    with gzip.open(VECTORS) as lines:
        for line in lines:
            scenario = json.loads(line)
            expected = scenario["expected"]
            found = NOTHING | decide(line)
            seen["rejected by PreFilter" if expected.get("preFilter") else "filtered and scored"] += 1
            seen["preempting"] += bool(found.get("preemption") and found["preemption"][0]["node"])
            if wrong_here := [*differences(found, expected), *preemption_differences(found, expected)]:
                wrong.append((scenario["id"], wrong_here))
    with capsys.disabled():
        print(f"\nscheduler vectors: {dict(seen)}, {len(wrong)} differ")
    assert not wrong, wrong[:3]
    assert (seen["rejected by PreFilter"] + seen["filtered and scored"], seen["preempting"]) == (4000, 233)
