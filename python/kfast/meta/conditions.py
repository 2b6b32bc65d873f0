"""Status conditions: lists of objects identified by `type`.

Source: apimachinery `api/meta/conditions.go`.
"""

from __future__ import annotations

from typing import Any, Literal

Condition = dict[str, Any]

Status = Literal["True", "False", "Unknown"]


def get_condition(conditions: list[Condition] | None, type_: str) -> Condition | None:
    """The condition of that type, if there is one."""
    return next((c for c in conditions or [] if c.get("type") == type_), None)


def is_true(conditions: list[Condition] | None, type_: str) -> bool:
    """Whether the condition is there and `True`."""
    condition = get_condition(conditions, type_)
    return condition is not None and condition.get("status") == "True"


def set_condition(
    conditions: list[Condition],
    type_: str,
    status: Status,
    now: str,
    *,
    reason: str = "",
    message: str = "",
    **more: Any,
) -> bool:
    """Adds or updates a condition in place; tells whether anything changed.

    `lastTransitionTime` becomes `now` (RFC 3339) only when the status changes. Empty reason and message are left out;
    `more` sets further fields such as observedGeneration.
    """
    wanted: Condition = {"type": type_, "status": status}
    wanted |= {key: value for key, value in (("reason", reason), ("message", message)) if value}
    wanted |= {key: value for key, value in more.items() if value is not None}
    current = get_condition(conditions, type_)
    if current is None:
        conditions.append({"type": type_, "status": status, "lastTransitionTime": now, **wanted})
        return True
    before = dict(current)
    if current.get("status") != status:
        current["lastTransitionTime"] = now
    for key in ("reason", "message"):
        if key not in wanted:
            current.pop(key, None)
    current.update(wanted)
    return current != before


def remove_condition(conditions: list[Condition], type_: str) -> bool:
    """Removes the condition in place; tells whether it was there."""
    kept = [c for c in conditions if c.get("type") != type_]
    removed = len(kept) != len(conditions)
    conditions[:] = kept
    return removed
