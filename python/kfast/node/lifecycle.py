"""The course of one simulated pod as a state machine over time: pure, all its containers move together.

```
creating -> initializing -> running -> exited            (restartPolicy says it is over, or it was stopped)
    |                         ^  |
 (pull fails: stays)          |  v
                            backoff                      (CrashLoopBackOff: none, then 10 s doubling to 300 s)
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
KILLED = 137
_FIRST_BACKOFF, _LAST_BACKOFF = 10.0, 300.0
_BACKOFF_RESET = 600.0
"""A container that ran as long is not in a crash loop any more: twice the longest back-off."""


class Stage(Enum):
    """Where a pod is."""

    CREATING = "creating"
    INITIALIZING = "initializing"
    RUNNING = "running"
    BACKOFF = "backoff"
    EXITED = "exited"


@dataclass(slots=True)
class Course:
    """One pod's way through the stages. Times are epoch seconds; `init_containers` counts those that run to an end."""

    script: Script
    restart_policy: str
    init_containers: int
    began: float
    stage: Stage = Stage.CREATING
    init_started: float = 0.0
    started: float = 0.0
    previous_started: float = 0.0
    finished: float = 0.0
    exit_code: int = 0
    restarts: int = 0
    crashes: int = 0
    stopping: float = math.inf
    killed: bool = False

    def advance(self, now: float) -> float:
        """Moves on to where the pod is at `now`; returns when it changes next, infinity if it does not."""
        while (at := self._next()) <= min(now, self.stopping):
            self._move(at)
        if self.stopping <= now and self.stage is not Stage.EXITED:
            self._end(self.stopping)
        return min(self._change(now), self.stopping if self.stage is not Stage.EXITED else math.inf)

    def stop(self, now: float, grace: float) -> None:
        """The containers are asked to stop; what still runs after `grace` seconds is killed."""
        self.killed = self.script.stop_delay > grace
        self.stopping = now + min(self.script.stop_delay, grace) if self.stage is Stage.RUNNING else now

    def ready(self, now: float) -> bool:
        """Whether the containers pass their readiness probes."""
        if self.stage is not Stage.RUNNING or self.script.never_ready:
            return False
        return now >= self.started + self.script.ready_delay

    def pull_backed_off(self, now: float) -> bool:
        """Whether a failing pull is waiting for its next attempt."""
        return now >= self.began + PULL_BACKOFF_AFTER

    def init_finished(self, number: int) -> float:
        """When the init container of that number (from 0) ends, if the pod gets so far."""
        return self.init_started + self.script.init_seconds * (number + 1)

    @property
    def backoff(self) -> float:
        """Seconds before the next restart: none for the first, then doubling."""
        if self.crashes == 0:
            return 0.0
        return min(_FIRST_BACKOFF * 2.0 ** min(self.crashes - 1, 16), _LAST_BACKOFF)

    def _change(self, now: float) -> float:
        """When something of the status changes, at the latest with the stage."""
        script, at = self.script, self._next()
        match self.stage:
            case Stage.CREATING if script.pull_fails:
                backed_off = self.began + PULL_BACKOFF_AFTER
                return backed_off if now < backed_off else math.inf
            case Stage.INITIALIZING if script.init_seconds > 0:
                return self.init_finished(int((now - self.init_started) / script.init_seconds))
            case Stage.RUNNING if not script.never_ready and not self.ready(now):
                return min(at, self.started + script.ready_delay)
        return at

    def _next(self) -> float:
        script = self.script
        match self.stage:
            case Stage.CREATING:
                return math.inf if script.pull_fails else self.began + script.start_delay
            case Stage.INITIALIZING:
                return self.init_finished(self.init_containers - 1)
            case Stage.RUNNING:
                return self.started + script.run_seconds
            case Stage.BACKOFF:
                return self.finished + self.backoff
            case Stage.EXITED:
                return math.inf

    def _move(self, at: float) -> None:
        match self.stage:
            case Stage.CREATING:
                self.init_started = at
                if self.init_containers:
                    self.stage = Stage.INITIALIZING
                else:
                    self.stage, self.started = Stage.RUNNING, at
            case Stage.INITIALIZING:
                self.stage, self.started = Stage.RUNNING, at
            case Stage.RUNNING:
                self.exit_code = self.script.exit_code
                again = self.restart_policy == "Always" or (self.restart_policy == "OnFailure" and self.exit_code != 0)
                self.stage = Stage.BACKOFF if again else Stage.EXITED
                self.previous_started, self.finished = self.started, at
                if at - self.started >= _BACKOFF_RESET:
                    self.crashes = 0
            case Stage.BACKOFF:
                self.stage, self.started = Stage.RUNNING, at
                self.restarts += 1
                self.crashes += 1

    def _end(self, at: float) -> None:
        if self.stage is Stage.RUNNING:
            self.previous_started, self.finished = self.started, at
            self.exit_code = KILLED if self.killed else self.script.exit_code
        self.stage = Stage.EXITED


def resume(script: Script, restart_policy: str, init_containers: int, status: Mapping[str, Any], now: float) -> Course:
    """The course of a pod met with `status`: where a restarted agent takes it up again."""
    began = parse_time(status["startTime"]) if status.get("startTime") else now
    course = Course(script, restart_policy, init_containers, began)
    statuses = status.get("containerStatuses") or ()
    course.restarts = course.crashes = max((s.get("restartCount", 0) for s in statuses), default=0)
    inits = _times(status.get("initContainerStatuses") or (), "startedAt")
    running = _times([s for s in statuses if "running" in (s.get("state") or {})], "startedAt")
    ends = [s.get("lastState") or {} for s in statuses]
    finished = [end["terminated"] for end in ends if "terminated" in end]
    if finished:
        course.finished = parse_time(finished[0]["finishedAt"])
        course.previous_started = parse_time(finished[0]["startedAt"])
        course.exit_code = finished[0]["exitCode"]
    if running:
        course.stage, course.started = Stage.RUNNING, max(running)
    elif finished:
        course.stage, course.started = Stage.BACKOFF, course.previous_started
    elif inits and init_containers:
        course.stage = Stage.INITIALIZING
    if course.stage is not Stage.CREATING:
        course.init_started = min(inits, default=began)
    return course


def _times(statuses: Any, field: str) -> list[float]:
    """That time of each container that has started."""
    states = [state for s in statuses for state in (s.get("state") or {}).values()]
    return [parse_time(state[field]) for state in states if state.get(field)]
