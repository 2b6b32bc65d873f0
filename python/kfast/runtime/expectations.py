"""What a controller has done that its informers do not show yet: it waits before it counts again.

Semantics of ControllerExpectations and UIDTrackingControllerExpectations in pkg/controller/controller_utils.go.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from kfast.clock import Clock

TIMEOUT = 300.0
"""Seconds after which expectations count as met: a watch that loses events must not block a controller."""


@dataclass(slots=True)
class _Expected:
    since: float
    creations: int = 0
    deletions: set[str] = field(default_factory=set)


class Expectations:
    """Expected creations (counted) and deletions (by uid or any unique name) per controller key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expected: dict[Hashable, _Expected] = {}

    def satisfied(self, key: Hashable) -> bool:
        """Whether everything expected was seen, or has been waited for too long."""
        expected = self._expected.get(key)
        if expected is None or (expected.creations <= 0 and not expected.deletions):
            return True
        return self._clock.monotonic() - expected.since > TIMEOUT

    def expect_creations(self, key: Hashable, count: int) -> None:
        """Replaces what was expected: `count` creations are under way."""
        self._expected[key] = _Expected(self._clock.monotonic(), creations=count)

    def expect_deletions(self, key: Hashable, uids: Iterable[str]) -> None:
        """Replaces what was expected: these objects are being deleted."""
        self._expected[key] = _Expected(self._clock.monotonic(), deletions=set(uids))

    def creation_observed(self, key: Hashable, count: int = 1) -> None:
        """`count` creations were seen, or failed."""
        if (expected := self._expected.get(key)) is not None:
            expected.creations -= count

    def deletion_observed(self, key: Hashable, uid: str) -> None:
        """The object is gone or going, or its deletion failed."""
        if (expected := self._expected.get(key)) is not None:
            expected.deletions.discard(uid)

    def forget(self, key: Hashable) -> None:
        """The controlling object is gone."""
        self._expected.pop(key, None)
