"""Scenarios: a cluster and a pending pod on one line of JSON, what the scheduler decides on another.

A scenario has `id`, lists of objects by the plural of their kind (`nodes`, `pods`, `namespaces`, `services`,
`persistentVolumes`, ...) and `pod`. Keys that mean nothing here are ignored. The decision has `id` and:

- `preFilter`: set when a PreFilter plugin rejected the pod: `code`, `plugin`, `reasons`; nothing is filtered then;
- `filtered`: node -> `code`, `plugin` (the first to reject it; `PreFilterResult`: outside a PreFilter plugin's set of
  nodes), `reasons`;
- `feasible`: names of nodes, null if there are none;
- `scores`: node -> plugin -> normalised score times weight; `totals`; `best`, the nodes with the highest total;
- `preemption`, when no node is feasible: one entry with `node` (empty: it helps nowhere), `victims` (namespace/name,
  sorted; null for none) and `status`: Success, Unschedulable, or Error where a PreFilter plugin rejected the pod.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from kfast._core import CoreError, Object
from kfast.scheduler.inputs import INPUTS
from kfast.scheduler.offline import core_of

_Line = dict[str, msgspec.Raw]
_OBJECTS = msgspec.json.Decoder(list[msgspec.Raw] | None)
_LINE = msgspec.json.Decoder(_Line)
_TEXT = msgspec.json.Decoder(str | int | None)


class ScenarioError(ValueError):
    """A line is no scenario; the text names it."""


def run(lines: Iterable[bytes], name: str = "scenarios") -> Iterator[dict[str, Any]]:
    """One decision per line; empty lines are skipped. Raises ScenarioError."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield decide(line)
            except (ValueError, CoreError) as error:
                raise ScenarioError(f"{name}, line {number}: {error}") from error


def decide(line: bytes) -> dict[str, Any]:
    """The decision about one scenario. Raises ValueError and CoreError if it is malformed."""
    scenario = _LINE.decode(line)
    if "pod" not in scenario:
        raise ValueError("a scenario needs a pod")
    lists = {key.lower(): value for key, value in scenario.items()}
    objects = [o for i in INPUTS for o in _objects(lists, i.kind.plural)]
    core = core_of(objects, _objects(lists, "pods"))
    pod = Object.parse(bytes(scenario["pod"]))
    found = core.evaluate(pod)
    if found["preFilter"]:
        # Upstream's preemption finds none of what the plugins would have prepared.
        found["preemption"] = [{"node": "", "victims": None, "status": "Error"}]
    elif (preemption := core.evaluate_preemption(pod)) is not None:
        status = "Success" if preemption["node"] else "Unschedulable"
        outcome = {"node": preemption["node"], "victims": preemption["victims"] or None, "status": status}
        found["preemption"] = [outcome]
    return {"id": _TEXT.decode(scenario.get("id", msgspec.Raw(b"null")))} | _form(found)


def _objects(lists: _Line, plural: str) -> list[Object]:
    return [Object.parse(bytes(raw)) for raw in _OBJECTS.decode(lists.get(plural, msgspec.Raw(b"null"))) or ()]


def _form(found: dict[str, Any]) -> dict[str, Any]:
    """Leaves out what is empty, as Go's encoder does."""
    filtered = {name: v | {"reasons": v["reasons"] or None} for name, v in found["filtered"].items()}
    decision = {"preFilter": found["preFilter"], "filtered": filtered}
    decision = {key: value for key, value in decision.items() if value}
    decision["feasible"] = found["feasible"] or None
    decision |= {key: found[key] for key in ("scores", "totals", "best", "preemption") if found.get(key)}
    return decision


def run_file(source: Path, target: Path) -> int:
    """Decides about every line of a file, gzipped or not, into another; how many. Raises ScenarioError and OSError."""
    count = 0
    with _open(source, "rb") as lines, _open(target, "wb") as out:
        for decision in run(lines, str(source)):
            out.write(msgspec.json.encode(decision) + b"\n")
            count += 1
    return count


def _open(path: Path, mode: str) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, mode) if path.suffix == ".gz" else path.open(mode))
