"""Why a pod goes where it goes: every plugin's verdict on every node, in columns."""

from __future__ import annotations

import array
import importlib
import importlib.util
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kfast._core import Object, Scheduler


@dataclass(frozen=True, slots=True)
class PluginScores:
    """One plugin's scores, a value for each node; None where it is not feasible."""

    weight: int
    raw: list[int | None]
    """As the plugin gave them."""
    normalized: list[int | None]
    """Brought to 0..100."""

    @property
    def weighted(self) -> list[int | None]:
        """What the plugin adds to the total."""
        return [None if n is None else n * self.weight for n in self.normalized]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A node that one plugin alone keeps the pod from."""

    node: str
    plugin: str
    fits_if: str
    """What would have to hold, e.g. `cpu <= 1500m`."""
    shortfall: float
    """The largest share of a request that is missing; 1 where it is not a matter of amounts."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict on a pod over all nodes; lists have a value for each of `nodes`, which are sorted by name."""

    pod: str
    """namespace/name."""
    pre_filter: dict[str, Any] | None
    """Why no node at all can do: `code`, `plugin`, `reasons`."""
    nodes: list[str]
    feasible: list[bool]
    plugin: list[str | None]
    """The first plugin that rejects the node."""
    code: list[str | None]
    """Unschedulable, or UnschedulableAndUnresolvable where no other pod's leaving helps."""
    reasons: list[list[str] | None]
    others: list[list[str]]
    """Plugins that would reject the node as well."""
    total: list[int | None]
    scores: dict[str, PluginScores]
    near_misses: list[NearMiss]
    """Nearest first."""

    @property
    def best(self) -> list[str]:
        """The nodes with the highest total, one of which the scheduler takes."""
        highest = max((t for t in self.total if t is not None), default=None)
        return [n for n, t in zip(self.nodes, self.total, strict=True) if t is not None and t == highest]

    def counts(self) -> dict[str, int]:
        """How many nodes each reason concerns, most first: the numbers of the pod's message."""
        counted = Counter(reason for reasons in self.reasons for reason in reasons or ())
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    def arrays(self) -> dict[str, Any]:
        """The feasible nodes' numbers as int64 arrays (numpy's if it is installed, else the standard library's):
        `total`, and `<plugin>.raw`, `<plugin>.normalized`, `<plugin>.weighted`. `node` is the list of names."""
        columns: dict[str, Any] = {
            "node": self._of_feasible(self.nodes),
            "total": _int64(self._of_feasible(self.total)),
        }
        for plugin, scores in self.scores.items():
            for part in ("raw", "normalized", "weighted"):
                columns[f"{plugin}.{part}"] = _int64(self._of_feasible(getattr(scores, part)))
        return columns

    def _of_feasible(self, values: Iterable[Any]) -> list[Any]:
        return [value for value, feasible in zip(values, self.feasible, strict=True) if feasible]

    def frame(self) -> Any:
        """All columns as a polars or else a pandas data frame, a row for each node. Raises ImportError without both."""
        columns: dict[str, list[Any]] = {
            "node": self.nodes,
            "feasible": self.feasible,
            "plugin": self.plugin,
            "code": self.code,
            "reasons": [None if r is None else "; ".join(r) for r in self.reasons],
            "total": self.total,
        }
        for plugin, scores in self.scores.items():
            for part in ("raw", "normalized", "weighted"):
                columns[f"{plugin}.{part}"] = getattr(scores, part)
        for library in ("polars", "pandas"):
            if importlib.util.find_spec(library) is not None:
                return importlib.import_module(library).DataFrame(columns)
        raise ImportError("an explanation's frame needs polars or pandas; arrays() and the attributes need neither")


def _int64(values: list[int]) -> Any:
    if importlib.util.find_spec("numpy") is not None:
        return importlib.import_module("numpy").array(values, dtype="int64")
    return array.array("q", values)


def explain(core: Scheduler, pod: Object) -> Explanation:
    """Explains a pod to the cluster a core knows. One that is on a node is explained as if it were not there. Raises
    ValueError if the pod is malformed."""
    found = core.explain(pod)
    return Explanation(
        pod=f"{pod.namespace}/{pod.name}",
        pre_filter=found["preFilter"],
        nodes=found["nodes"],
        feasible=found["feasible"],
        plugin=found["plugin"],
        code=found["code"],
        reasons=found["reasons"],
        others=found["others"],
        total=found["total"],
        scores={name: PluginScores(**columns) for name, columns in found["scores"].items()},
        near_misses=[NearMiss(m["node"], m["plugin"], m["fitsIf"], m["shortfall"]) for m in found["nearMisses"]],
    )
