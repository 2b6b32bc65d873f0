"""Events that the core creates in one go come out as those that go through the kind's hooks one by one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from looking import Looking

OLD = {
    "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p", "uid": "u"},
    "reason": "Started",
    "message": "é" * 10,
    "type": "Normal",
    "source": {"component": "kubelet"},
    "firstTimestamp": "2026-01-02T03:04:05Z",
    "count": 2,
}
NEW = {
    "regarding": {"kind": "Pod", "namespace": "default", "name": "p"},
    "reason": "Scheduled",
    "action": "Binding",
    "note": "assigned",
    "type": "Normal",
    "eventTime": "2026-01-02T03:04:05.000006Z",
    "reportingController": "default-scheduler",
    "reportingInstance": "here",
}
CORE_NEW = {key: NEW[key] for key in ("reason", "action", "type", "eventTime", "reportingInstance")} | {
    "involvedObject": NEW["regarding"],
    "reportingComponent": "default-scheduler",
}
CASES: list[tuple[str, dict[str, Any]]] = [
    *(
        ("v1", change)
        for change in (
            OLD,
            OLD | {"source": None},
            OLD | {"type": "odd", "unknown": 1},
            OLD | {"involvedObject": {"namespace": "elsewhere"}},
            OLD | {"involvedObject": {}},
            OLD | {"count": "two"},
            OLD | {"metadata": {"name": "e", "managedFields": [{}]}},
            CORE_NEW,
            CORE_NEW | {"reportingComponent": "no good name!"},
            CORE_NEW | {"action": ""},
            CORE_NEW | {"reason": "r" * 129},
            CORE_NEW | {"involvedObject": {}},
        )
    ),
    *(
        ("events.k8s.io/v1", change)
        for change in (
            NEW,
            NEW | {"deprecatedSource": {"host": "h"}, "deprecatedCount": 3, "series": {"count": 2}},
            NEW | {"note": "n" * 1025},
            NEW | {"type": ""},
            NEW | {"eventTime": None},
            NEW | {"eventTime": None, "deprecatedFirstTimestamp": "2026-01-02T03:04:05Z"},
            NEW | {"regarding": {"kind": "Node", "name": "n"}},
            NEW | {"metadata": {"name": "Bad_Name"}},
            NEW | {"metadata": {"name": "e", "namespace": "other"}},
            NEW | {"metadata": {"name": "e", "labels": {"a": "b"}, "resourceVersion": "0"}},
            NEW | {"kind": "Pod"},
        )
    ),
]


@pytest.mark.parametrize(("version", "change"), CASES)
async def test_both_ways_agree(api, call, version, change) -> None:
    body = {"apiVersion": version, "kind": "Event", "metadata": {"name": "e"}} | change
    path = ("/apis/" if "/" in version else "/api/") + f"{version}/namespaces/default/events"
    answers = []
    for plugins in ([], [Looking()]):
        for plugin in plugins:
            api.backend.admission.add(plugin)
        answer = await call("POST", path, body)
        stored = api.backend.store.get("events", "default", "e")
        if stored is not None:
            await call.ok("DELETE", f"/api/v1/namespaces/default/events/{stored.name}")
        answers.append((answer.code, kept(answer.body), answer.warnings, stored and kept(stored.to_dict())))
    assert answers[0] == answers[1]
    assert (answers[0][0] == 201) == (answers[0][3] is not None)


def kept(body: dict[str, Any]) -> list[Any]:
    """What must agree, and in which order."""
    for key in ("uid", "creationTimestamp", "resourceVersion"):
        body["metadata"].pop(key, None)
    return [list(body), list(body["metadata"]), body]


async def test_generated_names_differ(api, call) -> None:
    path = "/api/v1/namespaces/default/events"
    made = [await call.ok("POST", path, OLD | {"metadata": {"generateName": "e-"}}) for _ in range(3)]
    assert len({event["metadata"]["name"] for event in made}) == 3
    assert all(event["metadata"]["name"].startswith("e-") for event in made)


@pytest.mark.parametrize(("version", "change"), [("v1", OLD), ("v1", CORE_NEW), ("events.k8s.io/v1", NEW)])
def test_what_is_right_is_created_in_one_go(api, version, change) -> None:
    kind = api.catalog.by_gvk(*version.rpartition("/")[::2], "Event")
    body = msgspec.json.encode({"metadata": {"name": "e"}} | change)
    arguments = "application/json", "Warn", "default", "2026-01-02T03:04:05Z", ["u"], ["abcde"], "me"
    (made,) = kind.prepare_bodies(api.backend.schema, [body], *arguments)
    assert made is not None
    assert made[:2] == ("e", False)
    assert made[2].startswith(b'{"apiVersion":"v1","kind":"Event","metadata":{"name":"e"')
