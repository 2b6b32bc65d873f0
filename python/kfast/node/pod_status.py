"""The status a kubelet reports for a pod, from what its runtime sees: pkg/kubelet's getPhase and pkg/kubelet/status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kfast.clock import rfc3339
from kfast.node.runtime import ContainerState, PodState

Body = dict[str, Any]

_LOST = {
    "reason": "ContainerStatusUnknown",
    "message": "The container could not be located when the pod was terminated",
    "exitCode": 137,
}


def pod_status(pod: Body, state: PodState, now: float, host_ip: str, *, over: bool = False, final: str = "") -> Body:
    """The kubelet's part of `status`; conditions of others are left out. `over`: the pod was asked to stop and nothing
    of it will run again, so its phase is final. `final`: the phase whatever the containers say."""
    spec = pod["spec"]
    containers = [_container_status(c, s) for c, s in zip(spec["containers"], state.containers, strict=True)]
    inits = [
        _container_status(c, s) for c, s in zip(spec.get("initContainers") or (), state.init_containers, strict=True)
    ]
    phase = _phase(spec, inits, containers, over)
    if over:
        phase = _settle(phase, containers)
    phase = final or phase
    status: Body = {"phase": phase}
    generation = pod["metadata"].get("generation")
    if generation:
        status["observedGeneration"] = generation
    status["conditions"] = _conditions(pod, phase, inits, containers, state.sandbox, now)
    status |= {"hostIP": host_ip, "hostIPs": [{"ip": host_ip}]}
    address = host_ip if spec.get("hostNetwork") else state.ip
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    status["startTime"] = (pod.get("status") or {}).get("startTime") or rfc3339(state.began)
    if inits:
        status["initContainerStatuses"] = inits
    status["containerStatuses"] = containers
    return status


def status_patch(old: Mapping[str, Any], new: Body) -> Body:
    """The strategic merge patch that makes `old` say what `new` says; empty if it does already."""
    patch = {key: value for key, value in new.items() if key != "conditions" and old.get(key) != value}
    known = {c["type"]: c for c in old.get("conditions") or ()}
    changed = []
    for condition in new["conditions"]:
        before = known.get(condition["type"], {})
        if before != condition:
            # A patch merges conditions: what the new one lacks has to be taken away.
            changed.append(dict.fromkeys(before.keys() - condition.keys()) | condition)
    if changed:
        patch["conditions"] = changed
    return patch


def with_status(pod: Body, status: Body) -> Body:
    """`pod` saying what `status` says; conditions of others and fields the kubelet does not write stay."""
    old = pod.get("status") or {}
    own = {c["type"] for c in status["conditions"]}
    others = [c for c in old.get("conditions") or () if c["type"] not in own]
    return {**pod, "status": {**old, **status, "conditions": status["conditions"] + others}}


def _phase(spec: Body, inits: Sequence[Body], containers: Sequence[Body], over: bool) -> str:
    policy = spec.get("restartPolicy", "Always")
    regular = [s for c, s in zip(spec.get("initContainers") or (), inits, strict=True) if not _restartable(c)]
    ended = [s["state"].get("terminated") or s["lastState"].get("terminated") for s in regular]
    started = any("waiting" not in s["state"] or s["lastState"] for s in containers)
    if policy == "Never" and any(end is not None and end["exitCode"] for end in ended):
        return "Failed"
    if not started and any("terminated" not in s["state"] for s in regular):
        return "Pending"
    if any("waiting" in s["state"] and not s["lastState"] for s in containers):
        return "Pending"
    if any("running" in s["state"] for s in containers):
        return "Running"
    ends = [s["state"].get("terminated") or s["lastState"]["terminated"] for s in containers]
    succeeded = all(end["exitCode"] == 0 for end in ends)
    if not over and policy == "Always":
        return "Running"
    if succeeded:
        return "Succeeded"
    return "Failed" if over or policy == "Never" else "Running"


def _settle(phase: str, containers: Iterable[Body]) -> str:
    """The phase of a pod nothing of which runs any more; containers of which no end is known get one."""
    for status in containers:
        if "terminated" not in status["state"]:
            status["state"] = {"terminated": dict(_LOST)}
            status["ready"] = status["started"] = False
    return phase if phase in ("Succeeded", "Failed") else "Failed"


def _conditions(
    pod: Body, phase: str, inits: Sequence[Body], containers: Sequence[Body], sandbox: bool, now: float
) -> list[Body]:
    """The kubelet's own conditions; a transition time moves only when the status does."""
    spec = pod["spec"]
    old = {c["type"]: c for c in pod.get("status", {}).get("conditions") or ()}
    init_specs = spec.get("initContainers") or ()
    incomplete = [
        s["name"]
        for c, s in zip(init_specs, inits, strict=True)
        if not (s["started"] if _restartable(c) else s["ready"])
    ]
    if any(s["started"] or s["lastState"] for s in containers):
        incomplete = []
    sidecars = [s for c, s in zip(init_specs, inits, strict=True) if _restartable(c)]
    unready = [s["name"] for s in (*sidecars, *containers) if not s["ready"]]
    ends = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}
    why = [] if phase in ends else [f"containers with unready status: [{' '.join(unready)}]"] if unready else []
    reason = ends.get(phase) or ("ContainersNotReady" if unready else "")
    gates = _closed_gates(spec, old) if not reason else ""
    initialized = phase == "Succeeded" or not incomplete
    wanted = (
        ("PodReadyToStartContainers", sandbox, "", ""),
        (
            "Initialized",
            initialized,
            "PodCompleted" if phase == "Succeeded" else "" if initialized else "ContainersNotInitialized",
            "" if initialized else f"containers with incomplete status: [{' '.join(incomplete)}]",
        ),
        (
            "Ready",
            not reason and not gates,
            reason or ("ReadinessGatesNotReady" if gates else ""),
            "".join(why) or gates,
        ),
        ("ContainersReady", not reason, reason, "".join(why)),
        ("PodScheduled", True, "", ""),
    )
    generation = pod["metadata"].get("generation")
    return [
        _condition(old.get(kind, {}), kind, true, reason, message, generation, now)
        for kind, true, reason, message in wanted
    ]


def _condition(
    before: Mapping[str, Any], kind: str, true: bool, reason: str, message: str, generation: int | None, now: float
) -> Body:
    condition: Body = {"type": kind}
    if generation:
        condition["observedGeneration"] = generation
    condition |= {"status": "True" if true else "False"}
    same = before.get("status") == condition["status"] and before.get("lastTransitionTime")
    condition["lastTransitionTime"] = before["lastTransitionTime"] if same else rfc3339(now)
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _closed_gates(spec: Body, conditions: Mapping[str, Body]) -> str:
    """What keeps readiness gates shut; empty if all are open."""
    reasons = []
    for gate in spec.get("readinessGates") or ():
        kind = gate["conditionType"]
        found = conditions.get(kind)
        if found is None:
            reasons.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif found["status"] != "True":
            reasons.append(f'the status of pod readiness gate "{kind}" is not "True", but {found["status"]}')
    return ", ".join(reasons)


def _restartable(container: Body) -> bool:
    return container.get("restartPolicy") == "Always"


def _container_status(container: Body, state: ContainerState) -> Body:
    running = state.state == "running"
    status: Body = {
        "name": state.name,
        "state": _state(state),
        "lastState": _state(state.last) if state.last is not None else {},
        "ready": state.ready,
        "restartCount": state.restarts,
        "image": container.get("image", ""),
        "imageID": state.image_id,
        "started": running,
    }
    if state.container_id:
        status["containerID"] = state.container_id
    resources = container.get("resources")
    if running and resources:
        status["resources"] = resources
        if resources.get("requests"):
            status["allocatedResources"] = resources["requests"]
    return status


def _state(state: ContainerState) -> Body:
    if state.state == "running":
        return {"running": {"startedAt": rfc3339(state.started_at)}}
    said = {key: value for key, value in (("reason", state.reason), ("message", state.message)) if value}
    if state.state == "waiting":
        return {"waiting": said}
    over: Body = {"exitCode": state.exit_code, **said}
    over |= {"startedAt": rfc3339(state.started_at), "finishedAt": rfc3339(state.finished_at)}
    return {"terminated": over | {"containerID": state.container_id}}
