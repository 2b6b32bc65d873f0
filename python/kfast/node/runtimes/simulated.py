"""The simulated runtime: pods that run as their annotations script it (`node/script.py`), without any process."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfast.clock import Clock, SystemClock
from kfast.http.dialling import dial
from kfast.meta.exchange import Channel
from kfast.node.lifecycle import Course, Stage, resume
from kfast.node.pod_network import PodNetwork
from kfast.node.runtime import Console, ContainerError, ContainerState, LogLine, PodState, Usage
from kfast.node.script import Script, log_lines
from kfast.node.simulation.containers import Containers
from kfast.node.simulation.output import due_lines, next_line, recorded_run, usage_of
from kfast.node.simulation.process import Program
from kfast.runtime import Object

Body = dict[str, Any]

_LOOK_AGAIN = 1.0
"""Seconds between looks at whether a container whose log is followed has ended."""


@dataclass(slots=True)
class _Pod:
    uid: str
    name: str
    spec: Body
    course: Course
    network: PodNetwork | None
    ip: str = ""
    script_ip: str = ""


class SimulatedRuntime:
    """Runs the pods of all nodes in `networks` (by node name)."""

    version = "simulated://1.0.0"

    def __init__(
        self,
        networks: Mapping[str, PodNetwork],
        clock: Clock | None = None,
        programs: Mapping[str, Program] | None = None,
    ) -> None:
        self._networks = networks
        self._clock: Clock = clock or SystemClock()
        self._pods: dict[str, _Pod] = {}
        self._containers = Containers(self._clock, programs or {})

    def adopt(self, pod: Object) -> bool:
        """A pod whose status says that it has begun goes on from there, with its address."""
        status = pod.get("status", default={}) or {}
        if not status.get("startTime"):
            return False
        known = self._add(pod, status, 0.0)
        if known.network is not None and status.get("podIP"):
            known.network.claim(known.uid, status["podIP"])
            known.ip = status["podIP"]
        return True

    async def start(self, pod: Object, now: float) -> None:
        """Its course begins now."""
        if pod.uid not in self._pods:
            self._add(pod, {}, now)

    async def observe(self, pod: Object, now: float) -> PodState:
        """Moves the pod on to `now`."""
        known = self._pods[pod.uid]
        course = known.course
        due = course.advance(now)
        sandbox = course.stage is not Stage.EXITED and (course.stage is not Stage.CREATING or course.script.pull_fails)
        if known.network is not None:
            if not known.ip and (sandbox or course.init_started):
                known.ip = known.script_ip or known.network.address(known.uid)
            if course.stage is Stage.EXITED:
                known.network.release(known.uid)
        return PodState(
            began=course.began,
            containers=tuple(_container(known, c, now) for c in known.spec["containers"]),
            init_containers=_init_containers(known, now) if known.spec.get("initContainers") else (),
            sandbox=sandbox,
            ip=known.ip,
            next_change=due,
        )

    async def stop(self, pod: Object, grace: float, now: float) -> None:
        """The pod stops after its script's delay; a shorter grace than before counts."""
        course = self._pods[pod.uid].course
        if math.isinf(course.stopping) or now + grace < course.stopping:
            course.stop(now, grace)

    async def remove(self, uid: str) -> None:
        """Its address is free again."""
        known = self._pods.pop(uid, None)
        self._containers.remove(uid)
        if known is not None and known.network is not None:
            known.network.release(uid)

    async def logs(
        self, pod: Object, container: str, container_id: str, *, follow: bool
    ) -> AsyncGenerator[Sequence[LogLine], None]:
        """The lines of the pod's script that are due."""
        lines = log_lines(pod.get("metadata", "annotations", default={}) or {}, container)
        shown = -math.inf
        while True:
            now = self._clock.now()
            began, ended = await self._run(pod, container, container_id, now)
            until = min(now, ended) - began
            yield due_lines(lines, began, shown, until)
            shown = until
            if not follow or ended <= now:
                return
            await self._clock.sleep(min(_LOOK_AGAIN, next_line(lines, until) - until))

    async def exec(self, pod: Object, container: str, command: Sequence[str], console: Console) -> int:
        """What the script says, one of the programs, or one of the tools."""
        return await self._containers.run(pod, container, tuple(command), console)

    async def attach(self, pod: Object, container: str, console: Console) -> int:
        """Shows the container's log from now on; a container with stdin prints what it reads."""
        now = self._clock.now()
        state = _state(await self.observe(pod, now), container) if pod.uid in self._pods else None
        if state is None or state.state != "running":
            raise ContainerError(f"container {container} not found in pod {pod.name}_{pod.namespace}")
        reading = asyncio.ensure_future(self._containers.echo(pod, container, console))
        try:
            async with contextlib.aclosing(self.logs(pod, container, state.container_id, follow=True)) as batches:
                async for batch in batches:
                    for line in batch:
                        if line.time >= now:
                            await (console.write if line.stream == "stdout" else console.complain)(line.text)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        over = _state(await self.observe(pod, self._clock.now()), container) if pod.uid in self._pods else None
        return over.exit_code if over is not None and over.state == "terminated" else 0

    async def connect(self, pod: Object, port: int) -> Channel:
        """A connection to whatever stands for the pod: a process at its `kfast.dev/pod-ip`, or on this machine if the
        pod has its node's network."""
        known = self._pods.get(pod.uid)
        if known is None or not known.ip:
            raise ContainerError(f"pod {pod.name} has no network")
        if not known.script_ip and known.network is not None:
            raise ConnectionRefusedError(f"nothing listens on port {port} of simulated pod {pod.name}")
        return await dial("127.0.0.1" if known.network is None and not known.script_ip else known.ip, port)

    def usage(self, pod: Object, now: float) -> Mapping[str, Usage]:
        """What the script says or the containers request, while they run."""
        known = self._pods.get(pod.uid)
        if known is None or known.course.stage is not Stage.RUNNING:
            return {}
        annotations = pod.get("metadata", "annotations", default={}) or {}
        return {c["name"]: usage_of(c, annotations, now - known.course.started) for c in known.spec["containers"]}

    async def _run(self, pod: Object, container: str, container_id: str, now: float) -> tuple[float, float]:
        """When a run of a container began and ended, infinity if it has not."""
        if pod.uid in self._pods:
            state = _state(await self.observe(pod, now), container)
            for run in (state, state.last) if state is not None else ():
                if run is not None and run.container_id == container_id and run.state != "waiting":
                    return run.started_at, run.finished_at if run.state == "terminated" else math.inf
        return recorded_run(pod, container_id, now)

    def _add(self, pod: Object, status: Mapping[str, Any], now: float) -> _Pod:
        spec = pod.get("spec")
        script = Script.read(pod.get("metadata", "annotations", default={}) or {})
        inits = sum(not _sidecar(c) for c in spec.get("initContainers") or ())
        course = resume(script, spec.get("restartPolicy", "Always"), inits, status, now)
        network = None if spec.get("hostNetwork") else self._networks[spec["nodeName"]]
        identity = f"{pod.name}_{pod.namespace}({pod.uid})"
        known = self._pods[pod.uid] = _Pod(pod.uid, identity, spec, course, network, script_ip=script.pod_ip)
        return known


def _state(pod: PodState, container: str) -> ContainerState | None:
    return next((c for c in (*pod.containers, *pod.init_containers) if c.name == container), None)


def _sidecar(container: Body) -> bool:
    return container.get("restartPolicy") == "Always"


def _container_id(pod: _Pod, container: Body, attempt: int) -> str:
    return "simulated://" + hashlib.sha256(f"{pod.uid}/{container['name']}/{attempt}".encode()).hexdigest()


def _image_id(container: Body) -> str:
    image = container.get("image", "")
    return f"{image.partition('@')[0]}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _waiting(pod: _Pod, container: Body, now: float) -> ContainerState:
    if pod.course.script.pull_fails:
        image = container.get("image", "")
        error = f'failed to pull and unpack image "{image}": not found'
        if pod.course.pull_backed_off(now):
            message = f'Back-off pulling image "{image}": ErrImagePull: {error}'
            return ContainerState(name=container["name"], state="waiting", reason="ImagePullBackOff", message=message)
        return ContainerState(name=container["name"], state="waiting", reason="ErrImagePull", message=error)
    reason = "PodInitializing" if pod.spec.get("initContainers") else "ContainerCreating"
    return ContainerState(name=container["name"], state="waiting", reason=reason)


def _container(pod: _Pod, container: Body, now: float) -> ContainerState:
    course = pod.course
    if not course.started or course.stage in (Stage.CREATING, Stage.INITIALIZING):
        return _waiting(pod, container, now)
    running = course.stage is Stage.RUNNING
    attempt = course.restarts - running
    over = _terminated(pod, container, attempt) if attempt >= 0 and course.finished else None
    if course.stage is Stage.EXITED and over is not None:
        return over
    if running:
        return ContainerState(
            name=container["name"],
            state="running",
            container_id=_container_id(pod, container, course.restarts),
            image_id=_image_id(container),
            started_at=course.started,
            restarts=course.restarts,
            ready=course.ready(now),
            last=over,
        )
    message = f"back-off {_duration(course.backoff)} restarting failed container={container['name']} pod={pod.name}"
    return ContainerState(
        name=container["name"],
        state="waiting",
        reason="CrashLoopBackOff",
        message=message,
        container_id=_container_id(pod, container, course.restarts),
        image_id=_image_id(container),
        restarts=course.restarts,
        last=over,
    )


def _terminated(pod: _Pod, container: Body, attempt: int) -> ContainerState:
    course = pod.course
    return ContainerState(
        name=container["name"],
        state="terminated",
        reason="Completed" if course.exit_code == 0 else "Error",
        container_id=_container_id(pod, container, attempt),
        image_id=_image_id(container),
        started_at=course.previous_started,
        finished_at=course.finished,
        exit_code=course.exit_code,
        restarts=course.restarts,
    )


def _init_containers(pod: _Pod, now: float) -> tuple[ContainerState, ...]:
    """Each runs after those before it; sidecars start in their turn and run until the pod is over."""
    course, states, number = pod.course, [], 0
    for container in pod.spec["initContainers"]:
        begins = course.init_started + course.script.init_seconds * number
        if not course.init_started or course.stage is Stage.CREATING or begins > min(now, course.stopping):
            states.append(_waiting(pod, container, now))
            continue
        ends = math.inf if _sidecar(container) else course.init_finished(number)
        number += not _sidecar(container)
        over = course.finished or course.stopping if course.stage is Stage.EXITED else math.inf
        done = min(ends, over) <= now
        states.append(
            ContainerState(
                name=container["name"],
                state="terminated" if done else "running",
                reason=("Completed" if ends <= over or _sidecar(container) else "Error") if done else "",
                container_id=_container_id(pod, container, 0),
                image_id=_image_id(container),
                started_at=begins,
                finished_at=min(ends, over) if done else 0.0,
                exit_code=0 if ends <= over or _sidecar(container) else 137,
                ready=_sidecar(container) if not done else ends <= over,
            )
        )
    return tuple(states)


def _duration(seconds: float) -> str:
    """As Go prints a duration of whole seconds: 10s, 1m20s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
