"""The seam between the node agent and what runs containers."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from kfast.errors import KfastError
from kfast.meta.exchange import Channel
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


class LogLine(NamedTuple):
    """What a container printed: when (epoch seconds), where, and the text with its line end."""

    time: float
    stream: Literal["stdout", "stderr"]
    text: bytes


class Size(NamedTuple):
    """Of a terminal, in characters."""

    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What a command in a container speaks to. A stream that is None was not asked for; a `tty` has no stderr.
    `sizes` tells the terminal's size, first and whenever it changes."""

    stdin: Channel | None = None
    stdout: Channel | None = None
    stderr: Channel | None = None
    tty: bool = False
    sizes: AsyncIterator[Size] | None = None

    async def read(self) -> bytes:
        """What was typed; empty at the end, or without stdin."""
        return await self.stdin.read() if self.stdin is not None else b""

    async def write(self, data: bytes) -> None:
        """Prints. Raises ConnectionError."""
        if self.stdout is not None:
            await self.stdout.write(data)

    async def complain(self, data: bytes) -> None:
        """Prints to stderr, on a terminal to where everything goes. Raises ConnectionError."""
        stream = self.stdout if self.tty else self.stderr
        if stream is not None:
            await stream.write(data)


class Usage(NamedTuple):
    """Of a container: cores in use now, core-seconds since its start, bytes of its working set."""

    cpu: float
    cpu_seconds: float
    memory: float


class ContainerError(KfastError):
    """The runtime could not do what was asked of it; the message is for whoever asked."""


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

    def logs(
        self, pod: Object, container: str, container_id: str, *, follow: bool
    ) -> AsyncGenerator[Sequence[LogLine], None]:
        """What one run of a container printed: first all there is, then, to a follower, what comes until its end.
        Raises ContainerError."""
        ...

    async def exec(self, pod: Object, container: str, command: Sequence[str], console: Console) -> int:
        """Runs a command in a running container; its exit code. Raises ContainerError."""
        ...

    async def attach(self, pod: Object, container: str, console: Console) -> int:
        """Speaks with a container's main process until it ends; its exit code. Raises ContainerError."""
        ...

    async def connect(self, pod: Object, port: int) -> Channel:
        """A connection to a port of the pod. Raises ContainerError, OSError."""
        ...

    def usage(self, pod: Object, now: float) -> Mapping[str, Usage]:
        """What its running containers use, by name."""
        ...
