"""Printer columns and cell formats that several kinds share (upstream: pkg/printers/internalversion)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from kfast.api.kind import Body, Cell, Column
from kfast.meta.conditions import is_true

NONE = "<none>"
UNKNOWN = "<unknown>"
UNSET = "<unset>"

CellValue = Callable[[Body, float], Cell]


def epoch(timestamp: str) -> float:
    """An RFC 3339 timestamp in epoch seconds. Raises ValueError on other text."""
    return datetime.fromisoformat(timestamp).timestamp()


def human_duration(seconds: float) -> str:
    """A duration as kubectl shows it: `42s`, `3m5s`, `2d4h` (apimachinery's duration.HumanDuration)."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours, rest = divmod(minutes, 60)
    if hours < 8:
        return f"{hours}h{rest}m" if rest else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days, rest = divmod(hours, 24)
    if days < 8:
        return f"{days}d{rest}h" if rest else f"{days}d"
    if days < 730:
        return f"{days}d"
    years, rest = divmod(days, 365)
    if years < 8 and rest:
        return f"{years}y{rest}d"
    return f"{years}y"


def since(timestamp: str | None, now: float) -> str:
    """The age of a timestamp; `<unknown>` if there is none."""
    return human_duration(now - epoch(timestamp)) if timestamp else UNKNOWN


def lookup(obj: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for key in path.split("."):
        if not isinstance(obj, dict):
            return None
        obj = obj.get(key)
    return obj


def text(path: str, absent: str = "") -> CellValue:
    """The string at the path, or the text for an absent or empty one."""
    return lambda obj, _: lookup(obj, path) or absent


def number(path: str) -> CellValue:
    """The integer at the path, 0 if absent."""
    return lambda obj, _: lookup(obj, path) or 0


def flag(path: str, absent: bool = False) -> CellValue:
    """The boolean at the path."""

    def value(obj: Body, _: float) -> Cell:
        found = lookup(obj, path)
        return absent if found is None else bool(found)

    return value


def size(*paths: str) -> CellValue:
    """How many entries the lists or maps at the paths have together."""
    return lambda obj, _: sum(len(lookup(obj, path) or ()) for path in paths)


def joined(path: str, absent: str = "") -> CellValue:
    """The strings at the path, comma-separated."""
    return lambda obj, _: ",".join(lookup(obj, path) or ()) or absent


def _age(obj: Body, now: float) -> Cell:
    return since(obj["metadata"].get("creationTimestamp"), now)


NAME = Column("Name", "metadata.name", format="name")
AGE = Column("Age", _age)
CREATED_AT = Column("Created At", "metadata.creationTimestamp", "date")
"""What kinds without printer columns of their own show beside the name."""


def some_of(items: Sequence[str], limit: int, absent: str) -> str:
    """The first items, and how many more there are."""
    shown = ",".join(items[:limit])
    if len(items) > limit:
        return f"{shown} + {len(items) - limit} more..."
    return shown or absent


def format_labels(labels: dict[str, str] | None) -> str:
    """Labels as `a=b,c=d`, `<none>` if empty."""
    return ",".join(f"{k}={v}" for k, v in sorted((labels or {}).items())) or NONE


def _requirement(expression: dict[str, Any]) -> str:
    key, operator = expression.get("key", ""), expression.get("operator")
    if operator == "Exists":
        return str(key)
    if operator == "DoesNotExist":
        return f"!{key}"
    word = "in" if operator == "In" else "notin"
    return f"{key} {word} ({','.join(sorted(expression.get('values') or ()))})"


def selector_text(selector: dict[str, Any] | None) -> str:
    """A LabelSelector object in selector syntax; empty if it selects everything."""
    if selector is None:
        return ""
    parts = [(k, f"{k}={v}") for k, v in (selector.get("matchLabels") or {}).items()]
    parts += [(e.get("key", ""), _requirement(e)) for e in selector.get("matchExpressions") or ()]
    return ",".join(part for _, part in sorted(parts))


def label_selector(path: str) -> CellValue:
    """The LabelSelector at the path, `<none>` if it selects everything."""
    return lambda obj, _: selector_text(lookup(obj, path)) or NONE


def labels(path: str) -> CellValue:
    """The label map at the path."""
    return lambda obj, _: format_labels(lookup(obj, path))


def _of_containers(path: str, field: str) -> CellValue:
    return lambda obj, _: ",".join(c.get(field, "") for c in lookup(obj, path) or ())


def container_columns(pod_spec: str, priority: int = 1) -> tuple[Column, Column]:
    """The columns Containers and Images of a pod template."""
    path = f"{pod_spec}.containers"
    return (
        Column("Containers", _of_containers(path, "name"), priority=priority),
        Column("Images", _of_containers(path, "image"), priority=priority),
    )


def condition(obj: Body, kind: str, at: str = "status.conditions") -> dict[str, Any] | None:
    """The condition of that type."""
    for entry in lookup(obj, at) or ():
        if entry.get("type") == kind:
            return dict(entry)
    return None


def has_condition(obj: Body, kind: str) -> bool:
    """Whether the condition is there and true."""
    return is_true(lookup(obj, "status.conditions"), kind)


def addresses(ingress: Iterable[dict[str, Any]] | None) -> str:
    """The sorted addresses of a load balancer status."""
    found = {entry.get("ip") or entry.get("hostname") or "" for entry in ingress or ()}
    return ",".join(sorted(found - {""}))
