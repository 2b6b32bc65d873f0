"""ComponentStatuses are asked when read; the answers are upstream's."""

from __future__ import annotations

from typing import Any

import pytest

PATH = "/api/v1/componentstatuses"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
DEPRECATED = ["v1 ComponentStatus is deprecated in v1.19+"]


async def test_parts_in_this_process_say_whether_they_run(api: Any, call: Any) -> None:
    runs = {"scheduler": True, "controller-manager": False}
    for name in runs:
        api.backend.components.runs_here(name, lambda name=name: runs[name])
    answer = await call("GET", PATH)
    assert (answer.code, answer.warnings) == (200, DEPRECATED)
    assert (answer.body["kind"], answer.body["metadata"]) == ("ComponentStatusList", {})
    assert answer.body["items"] == [
        {"metadata": {"name": "scheduler"}, "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}]},
        {
            "metadata": {"name": "controller-manager"},
            "conditions": [
                {"type": "Healthy", "status": "False", "message": "the controller-manager does not run"},
            ],
        },
        {"metadata": {"name": "etcd-0"}, "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}]},
    ]
    rows = (await call.ok("GET", PATH, headers=TABLE))["rows"]
    assert [row["cells"] for row in rows] == [
        ["scheduler", "Healthy", "ok", ""],
        ["controller-manager", "Unhealthy", "the controller-manager does not run", ""],
        ["etcd-0", "Healthy", "ok", ""],
    ]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("fieldSelector=metadata.name%3Detcd-0", ["etcd-0"]),
        ("fieldSelector=metadata.name%3Dx", []),
        ("labelSelector=a%3Db", []),
        ("labelSelector=!a&fieldSelector=metadata.name%3Detcd-0", ["etcd-0"]),
    ],
)
async def test_selectors(api: Any, call: Any, selector: str, names: list[str]) -> None:
    for name in ("scheduler", "controller-manager"):
        api.backend.components.runs_here(name, lambda: True)
    items = (await call.ok("GET", f"{PATH}?{selector}"))["items"]
    assert [item["metadata"]["name"] for item in items] == names


async def test_one_and_none(call: Any) -> None:
    assert (await call.ok("GET", f"{PATH}/etcd-0"))["conditions"][0]["status"] == "True"
    (row,) = (await call.ok("GET", f"{PATH}/etcd-0", headers=TABLE))["rows"]
    assert row["cells"] == ["etcd-0", "Healthy", "ok", ""]
    absent = await call("GET", f"{PATH}/nope")
    assert (absent.code, absent.body["message"]) == (404, 'componentstatus "nope" not found')
    watch = await call("GET", f"{PATH}?watch=true")
    assert watch.body["message"] == 'watch is not supported on resources of kind "componentstatuses"'
    assert (await call("PUT", f"{PATH}/etcd-0", {})).code == 405
