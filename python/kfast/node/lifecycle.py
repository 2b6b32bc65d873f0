"""The course of one pod on a node as a state machine over time: pure, driven by the agent.

```
creating -> initializing -> running -> exited            (restartPolicy says it is over)
    |                         ^  |
 (pull fails: stays)          |  v
                            backoff                      (CrashLoopBackOff, 10 s doubling to 300 s)
```
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kfast.clock import parse_time
from kfast.node.script import Script

PULL_BACKOFF_AFTER = 10.0
_FIRST_BACKOFF, _LAST_BACKOFF = 10.0, 300.0


class Stage(Enum):
    """Where a pod is."""

    CREATING = "creating"
    INITIALIZING = "initializing"
    RUNNING = "running"
    BACKOFF = "backoff"
    EXITED = "exited"


@dataclass(slots=True)
class Course:
    """One pod's way through the stages. Times are epoch seconds."""

    script: Script
    restart_policy: str
    init_containers: int
    began: float
    stage: Stage = Stage.CREATING
    started: float = 0.0
    finished: float = 0.0
    previous_started: float = 0.0
    restarts: int = 0

    def advance(self, now: float) -> float:
        """Moves on to where the pod is at `now`; returns when it changes next, infinity if it does not."""
        while (at := self._next()) <= now:
            self._move(at)
        if self.stage is Stage.RUNNING and not self.ready(now) and not self.script.never_ready:
            return min(at, self.started + self.script.ready_delay)
        if self.stage is Stage.CREATING and self.script.pull_fails:
            backoff = self.began + PULL_BACKOFF_AFTER
            return backoff if now < backoff else math.inf
        return at

    def ready(self, now: float) -> bool:
        """Whether the containers pass their readiness probes."""
        if self.stage is not Stage.RUNNING or self.script.never_ready:
            return False
        return now >= self.started + self.script.ready_delay

    def pull_backed_off(self, now: float) -> bool:
        """Whether a failing pull is waiting for its next attempt."""
        return now >= self.began + PULL_BACKOFF_AFTER

    @property
    def succeeded(self) -> bool:
        """Whether the last exit was 0."""
        return self.script.exit_code == 0

    def _next(self) -> float:
        script = self.script
        match self.stage:
            case Stage.CREATING:
                return math.inf if script.pull_fails else self.began + script.start_delay
            case Stage.INITIALIZING:
                return self.started + script.init_seconds * self.init_containers
            case Stage.RUNNING:
                return self.started + script.run_seconds
            case Stage.BACKOFF:
                return self.finished + self._backoff()
            case Stage.EXITED:
                return math.inf

    def _move(self, at: float) -> None:
        match self.stage:
            case Stage.CREATING:
                self.stage = Stage.INITIALIZING if self.init_containers else Stage.RUNNING
                self.started = at
            case Stage.INITIALIZING:
                self.stage, self.started = Stage.RUNNING, at
            case Stage.RUNNING:
                again = self.restart_policy == "Always" or (self.restart_policy == "OnFailure" and not self.succeeded)
                self.stage = Stage.BACKOFF if again else Stage.EXITED
                self.previous_started, self.finished = self.started, at
            case Stage.BACKOFF:
                self.stage, self.started = Stage.RUNNING, at
                self.restarts += 1

    def _backoff(self) -> float:
        """Seconds before the next restart: none for the first, then doubling."""
        if self.restarts == 0:
            return 0.0
        return min(_FIRST_BACKOFF * 2.0 ** min(self.restarts - 1, 16), _LAST_BACKOFF)


def resume(script: Script, restart_policy: str, init_containers: int, status: Mapping[str, Any], now: float) -> Course:
    """The course of a pod met with `status`: where a restarted agent takes it up again."""
    began = parse_time(status["startTime"]) if status.get("startTime") else now
    course = Course(script, restart_policy, init_containers, began)
    statuses = status.get("containerStatuses") or ()
    course.restarts = max((s.get("restartCount", 0) for s in statuses), default=0)
    states = [s.get("state") or {} for s in statuses]
    running = [parse_time(s["running"]["startedAt"]) for s in states if "running" in s]
    if status.get("phase") == "Running":
        course.stage, course.started = Stage.RUNNING, max(running, default=began)
    return course
