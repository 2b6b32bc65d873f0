"""Events in both of their groups."""

from __future__ import annotations

import pytest
from exam import conformance

core, group = conformance("sig-instrumentation", "Events"), conformance("sig-instrumentation", "Events API")
TIME = "2026-01-01T00:00:00.000000Z"


def reported(namespace: str) -> dict:
    """What an event of events.k8s.io has to say."""
    return {
        "eventTime": TIME,
        "reportingController": "test-controller",
        "reportingInstance": "test-node",
        "action": "Do",
        "reason": "Test",
        "type": "Normal",
        "note": "an event",
        "regarding": {"namespace": namespace},
    }


@core("should manage the lifecycle of an event")
def test_life_in_the_core_group(kube):
    events = kube("Event")
    created = events.create(
        "e",
        metadata={"labels": {"set": "one"}},
        message="first",
        reason="Test",
        type="Normal",
        count=1,
        involvedObject={"namespace": kube.namespace},
    )
    assert created["metadata"]["resourceVersion"]
    assert ("e", kube.namespace) in [
        (event["metadata"]["name"], event["metadata"]["namespace"])
        for event in kube("Event", namespace="").list(label_selector="set=one")["items"]
    ]
    events.patch("e", {"message": "patched"}, content_type="application/strategic-merge-patch+json")
    assert events.get("e")["message"] == "patched"
    events.change("e", lambda body: body.update(series={"count": 100, "lastObservedTime": TIME}))
    assert events.get("e")["series"] == {"count": 100, "lastObservedTime": TIME}
    events.delete("e")
    assert events.names(label_selector="set=one") == []


@group("should ensure that an event can be fetched, patched, deleted, and listed")
def test_life_in_its_own_group(kube):
    events, old = kube("Event", "events.k8s.io/v1"), kube("Event")
    events.create("e", metadata={"labels": {"set": "one"}}, **reported(kube.namespace))
    events.create("other", **{**reported(kube.namespace), "reportingController": "another"})
    assert "e" in kube("Event", "events.k8s.io/v1", namespace="").names(label_selector="set=one")
    assert events.names(label_selector="set=one") == ["e"]
    assert old.names(field_selector="source=test-controller") == ["e"]
    assert events.names(field_selector="reportingController=test-controller") == ["e"]
    events.patch("e", {"series": {"count": 2, "lastObservedTime": TIME}})
    assert old.get("e")["series"]["count"] == 2
    events.change("e", lambda body: body["series"].update(count=100))
    assert events.get("e")["series"]["count"] == 100
    events.delete("e")
    assert events.names() == ["other"]
    assert old.names(label_selector="set=one") == []


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        pytest.param("v1", {"message": "m", "count": 1}, marks=core("should delete a collection of events")),
        pytest.param("events.k8s.io/v1", {}, marks=group("should delete a collection of events")),
    ],
)
def test_a_collection_goes_by_label(kube, version, fields):
    events = kube("Event", version)
    place = {"involvedObject": {"namespace": kube.namespace}} if version == "v1" else reported(kube.namespace)
    for number in range(3):
        events.create(f"e{number}", metadata={"labels": {"set": "one"}}, **fields, **place)
    events.create("other", **fields, **place)
    events.delete_all(label_selector="set=one")
    assert events.names() == ["other"]
