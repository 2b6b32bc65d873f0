"""The bootstrap configuration of flow control: there from the start, kept as far as upstream keeps it."""

from __future__ import annotations

from typing import Any

import pytest

from kfast.apiserver.flow_control import revised

GROUP = "/apis/flowcontrol.apiserver.k8s.io/v1"
SCHEMAS, LEVELS = f"{GROUP}/flowschemas", f"{GROUP}/prioritylevelconfigurations"
MERGE = {"Content-Type": "application/merge-patch+json"}
AUTO = "apf.kubernetes.io/autoupdate-spec"
SPEC = {"type": "Limited"}


async def test_it_is_there_from_the_start(call: Any) -> None:
    schemas, levels = [(await call.ok("GET", path))["items"] for path in (SCHEMAS, LEVELS)]
    assert {s["metadata"]["name"]: s["spec"]["matchingPrecedence"] for s in schemas} == {
        "exempt": 1,
        "probes": 2,
        "system-leader-election": 100,
        "system-node-high": 400,
        "system-nodes": 500,
        "kube-controller-manager": 800,
        "kube-scheduler": 800,
        "kube-system-service-accounts": 900,
        "service-accounts": 9000,
        "global-default": 9900,
        "catch-all": 10000,
    }
    assert {s["spec"]["priorityLevelConfiguration"]["name"] for s in schemas} == {
        level["metadata"]["name"] for level in levels
    }
    (manager,) = {entry["manager"] for o in schemas + levels for entry in o["metadata"]["managedFields"]}
    assert manager == "api-priority-and-fairness-config-producer-v1"


async def test_what_is_mandatory_stays(api: Any, call: Any) -> None:
    refused = await call("PATCH", f"{SCHEMAS}/catch-all", {"spec": {"matchingPrecedence": 77}}, MERGE)
    (cause,) = refused.body["details"]["causes"]
    assert cause["message"].endswith("spec of 'catch-all' must equal the fixed value")
    await call.ok("PATCH", f"{LEVELS}/exempt", {"spec": {"exempt": {"lendablePercent": 5}}}, MERGE)
    await call.ok("DELETE", f"{SCHEMAS}/exempt")
    await call.ok("PATCH", f"{LEVELS}/system", {"spec": {"limited": {"lendablePercent": 5}}}, MERGE)
    mine = {"metadata": {"annotations": {AUTO: "false"}}, "spec": {"limited": {"lendablePercent": 6}}}
    await call.ok("PATCH", f"{LEVELS}/node-high", mine, MERGE)
    old = {**(await call.ok("GET", f"{LEVELS}/workload-low")), "metadata": {"name": "old", "annotations": {AUTO: "t"}}}
    await call.ok("POST", LEVELS, old)
    await call.ok("POST", LEVELS, {**old, "metadata": {"name": "mine"}})
    await api.flow_control.ensure()
    levels = {level["metadata"]["name"]: level["spec"] for level in (await call.ok("GET", LEVELS))["items"]}
    assert ("mine" in levels, "old" in levels) == (True, False)
    assert levels["exempt"]["exempt"]["lendablePercent"] == 5
    assert [levels[name]["limited"]["lendablePercent"] for name in ("system", "node-high")] == [33, 6]
    assert (await call("GET", f"{SCHEMAS}/exempt")).code == 200


@pytest.mark.parametrize(
    ("annotation", "generation", "mandatory", "becomes"),
    [
        ("true", 2, False, "true"),
        ("false", 2, False, None),
        ("false", 2, True, "true"),
        (None, 1, False, "true"),
        (None, 2, False, "false"),
        ("neither", 1, False, "true"),
    ],
)
def test_whose_values_hold(annotation: str | None, generation: int, mandatory: bool, becomes: str | None) -> None:
    annotations = {} if annotation is None else {AUTO: annotation}
    metadata = {"name": "x", "generation": generation, "annotations": annotations}
    changed = revised({"metadata": metadata, "spec": {"type": "Other"}}, SPEC, mandatory)
    assert (changed and changed["metadata"]["annotations"][AUTO]) == becomes
    if becomes:
        assert changed is not None
        assert (changed["spec"] == SPEC) == (becomes == "true")


async def test_rows_are_in_the_order_schemas_are_matched(call: Any) -> None:
    rows = (await call.ok("GET", SCHEMAS, headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}))["rows"]
    names = [row["cells"][0] for row in rows]
    assert (names[:2], names[5:7], names[-1]) == (
        ["exempt", "probes"],
        ["kube-controller-manager", "kube-scheduler"],
        "catch-all",
    )
