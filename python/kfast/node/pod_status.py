"""The status a kubelet would report for a pod at a point of its course."""

from __future__ import annotations

import hashlib
from typing import Any

from kfast.clock import rfc3339
from kfast.node.lifecycle import Course, Stage

Body = dict[str, Any]

_TERMINATED_REASON = {True: "Completed", False: "Error"}


def pod_status(pod: Body, course: Course, now: float, host_ip: str, pod_ip: str) -> Body:
    """The whole `status`, conditions of others left out (the patch merges by type)."""
    running = course.stage in (Stage.RUNNING, Stage.BACKOFF, Stage.EXITED)
    begun = running or course.stage is Stage.INITIALIZING
    status: Body = {
        "phase": _phase(course),
        "conditions": conditions(pod, course, now),
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "startTime": rfc3339(course.began),
        "containerStatuses": [_container(pod, c, course, now) for c in pod["spec"]["containers"]],
    }
    generation = pod["metadata"].get("generation")
    if generation:
        status["observedGeneration"] = generation
    if pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = [_init(pod, c, course) for c in pod["spec"]["initContainers"]]
    address = host_ip if pod["spec"].get("hostNetwork") else pod_ip
    if begun and address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status


def _phase(course: Course) -> str:
    match course.stage:
        case Stage.CREATING | Stage.INITIALIZING:
            return "Pending"
        case Stage.RUNNING | Stage.BACKOFF:
            return "Running"
        case Stage.EXITED:
            return "Succeeded" if course.succeeded else "Failed"


def conditions(pod: Body, course: Course, now: float) -> list[Body]:
    """The kubelet's own conditions; a transition time moves only when the status does."""
    begun = course.stage is not Stage.CREATING
    initialized = not pod["spec"].get("initContainers") or course.stage not in (Stage.CREATING, Stage.INITIALIZING)
    over = course.stage is Stage.EXITED
    ready = course.ready(now)
    unready = (
        ""
        if ready
        else ("PodCompleted" if over and course.succeeded else "PodFailed" if over else "ContainersNotReady")
    )
    gates = [g["conditionType"] for g in pod["spec"].get("readinessGates") or ()]
    old = {c["type"]: c for c in pod.get("status", {}).get("conditions") or ()}
    open_gates = [g for g in gates if old.get(g, {}).get("status") != "True"]
    wanted = [
        ("PodReadyToStartContainers", begun and not over, ""),
        ("Initialized", initialized, "" if initialized else "ContainersNotInitialized"),
        ("Ready", ready and not open_gates, unready or ("ReadinessGatesNotReady" if open_gates else "")),
        ("ContainersReady", ready, unready),
        ("PodScheduled", True, ""),
    ]
    names = " ".join(c["name"] for c in pod["spec"]["containers"])
    result = []
    for kind, true, reason in wanted:
        condition: Body = {"type": kind, "status": "True" if true else "False", "lastProbeTime": None}
        if reason:
            condition["reason"] = reason
        if reason == "ContainersNotReady":
            condition["message"] = f"containers with unready status: [{names}]"
        before = old.get(kind, {})
        same = before.get("status") == condition["status"]
        condition["lastTransitionTime"] = before.get("lastTransitionTime") if same else rfc3339(now)
        if pod["metadata"].get("generation"):
            condition["observedGeneration"] = pod["metadata"]["generation"]
        result.append(condition)
    return result


def _identity(pod: Body, container: Body, attempt: int) -> Body:
    digest = hashlib.sha256(f"{pod['metadata']['uid']}/{container['name']}/{attempt}".encode()).hexdigest()
    image = container.get("image", "")
    return {
        "name": container["name"],
        "image": image,
        "imageID": f"{image.partition('@')[0]}@sha256:{hashlib.sha256(image.encode()).hexdigest()}",
        "containerID": f"simulated://{digest}",
    }


def _container(pod: Body, container: Body, course: Course, now: float) -> Body:
    if course.stage in (Stage.CREATING, Stage.INITIALIZING):
        waiting = {"reason": "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"}
        if course.script.pull_fails:
            waiting = _pull_failure(container["image"], course.pull_backed_off(now))
        return _waiting(container, waiting)
    status = _identity(pod, container, course.restarts) | {"restartCount": course.restarts, "lastState": {}}
    running = course.stage is Stage.RUNNING
    over = _terminated(course, status["containerID"])
    if course.stage is Stage.BACKOFF:
        status["state"] = {
            "waiting": {
                "reason": "CrashLoopBackOff",
                "message": f"back-off restarting failed container={container['name']} "
                f"pod={pod['metadata']['name']}_{pod['metadata']['namespace']}({pod['metadata']['uid']})",
            }
        }
        status["lastState"] = {"terminated": over}
    elif running:
        status["state"] = {"running": {"startedAt": rfc3339(course.started)}}
        if course.restarts:
            status["lastState"] = {
                "terminated": _terminated(course, _identity(pod, container, course.restarts - 1)["containerID"])
            }
    else:
        status["state"] = {"terminated": over}
    return status | {"ready": course.ready(now), "started": running}


def _terminated(course: Course, container_id: str) -> Body:
    return {
        "exitCode": course.script.exit_code,
        "reason": _TERMINATED_REASON[course.succeeded],
        "startedAt": rfc3339(course.previous_started),
        "finishedAt": rfc3339(course.finished),
        "containerID": container_id,
    }


def _init(pod: Body, container: Body, course: Course) -> Body:
    if course.stage is Stage.CREATING:
        return _waiting(container, {"reason": "PodInitializing"})
    status = _identity(pod, container, 0) | {"restartCount": 0, "lastState": {}}
    if course.stage is Stage.INITIALIZING:
        return status | {"state": {"running": {"startedAt": rfc3339(course.started)}}, "ready": False, "started": True}
    if container.get("restartPolicy") == "Always":
        return status | {"state": {"running": {"startedAt": rfc3339(course.began)}}, "ready": True, "started": True}
    over = {
        "exitCode": 0,
        "reason": "Completed",
        "startedAt": rfc3339(course.began),
        "finishedAt": rfc3339(course.started),
        "containerID": status["containerID"],
    }
    return status | {"state": {"terminated": over}, "ready": True, "started": False}


def _waiting(container: Body, waiting: Body) -> Body:
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"waiting": waiting},
        "lastState": {},
    }


def _pull_failure(image: str, backed_off: bool) -> Body:
    if backed_off:
        return {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}
    return {"reason": "ErrImagePull", "message": f'failed to pull and unpack image "{image}": not found'}
