"""The seam between the node agent and what runs containers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from kfast.runtime import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """One container as its runtime sees it. Times are epoch seconds.

    `reason` and `message` say why it waits or how it ended; `last` is the run before this one, terminated.
    """

    name: str
    state: Literal["waiting", "running", "terminated"]
    reason: str = ""
    message: str = ""
    container_id: str = ""
    image_id: str = ""
    started_at: float = 0.0
    finished_at: float = 0.0
    exit_code: int = 0
    restarts: int = 0
    ready: bool = False
    last: ContainerState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PodState:
    """A pod as its runtime sees it, containers in the order of the spec.

    `sandbox`: the pod's network is set up. `began`: when the runtime first heard of the pod. `next_change`: when to
    look again at the latest, infinity if nothing changes by itself.
    """

    began: float
    containers: tuple[ContainerState, ...]
    init_containers: tuple[ContainerState, ...] = ()
    sandbox: bool = False
    ip: str = ""
    next_change: float = math.inf

    @property
    def stopped(self) -> bool:
        """Nothing of the pod runs."""
        return not any(c.state == "running" for c in (*self.init_containers, *self.containers))


class Runtime(Protocol):
    """Runs the pods of one or many nodes: starts containers, restarts them as the pod's restartPolicy says, stops them.

    Every call is idempotent. What fails is raised and tried again with back-off.
    """

    @property
    def version(self) -> str:
        """`name://version`, as `status.nodeInfo.containerRuntimeVersion` shows it."""
        ...

    def adopt(self, pod: Object) -> bool:
        """Takes up a pod that may have been started before the agent was; False if it was not. Called for every such
        pod before any new one is started."""
        ...

    async def start(self, pod: Object, now: float) -> None:
        """Begins to bring the pod up."""
        ...

    async def observe(self, pod: Object, now: float) -> PodState:
        """Where a pod that was started or adopted is."""
        ...

    async def stop(self, pod: Object, grace: float, now: float) -> None:
        """Asks the containers to stop and kills what is left after `grace` seconds; `observe` tells when it is done."""
        ...

    async def remove(self, uid: str) -> None:
        """Gives up everything of a stopped or vanished pod."""
        ...
