"""Pods as dicts, for the rules of the core."""

from __future__ import annotations

from collections.abc import Callable

from kfast._core import Tree
from kfast.api.kind import Body
from kfast.api.pod_template import replace
from kfast.api.schema import load_schema


def tree(pod: Body) -> Tree:
    """The pod as the core reads it."""
    return load_schema().tree("v1/Pod", pod)


def change(pod: Body, step: Callable[[Tree], object]) -> None:
    """Has the core change the pod in place."""
    changed = tree(pod)
    step(changed)
    replace(pod, changed.to_dict())
