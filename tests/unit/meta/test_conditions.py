"""Conditions keep their transition time until the status changes."""

from typing import Any

from kfast.meta.conditions import get_condition, is_true, remove_condition, set_condition


def test_transition_time_moves_with_the_status_only() -> None:
    conditions: list[dict[str, Any]] = []
    assert set_condition(conditions, "Ready", "False", "t0", reason="Starting", message="m")
    assert not set_condition(conditions, "Ready", "False", "t1", reason="Starting", message="m")
    assert set_condition(conditions, "Ready", "False", "t2", reason="Waiting", observedGeneration=3)
    assert conditions == [
        {"type": "Ready", "status": "False", "lastTransitionTime": "t0", "reason": "Waiting", "observedGeneration": 3}
    ]
    assert set_condition(conditions, "Ready", "True", "t3")
    assert conditions[0]["lastTransitionTime"] == "t3"
    assert "reason" not in conditions[0]


def test_look_up_and_removal() -> None:
    conditions: list[dict[str, Any]] = []
    set_condition(conditions, "A", "True", "t")
    set_condition(conditions, "B", "Unknown", "t")
    assert is_true(conditions, "A")
    assert not is_true(conditions, "B")
    assert not is_true(None, "A")
    found = get_condition(conditions, "B")
    assert found is not None
    assert found["status"] == "Unknown"
    assert remove_condition(conditions, "A")
    assert not remove_condition(conditions, "A")
    assert [c["type"] for c in conditions] == ["B"]
