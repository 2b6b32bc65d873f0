"""A scheduler core filled from objects instead of from a running cluster's watches."""

from __future__ import annotations

from collections.abc import Iterable

from kfast._core import Object, Scheduler
from kfast.scheduler.inputs import INPUTS


def core_of(objects: Iterable[Object], pods: Iterable[Object], core: Scheduler | None = None) -> Scheduler:
    """A core (`core`, or a new one with the default profile) that knows the objects, then the pods. Kinds it does not
    follow mean nothing to it. Raises ValueError for a malformed object."""
    filled = core or Scheduler()
    inputs = {i.kind.kind: i for i in INPUTS}
    for obj in objects:
        known = inputs.get(obj.kind)
        if known is not None:
            known.put(filled, obj, 0.0)
    for pod in pods:
        filled.set_pod(pod, 0.0)
    return filled
