"""What a kubelet says as Events when a pod goes from one state to the next; texts are upstream's (pkg/kubelet)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from kfast.node.runtime import ContainerState, PodState
from kfast.runtime.recorder import EventType

Body = dict[str, Any]


class PodEvent(NamedTuple):
    """One Event about a pod; `field_path` names the container."""

    type: EventType
    reason: str
    message: str
    field_path: str


def pod_events(pod: Body, before: PodState | None, after: PodState) -> Iterator[PodEvent]:
    """What happened to the containers of `pod` between two looks at it."""
    groups = (
        ("initContainers", before.init_containers if before else (), after.init_containers),
        ("containers", before.containers if before else (), after.containers),
    )
    identity = "{name}_{namespace}({uid})".format_map(pod["metadata"])
    for field, old, new in groups:
        known = {state.name: state for state in old}
        for container, state in zip(pod["spec"].get(field) or (), new, strict=True):
            path = f"spec.{field}{{{state.name}}}"
            for kind, reason, message in _container_events(container, known.get(state.name), state, identity):
                yield PodEvent(kind, reason, message, path)


def killing(pod: Body) -> Iterator[PodEvent]:
    """What is said before containers are asked to stop."""
    for container in pod["spec"]["containers"]:
        name = container["name"]
        yield PodEvent("Normal", "Killing", f"Stopping container {name}", f"spec.containers{{{name}}}")


def _container_events(
    container: Body, before: ContainerState | None, after: ContainerState, pod: str
) -> Iterator[tuple[EventType, str, str]]:
    image = container.get("image", "")
    started = after.started_at if after.state != "waiting" else 0.0
    if started and (before is None or before.container_id != after.container_id):
        message = f'Container image "{image}" already present on machine and can be accessed by the pod'
        yield "Normal", "Pulled", message
        yield "Normal", "Created", "Container created"
        yield "Normal", "Started", "Container started"
    elif after.state == "waiting" and (before is None or before.reason != after.reason):
        if after.reason == "ErrImagePull":
            yield "Normal", "Pulling", f'Pulling image "{image}"'
            yield "Warning", "Failed", f'Failed to pull image "{image}": {after.message}'
            yield "Warning", "Failed", "Error: ErrImagePull"
        elif after.reason == "ImagePullBackOff":
            yield "Normal", "BackOff", f'Back-off pulling image "{image}"'
            yield "Warning", "Failed", "Error: ImagePullBackOff"
        elif after.reason == "CrashLoopBackOff":
            yield "Warning", "BackOff", f"Back-off restarting failed container {after.name} in pod {pod}"
