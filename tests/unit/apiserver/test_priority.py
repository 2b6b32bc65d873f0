"""The Priority plugin: what pods get of their class, and which pods and classes are refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from looking import Looking

from kfast.apiserver.admission.chain import Attributes
from kfast.cluster import ControlPlane
from kfast.config import ADMISSION_PLUGINS, OFF_BY_DEFAULT, ClusterConfig

PODS = "/api/v1/namespaces/default/pods"
CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
LOWER, NEVER = "PreemptLowerPriority", "Never"
FIELDS = ("priorityClassName", "priority", "preemptionPolicy")
SPEC = {"containers": [{"name": "c", "image": "i"}]}


def pod(name: str = "p", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": SPEC | spec}


def given(body: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(body["spec"].get(field) for field in FIELDS)


async def make(call: Any, name: str, value: int, policy: str = LOWER, default: bool = False) -> Any:
    body = {"metadata": {"name": name}, "value": value, "preemptionPolicy": policy, "globalDefault": default}
    return await call("POST", CLASSES, body)


GIVEN = [
    (False, {}, (None, 0, LOWER)),
    (False, {"priorityClassName": ""}, (None, 0, LOWER)),
    (False, {"priority": 0, "preemptionPolicy": LOWER}, (None, 0, LOWER)),
    (False, {"priorityClassName": "high"}, ("high", 1000, LOWER)),
    (False, {"priorityClassName": "meek"}, ("meek", -5, NEVER)),
    (False, {"priorityClassName": "meek", "priority": -5, "preemptionPolicy": NEVER}, ("meek", -5, NEVER)),
    (False, {"priorityClassName": "system-node-critical"}, ("system-node-critical", 2_000_001_000, LOWER)),
    (False, {"priorityClassName": "system-cluster-critical"}, ("system-cluster-critical", 2_000_000_000, LOWER)),
    (True, {}, ("usual", 7, NEVER)),
    (True, {"priority": 7}, ("usual", 7, NEVER)),
    (True, {"priorityClassName": "high"}, ("high", 1000, LOWER)),
]


@pytest.mark.parametrize(("default", "spec", "wanted"), GIVEN)
async def test_a_pod_gets_what_its_class_says(call: Any, default: bool, spec: Any, wanted: Any) -> None:
    await make(call, "high", 1000)
    await make(call, "meek", -5, NEVER)
    if default:
        await make(call, "usual", 7, NEVER, default=True)
    assert given(await call.ok("POST", PODS, pod(**spec))) == wanted
    assert given(await call.ok("GET", f"{PODS}/p")) == wanted


REFUSED = [
    (False, {"priorityClassName": "none"}, "no PriorityClass with name none was found"),
    (
        False,
        {"priority": 10},
        "the integer value of priority (10) must not be provided in pod spec; "
        "priority admission controller computed 0 from the given PriorityClass name",
    ),
    (
        False,
        {"priorityClassName": "high", "priority": 999},
        "the integer value of priority (999) must not be provided in pod spec; "
        "priority admission controller computed 1000 from the given PriorityClass name",
    ),
    (
        False,
        {"preemptionPolicy": NEVER},
        "the string value of PreemptionPolicy (Never) must not be provided in pod spec; "
        "priority admission controller computed PreemptLowerPriority from the given PriorityClass name",
    ),
    (
        True,
        {"priority": 0},
        "the integer value of priority (0) must not be provided in pod spec; "
        "priority admission controller computed 7 from the given PriorityClass name",
    ),
]


@pytest.mark.parametrize(("default", "spec", "why"), REFUSED)
async def test_a_pod_that_says_otherwise_is_refused(call: Any, default: bool, spec: Any, why: str) -> None:
    await make(call, "high", 1000)
    if default:
        await make(call, "usual", 7, NEVER, default=True)
    answer = await call("POST", PODS, pod(**spec))
    assert (answer.code, answer.body["reason"]) == (403, "Forbidden")
    assert answer.body["message"] == f'pods "p" is forbidden: {why}'
    assert (await call("GET", f"{PODS}/p")).code == 404


async def test_a_prefix_stands_for_a_name_not_made_yet(call: Any) -> None:
    body = {"metadata": {"generateName": "p-"}, "spec": SPEC | {"priorityClassName": "none"}}
    message = (await call("POST", PODS, body)).body["message"]
    assert message == 'pods "p-" is forbidden: no PriorityClass with name none was found'


async def test_an_update_keeps_what_it_leaves_out_and_changes_nothing(call: Any) -> None:
    await make(call, "high", 1000)
    stored = await call.ok("POST", PODS, pod(priorityClassName="high"))
    for field in ("priority", "preemptionPolicy"):
        del stored["spec"][field]
    stored["metadata"]["labels"] = {"a": "b"}
    assert given(await call.ok("PUT", f"{PODS}/p", stored)) == ("high", 1000, LOWER)
    merge = {"Content-Type": "application/merge-patch+json"}
    assert (await call("PATCH", f"{PODS}/p", {"spec": {"priority": 1}}, merge)).code == 422


async def test_there_is_one_global_default(call: Any) -> None:
    assert (await make(call, "usual", 7, default=True)).code == 201
    answer = await make(call, "other", 8, default=True)
    why = "PriorityClass usual is already marked as default. Only one default can exist"
    assert (answer.code, answer.body["message"]) == (
        403,
        f'priorityclasses.scheduling.k8s.io "other" is forbidden: {why}',
    )
    assert (await make(call, "other", 8)).code == 201
    merge = {"Content-Type": "application/merge-patch+json"}
    assert (await call("PATCH", f"{CLASSES}/other", {"globalDefault": True}, merge)).code == 403
    await call.ok("PATCH", f"{CLASSES}/usual", {"description": "still the default"}, merge)
    await call.ok("PATCH", f"{CLASSES}/usual", {"globalDefault": False}, merge)
    await call.ok("PATCH", f"{CLASSES}/other", {"globalDefault": True}, merge)
    assert given(await call.ok("POST", PODS, pod("a"))) == ("other", 8, LOWER)
    await call.ok("DELETE", f"{CLASSES}/other")
    assert given(await call.ok("POST", PODS, pod("b"))) == (None, 0, LOWER)


async def test_the_default_is_known_after_compaction(call: Any, api: Any) -> None:
    await call.ok("POST", PODS, pod("a"))
    await make(call, "usual", 7, default=True)
    await make(call, "more", 8)
    api.backend.store.compact(api.backend.store.revision)
    assert given(await call.ok("POST", PODS, pod("b"))) == ("usual", 7, LOWER)


@pytest.mark.parametrize("labels", [{}, {"a": "b"}])
async def test_ordinary_pods_come_out_the_same_without_a_look(call: Any, api: Any, labels: Any) -> None:
    """In the core and through the plugin."""
    kind = api.catalog.by_gvk("", "v1", "Pod")
    rules = await api.backend.new_pods.rules(Attributes("CREATE", kind, "", "default", "", None, None, None, False))
    body = pod(hostNetwork=True) | {"metadata": {"name": "p", "labels": labels}}
    arguments = "application/json", "Warn", "default", "2026-01-02T03:04:05Z"
    for spec in ({}, {"priorityClassName": "a"}, {"priority": 1}, {"preemptionPolicy": LOWER}):
        data = msgspec.json.encode(body | {"spec": body["spec"] | spec})
        (made,) = rules.prepare(api.backend.schema, [data], *arguments, ["u"], ["abcde"], "me")
        assert (made is None) == bool(spec)
    stored = []
    for plugins in ([], [Looking()]):
        for plugin in plugins:
            api.backend.admission.add(plugin)
        await call.ok("POST", PODS, body)
        obj = api.backend.store.get("pods", "default", "p").to_dict()
        for field in ("uid", "creationTimestamp", "resourceVersion"):
            del obj["metadata"][field]
        stored.append(obj)
        await call.ok("DELETE", f"{PODS}/p?gracePeriodSeconds=0")
    assert stored[0] == stored[1]


async def test_the_plugin_can_be_left_out() -> None:
    plain = ControlPlane(ClusterConfig(nodes=0))
    without = ControlPlane(ClusterConfig(nodes=0, disable_admission_plugins=frozenset({"Priority"})))
    names = [tuple(plugin.name for plugin in plane.api.backend.admission.plugins) for plane in (plain, without)]
    on = tuple(name for name in ADMISSION_PLUGINS if name not in OFF_BY_DEFAULT)
    assert names == [on, tuple(name for name in on if name != "Priority")]
    for plane in (plain, without):
        await plane.store.close()
