"""Pod workers: bring the pods bound to the agent's nodes up, report their status, and see them off."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kfast.api.core.pod import KIND as POD
from kfast.client import Client
from kfast.clock import Clock, parse_time
from kfast.errors import StatusError
from kfast.node.admission import Admission, Rejection
from kfast.node.pod_events import PodEvent, killing, pod_events
from kfast.node.pod_status import Body, pod_status, status_patch, with_status
from kfast.node.runtime import ContainerState, PodState, Runtime
from kfast.runtime import Object, Recorder

_TERMINAL = ("Succeeded", "Failed")
_OVERDUE = {
    "reason": "DeadlineExceeded",
    "message": "Pod was active on the node longer than the specified deadline",
}


@dataclass(slots=True)
class _Worker:
    """One pod of the agent. `latest` is the pod as the last own write left it, `seen` what the runtime said last."""

    uid: str
    latest: Object
    seen: PodState | None = None
    begun: bool = False
    adopted: bool = False
    stopping: bool = False
    overdue: bool = False
    over: bool = False
    removed: bool = False


class PodWorkers:
    """`host_ip` gives the address of a node by its name. `recorder` None: no events about pods."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        runtime: Runtime,
        host_ip: Callable[[str], str],
        recorder: Recorder | None,
        admission: Admission,
    ) -> None:
        self._client = client
        self._clock = clock
        self._runtime = runtime
        self._host_ip = host_ip
        self._recorder = recorder
        self._admission = admission
        self._workers: dict[tuple[str, str], _Worker] = {}

    def adopt(self, pod: Object) -> None:
        """Takes up what ran before the agent started. Call it for all pods before the first `sync`."""
        if not _ended(pod) and self._runtime.adopt(pod):
            statuses = pod.get("status", "containerStatuses", default=()) or ()
            started = any(s.get("containerID") for s in statuses)
            self._workers[pod.namespace, pod.name] = _Worker(pod.uid, pod, begun=True, adopted=started)
            body = pod.to_dict()
            self._admission.admit(body["spec"]["nodeName"], pod.uid, body, running=True)

    def is_news(self, pod: Object) -> bool:
        """Whether `pod` says anything the agent has not written itself."""
        worker = self._workers.get((pod.namespace, pod.name))
        return worker is None or worker.uid != pod.uid or pod.revision > worker.latest.revision

    def latest(self, pod: Object) -> Object:
        """`pod`, or how the agent left it if that is newer."""
        worker = self._workers.get((pod.namespace, pod.name))
        newer = worker is not None and worker.uid == pod.uid and worker.latest.revision > pod.revision
        return worker.latest if worker is not None and newer else pod

    async def forget(self, namespace: str, name: str) -> None:
        """The pod is gone from the API."""
        worker = self._workers.pop((namespace, name), None)
        if worker is not None and not worker.over:
            self._admission.release(worker.uid)
            await self._runtime.remove(worker.uid)

    async def sync(self, pod: Object) -> float:
        """Does what is due for `pod`; seconds until something is due again, infinity for never.
        Raises StatusError and TransportError."""
        now = self._clock.now()
        worker = await self._worker(pod)
        pod = worker.latest
        if worker.over or (not worker.begun and (pod.deleting or _ended(pod))):
            await self._see_off(pod, worker)
            return math.inf
        body = pod.to_dict()
        host_ip = self._host_ip(body["spec"]["nodeName"])
        if not worker.begun:
            rejection = self._admission.admit(body["spec"]["nodeName"], worker.uid, body)
            if rejection is not None:
                await self._reject(pod, worker, body, rejection)
                return math.inf
            await self._begin(pod, worker, body, host_ip, now)
            body = worker.latest.to_dict()
        deadline = _deadline(body)
        if deadline <= now and not worker.overdue:
            worker.overdue = True
            self._say(pod, [PodEvent("Normal", _OVERDUE["reason"], _OVERDUE["message"], "")])
        await self._stop_if_due(pod, worker, body, now)
        state = await self._runtime.observe(pod, now)
        ending = worker.stopping and state.stopped
        # A final phase stays what it is, whoever wrote it.
        final = "Failed" if worker.overdue else body.get("status", {}).get("phase") if _ended(pod) else ""
        status = pod_status(body, state, now, host_ip, over=ending, final=final)
        if worker.overdue:
            status |= _OVERDUE
        self._tell(pod, body, worker, state)
        await self._report(worker, body, status)
        if ending or (status["phase"] in _TERMINAL and state.stopped):
            await self._see_off(worker.latest, worker)
            return math.inf
        return min(state.next_change, deadline if not worker.overdue else math.inf) - now

    async def _worker(self, pod: Object) -> _Worker:
        key = (pod.namespace, pod.name)
        worker = self._workers.get(key)
        if worker is None or worker.uid != pod.uid:
            await self.forget(*key)
            worker = self._workers[key] = _Worker(pod.uid, pod)
        elif pod.revision > worker.latest.revision:
            worker.latest = pod
        return worker

    async def _reject(self, pod: Object, worker: _Worker, body: Body, rejection: Rejection) -> None:
        """The node does not take the pod: it has failed before it began."""
        self._say(pod, [PodEvent("Warning", rejection.reason, rejection.message, "")])
        status = {
            "phase": "Failed",
            "qosClass": body.get("status", {}).get("qosClass", ""),
            "reason": rejection.reason,
            "message": f"Pod was rejected: {rejection.message}",
            "conditions": [],
        }
        await self._report(worker, body, status)

    async def _begin(self, pod: Object, worker: _Worker, body: Body, host_ip: str, now: float) -> None:
        """Shows ContainerCreating, also of pods that start at once, as a kubelet does."""
        if not body.get("status", {}).get("startTime"):
            await self._report(worker, body, pod_status(body, _created(body, now), now, host_ip))
        await self._runtime.start(pod, now)
        worker.begun = True

    async def _stop_if_due(self, pod: Object, worker: _Worker, body: Body, now: float) -> None:
        ended = _ended(pod)
        if not pod.deleting and not worker.overdue and not ended:
            return
        default = body["spec"].get("terminationGracePeriodSeconds")
        grace = body["metadata"].get("deletionGracePeriodSeconds", default) or 0
        await self._runtime.stop(pod, grace, now)
        if not worker.stopping:
            worker.stopping = True
            if not ended:
                self._say(pod, killing(body))

    async def _report(self, worker: _Worker, body: Body, status: Body) -> None:
        patch = status_patch(body.get("status") or {}, status)
        if not patch:
            return
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        try:
            try:
                # Cheaper for the server than a patch, and mostly nobody else writes.
                worker.latest = await self._client.update_status(POD, with_status(body, status))
            except StatusError as error:
                if not error.conflict:
                    raise
                patch = {"metadata": {"uid": worker.uid}, "status": patch}
                worker.latest = await self._client.patch(
                    POD, name, patch, namespace, type="strategic", subresource="status"
                )
        except StatusError as error:
            # Gone, or another pod of that name: its own event follows.
            if not error.not_found and error.code != 409:
                raise

    async def _see_off(self, pod: Object, worker: _Worker) -> None:
        """The pod is over: gives up what it holds and, if it was deleted, lets it go."""
        if not worker.over:
            self._admission.release(worker.uid)
            await self._runtime.remove(worker.uid)
            worker.over = True
        if not pod.deleting or worker.removed:
            return
        try:
            await self._client.delete(POD, pod.name, pod.namespace, grace_seconds=0, uid=pod.uid)
        except StatusError as error:
            if not error.not_found and error.code != 409:
                raise
        worker.removed = True

    def _tell(self, pod: Object, body: Body, worker: _Worker, state: PodState) -> None:
        before, worker.seen = worker.seen, state
        # What an adopted pod did before was said by whoever did it.
        if before is not None or not worker.adopted:
            self._say(pod, pod_events(body, before, state))

    def _say(self, pod: Object, events: Iterable[PodEvent]) -> None:
        if self._recorder is not None:
            host = pod.get("spec", "nodeName", default="")
            for event in events:
                self._recorder.event(
                    pod, event.type, event.reason, event.message, field_path=event.field_path, host=host
                )


def _created(body: Body, now: float) -> PodState:
    """A pod of which nothing is there yet."""
    spec = body["spec"]
    inits = spec.get("initContainers") or ()
    reason = "PodInitializing" if inits else "ContainerCreating"

    def waiting(containers: Iterable[Body]) -> tuple[ContainerState, ...]:
        return tuple(ContainerState(name=c["name"], state="waiting", reason=reason) for c in containers)

    return PodState(began=now, containers=waiting(spec["containers"]), init_containers=waiting(inits))


def _ended(pod: Object) -> bool:
    return pod.get("status", "phase") in _TERMINAL


def _deadline(body: Body) -> float:
    """When activeDeadlineSeconds are over."""
    seconds = body["spec"].get("activeDeadlineSeconds")
    started = body.get("status", {}).get("startTime")
    return parse_time(started) + seconds if seconds is not None and started else math.inf
