"""How many pods each ReplicaSet of a Deployment may have next: pkg/controller/deployment/{rolling,recreate,sync}.go.

Every function changes `replicas` of the sets it is given and says whether it did.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kfast.controllers.deployment.replica_sets import MAXIMUM, ReplicaSet, active, oldest_first, round_half_away


@dataclass(frozen=True, slots=True)
class Size:
    """How large a Deployment should be and how far it may stray while it changes."""

    replicas: int
    max_surge: int = 0
    max_unavailable: int = 0
    rolling: bool = True

    @property
    def maximum(self) -> int:
        """Pods there may be at most."""
        return self.replicas + self.max_surge

    @property
    def minimum_available(self) -> int:
        """Pods that must stay available."""
        return self.replicas - self.max_unavailable

    @classmethod
    def read(cls, spec: dict[str, Any]) -> Size:
        """The size a Deployment's spec asks for; percentages of replicas, surge rounded up, unavailable down."""
        replicas = spec.get("replicas", 1)
        strategy = spec.get("strategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return cls(replicas, rolling=False)
        rolling = strategy.get("rollingUpdate") or {}
        surge = _resolve(rolling.get("maxSurge", "25%"), replicas, up=True)
        unavailable = _resolve(rolling.get("maxUnavailable", "25%"), replicas, up=False)
        if surge == 0 and unavailable == 0:
            # Validation keeps both from being zero, but a percentage may come to zero; then nothing could move.
            unavailable = 1
        return cls(replicas, surge, min(unavailable, replicas))


def _resolve(value: int | str, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * total
    return math.ceil(share / 100) if up else share // 100


def new_replicas(size: Size, sets: Sequence[ReplicaSet], new: ReplicaSet) -> int:
    """What the newest set may grow to without there being more pods than allowed."""
    if not size.rolling:
        return size.replicas
    present = sum(s.replicas for s in sets)
    if present >= size.maximum:
        return new.replicas
    return new.replicas + min(size.maximum - present, size.replicas - new.replicas)


def scale_new(size: Size, sets: Sequence[ReplicaSet], new: ReplicaSet) -> bool:
    """Moves the newest set towards the Deployment's size."""
    if new.replicas == size.replicas:
        return False
    wanted = size.replicas if new.replicas > size.replicas else new_replicas(size, sets, new)
    return _set(new, wanted, size)


def scale_old(size: Size, new: ReplicaSet, old: Sequence[ReplicaSet]) -> bool:
    """Takes pods from old sets, first unhealthy ones, as far as enough stay available."""
    if not active(old):
        return False
    new_unavailable = new.replicas - new.available
    spare = sum(s.replicas for s in (*old, new)) - size.minimum_available - new_unavailable
    if spare <= 0:
        return False
    removed = 0
    ordered = oldest_first(old)
    for replica_set in ordered:
        unhealthy = replica_set.replicas - replica_set.available
        if replica_set.replicas and unhealthy > 0 and removed < spare:
            count = min(spare - removed, unhealthy)
            removed += count
            _set(replica_set, replica_set.replicas - count, size)
    # A set that was just scaled down still reports pods it is about to lose.
    available = sum(min(s.available, s.replicas) for s in (*old, new))
    budget = available - size.minimum_available
    for replica_set in ordered:
        count = min(replica_set.replicas, budget)
        if count > 0:
            budget -= count
            removed += count
            _set(replica_set, replica_set.replicas - count, size)
    return removed > 0


def scale_down_all(size: Size, sets: Sequence[ReplicaSet]) -> bool:
    """Empties the sets."""
    changed = [_set(s, 0, size) for s in active(sets)]
    return any(changed)


def scale_in_proportion(size: Size, new: ReplicaSet | None, old: Sequence[ReplicaSet], status_replicas: int) -> None:
    """Spreads a new size over the sets: all to the only active one, else, amid a rollout, each its share."""
    every = [*old, new] if new is not None else list(old)
    running = active(every)
    if len(running) <= 1:
        newest_old = oldest_first(old)[-1] if old else None
        only = running[0] if running else new or newest_old
        if only is not None:
            _set(only, size.replicas, size)
        return
    if new is not None and new.replicas == size.replicas == new.desired == new.available:
        scale_down_all(size, old)
        return
    if size.rolling:
        _spread(size, running, status_replicas)


def _spread(size: Size, running: list[ReplicaSet], status_replicas: int) -> None:
    total = sum(s.replicas for s in running)
    to_add = (size.maximum if size.replicas > 0 else 0) - total
    newest_first = oldest_first(running)[::-1]
    ordered = sorted(newest_first if to_add > 0 else newest_first[::-1], key=lambda s: -s.replicas)
    added = 0
    sizes: list[int] = []
    for replica_set in ordered:
        share = _share(size, replica_set, to_add - added, status_replicas) if to_add else 0
        added += share
        sizes.append(max(0, replica_set.replicas + share))
    # Rounding leaves something over, which the largest takes.
    sizes[0] = max(0, sizes[0] + to_add - added)
    for replica_set, wanted in zip(ordered, sizes, strict=True):
        replica_set.replicas = wanted
        replica_set.note_size(size.replicas, size.maximum)


def _share(size: Size, replica_set: ReplicaSet, left: int, status_replicas: int) -> int:
    """What of the `left` pods falls to one set, in proportion to its part of the former maximum."""
    if left == 0:
        return 0
    if size.replicas == 0:
        fraction = -replica_set.replicas
    else:
        text = replica_set.annotations.get(MAXIMUM, "")
        before = int(text) if text.isdecimal() and int(text) else status_replicas
        if not before:
            return 0
        fraction = round_half_away(replica_set.replicas * size.maximum / before) - replica_set.replicas
    return min(fraction, left) if left > 0 else max(fraction, left)


def _set(replica_set: ReplicaSet, replicas: int, size: Size) -> bool:
    if replica_set.replicas == replicas:
        return False
    replica_set.replicas = replicas
    replica_set.note_size(size.replicas, size.maximum)
    return True
