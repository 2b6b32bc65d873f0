"""The simulated runtime: pods that run as their annotations script it (`node/script.py`), without any process."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kfast.node.lifecycle import Course, Stage, resume
from kfast.node.pod_network import PodNetwork
from kfast.node.runtime import ContainerState, PodState
from kfast.node.script import Script
from kfast.runtime import Object

Body = dict[str, Any]


@dataclass(slots=True)
class _Pod:
    uid: str
    name: str
    spec: Body
    course: Course
    network: PodNetwork | None
    ip: str = ""


class SimulatedRuntime:
    """Runs the pods of all nodes in `networks` (by node name)."""

    version = "simulated://1.0.0"

    def __init__(self, networks: Mapping[str, PodNetwork]) -> None:
        self._networks = networks
        self._pods: dict[str, _Pod] = {}

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
                known.ip = known.network.address(known.uid)
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
        if known is not None and known.network is not None:
            known.network.release(uid)

    def _add(self, pod: Object, status: Mapping[str, Any], now: float) -> _Pod:
        spec = pod.get("spec")
        script = Script.read(pod.get("metadata", "annotations", default={}) or {})
        inits = sum(not _sidecar(c) for c in spec.get("initContainers") or ())
        course = resume(script, spec.get("restartPolicy", "Always"), inits, status, now)
        network = None if spec.get("hostNetwork") else self._networks[spec["nodeName"]]
        identity = f"{pod.name}_{pod.namespace}({pod.uid})"
        known = self._pods[pod.uid] = _Pod(pod.uid, identity, spec, course, network)
        return known


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
