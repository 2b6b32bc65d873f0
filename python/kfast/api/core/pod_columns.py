"""What `kubectl get pods` shows (upstream: printPod)."""

from __future__ import annotations

from typing import Any

from kfast.api.columns import NONE, has_condition, since, text
from kfast.api.kind import Body, Cell, Column

Status = dict[str, Any]


def _failure(terminated: Status) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


class _Restarts:
    """Counts restarts and remembers when the last one was."""

    def __init__(self) -> None:
        self.count = 0
        self.last = ""

    def add(self, container: Status) -> None:
        self.count += container.get("restartCount") or 0
        terminated = (container.get("lastState") or {}).get("terminated")
        if terminated:
            self.last = max(self.last, terminated.get("finishedAt") or "")


class _Summary:
    """The aggregate of all container statuses of a pod."""

    def __init__(self, pod: Body) -> None:
        spec, status = pod.get("spec") or {}, pod.get("status") or {}
        self.ready = 0
        self.reason = status.get("reason") or status.get("phase") or ""
        for condition in status.get("conditions") or ():
            if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
                self.reason = "SchedulingGated"
        init = spec.get("initContainers") or ()
        sidecars = {c["name"] for c in init if c.get("restartPolicy") == "Always"}
        self.total = len(spec.get("containers") or ()) + len(sidecars)
        self.restarts = _Restarts()
        sidecar_restarts = _Restarts()
        initializing = self._initialize(status, sidecars, len(init), sidecar_restarts)
        if not initializing or has_condition(pod, "Initialized"):
            self.restarts = sidecar_restarts
            self._run(pod, status)
        if pod["metadata"].get("deletionTimestamp"):
            if status.get("reason") == "NodeLost":
                self.reason = "Unknown"
            elif status.get("phase") not in ("Failed", "Succeeded"):
                self.reason = "Terminating"

    def _initialize(self, status: Status, sidecars: set[str], count: int, sidecar_restarts: _Restarts) -> bool:
        for index, container in enumerate(status.get("initContainerStatuses") or ()):
            self.restarts.add(container)
            sidecar = container.get("name") in sidecars
            if sidecar:
                sidecar_restarts.add(container)
            state = container.get("state") or {}
            terminated, waiting = state.get("terminated"), state.get("waiting") or {}
            if terminated is not None and not terminated.get("exitCode"):
                continue
            if sidecar and container.get("started"):
                self.ready += bool(container.get("ready"))
                continue
            if terminated is not None:
                self.reason = f"Init:{_failure(terminated)}"
            elif waiting.get("reason") not in (None, "", "PodInitializing"):
                self.reason = f"Init:{waiting['reason']}"
            else:
                self.reason = f"Init:{index}/{count}"
            return True
        return False

    def _run(self, pod: Body, status: Status) -> None:
        running, failure = False, ""
        for container in reversed(status.get("containerStatuses") or ()):
            self.restarts.add(container)
            state = container.get("state") or {}
            waiting, terminated = state.get("waiting") or {}, state.get("terminated")
            if waiting.get("reason"):
                self.reason = waiting["reason"]
            elif terminated is not None:
                self.reason = _failure(terminated)
                if terminated.get("exitCode"):
                    failure = self.reason
            elif container.get("ready") and state.get("running") is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed":
            if running and has_condition(pod, "Ready"):
                self.reason = "Running"
            elif failure:
                self.reason = failure
            elif running:
                self.reason = "NotReady"


def _ready(pod: Body, _: float) -> Cell:
    summary = _Summary(pod)
    return f"{summary.ready}/{summary.total}"


def _status(pod: Body, _: float) -> Cell:
    return _Summary(pod).reason


def _restarts(pod: Body, now: float) -> Cell:
    restarts = _Summary(pod).restarts
    if restarts.count and restarts.last:
        return f"{restarts.count} ({since(restarts.last, now)} ago)"
    return str(restarts.count)


def _address(pod: Body, _: float) -> Cell:
    addresses = (pod.get("status") or {}).get("podIPs")
    return (addresses and addresses[0].get("ip")) or NONE


def _readiness_gates(pod: Body, _: float) -> Cell:
    gates = (pod.get("spec") or {}).get("readinessGates")
    if not gates:
        return NONE
    return f"{sum(has_condition(pod, gate.get('conditionType', '')) for gate in gates)}/{len(gates)}"


COLUMNS = (
    Column("Ready", _ready, description="The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", _status, description="The aggregate status of the containers in this pod."),
    Column("Restarts", _restarts),
    Column("IP", _address, priority=1),
    Column("Node", text("spec.nodeName", NONE), priority=1),
    Column("Nominated Node", text("status.nominatedNodeName", NONE), priority=1),
    Column("Readiness Gates", _readiness_gates, priority=1),
)
"""Without Name and Age: Ready, Status, Restarts | IP, Node, Nominated Node, Readiness Gates."""
