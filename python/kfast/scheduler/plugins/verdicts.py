"""Filter and score methods run over all nodes, their answers checked and packed for the core."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from kfast._core import Object
from kfast._core import Scheduler as Core
from kfast.scheduler.plugins.nodes import Nodes, arrays
from kfast.scheduler.plugins.plugin import Plugin, PluginError

MAX_SCORE = 100
Observe = Callable[[float, str, str, str], None]


def answer(core: Core, plugin: Plugin, pod: Object, points: frozenset[str], nodes: Nodes, observe: Observe) -> None:
    """Asks a plugin about a pod and tells the core; `observe` takes seconds, plugin, extension point and status.
    Raises PluginError with upstream's text for what went wrong."""
    filtered, reasons, scores = b"", [(_reason(plugin), plugin.unresolvable)], b""
    if "filter" in points:
        mask = _called(plugin, "filter", pod, nodes, observe)
        if isinstance(mask, str):
            reasons = [(mask, plugin.unresolvable)]
            mask = arrays().zeros(len(nodes), bool)
        elif mask is None:
            mask = arrays().ones(len(nodes), bool)
        rejected = ~_checked(plugin, "filter", mask, len(nodes), bool)
        filtered = rejected.astype(arrays().uint32).tobytes()
    if "score" in points:
        values = _checked(plugin, "score", _called(plugin, "score", pod, nodes, observe), len(nodes), float)
        scores = _whole(plugin, values).tobytes()
    core.answer(plugin.name, filtered, reasons, scores)


def fault(plugin: Plugin, point: str, what: object) -> PluginError:
    """An error of a plugin at an extension point."""
    if point == "score":
        return PluginError(f'running Score plugins: plugin "{plugin.name}" failed with: {what}')
    if point == "filter":
        return PluginError(f'running "{plugin.name}" filter plugin: {what}')
    title = "".join(part.capitalize() for part in point.split("_"))
    return PluginError(f'running {title} plugin "{plugin.name}": {what}')


def _reason(plugin: Plugin) -> str:
    return plugin.reason or f"node(s) didn't satisfy plugin {plugin.name}"


def _called(plugin: Plugin, point: str, pod: Object, nodes: Nodes, observe: Observe) -> Any:
    method: Callable[[Object, Nodes], Any] = getattr(plugin, point)
    started, status = time.perf_counter(), "Success"
    try:
        return method(pod, nodes)
    except Exception as error:
        status = "Error"
        raise fault(plugin, point, f"{type(error).__name__}: {error}") from error
    finally:
        observe(time.perf_counter() - started, plugin.name, point.capitalize(), status)


def _checked(plugin: Plugin, point: str, values: Any, count: int, kind: type) -> Any:
    """An array of `kind` with one value per node."""
    try:
        array = arrays().asarray(values)
    except Exception as error:
        raise fault(plugin, point, f"{type(error).__name__}: {error}") from error
    if array.shape == () and array.dtype != object:
        array = arrays().full(count, array[()])
    if array.shape != (count,):
        raise fault(plugin, point, f"answered with the shape {array.shape}, wanted one value for each of {count} nodes")
    wanted = "b" if kind is bool else "biuf"
    if array.dtype.kind not in wanted:
        raise fault(plugin, point, f"answered with values of type {array.dtype}, wanted {kind.__name__}")
    return array


def _whole(plugin: Plugin, scores: Any) -> Any:
    if not arrays().isfinite(scores).all():
        raise fault(plugin, "score", "answered with a score that is no finite number")
    whole = scores.astype(arrays().int64)
    low, high = (int(whole.min()), int(whole.max())) if len(whole) else (0, 0)
    if low < 0 or (plugin.normalize == "none" and high > MAX_SCORE):
        limits = f"[0, {MAX_SCORE}]" if plugin.normalize == "none" else "[0, inf)"
        wrong = low if low < 0 else high
        raise fault(plugin, "score", f"returns an invalid score {wrong}, it should in the range of {limits}")
    return whole
