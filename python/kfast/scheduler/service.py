"""kube-scheduler's loop: informers feed the core, the core decides, writers bind and report."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from kfast import _core
from kfast._core import Decision, Inquiry, Object
from kfast.api.core import node, persistent_volume, persistent_volume_claim, pod
from kfast.client import Client, TransportError
from kfast.clock import Clock
from kfast.errors import StatusError
from kfast.meta.exchange import Binding
from kfast.runtime.informer import Informer
from kfast.scheduler import binding_cycle
from kfast.scheduler.composition import RunningProfile, compose
from kfast.scheduler.conditions import GATED, status_patch
from kfast.scheduler.configuration import KubeSchedulerConfiguration
from kfast.scheduler.events import SchedulingEvents
from kfast.scheduler.explain import Explanation, explain
from kfast.scheduler.extenders import Extenders, HTTPExtender
from kfast.scheduler.inputs import INPUTS, Input
from kfast.scheduler.metrics import SchedulerMetrics
from kfast.scheduler.plugins.nodes import Nodes
from kfast.scheduler.plugins.plugin import Plugin, PluginError, signs
from kfast.scheduler.plugins.verdicts import answer, fault
from kfast.scheduler.preemptor import Preemptor
from kfast.scheduler.volume_tasks import VolumeTasks
from kfast.scheduler.writing import BACKLOG, Binder, Writers

_log = logging.getLogger(__name__)

_LOOP = "scheduler"
"""The task that schedules."""
_BATCH = 256
"""Decisions made before the event loop gets its turn."""

LIVE_PODS = "status.phase!=Succeeded,status.phase!=Failed"


class Scheduler:
    """Schedules the pods of the profiles of its configuration, by default those of `default-scheduler`.

    `plugins` are Python plugins (instances or classes) that run in every profile. Ties between equally good nodes are
    broken by `seed`. Raises ConfigurationError and PluginError.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        configuration: KubeSchedulerConfiguration | None = None,
        plugins: Iterable[Plugin | type[Plugin]] = (),
        seed: int = 0,
    ) -> None:
        composition = compose(configuration, plugins)
        self.configuration = composition.configuration
        self.profiles = composition.profiles
        self.core = _core.Scheduler(composition.core, seed)
        self._client = client.named(next(iter(self.profiles)))
        self._clock = clock
        self.metrics = SchedulerMetrics()
        self._inputs = [(i, Informer(self._client, i.kind)) for i in INPUTS]
        stores = {i.kind.resource: informer.store for i, informer in self._inputs}
        self._nodes = stores[node.KIND.resource]
        volumes, claims = stores[persistent_volume.KIND.resource], stores[persistent_volume_claim.KIND.resource]
        self._volumes = VolumeTasks(self._client, clock, self.core, volumes.get, claims.get)
        self._pods = Informer(self._client, pod.KIND, field_selector=LIVE_PODS)
        self._binder = Binder(self._client, self._bound)
        self._events = SchedulingEvents(self._client, clock, lambda: len(self._binder) > 0)
        self._writers = Writers()
        self._preemptor = Preemptor(self._client, clock, self.core, self._events, self._pods.store.get)
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._gates = {name: found for name, p in self.profiles.items() if (found := p.at("pre_enqueue"))}
        self._signers = {
            name: found for name, p in self.profiles.items() if (found := [q for q in p.plugins.values() if signs(q)])
        }
        self._extenders = Extenders(self.configuration.extenders)
        extended = any(e.bind_verb for e in self.configuration.extenders)
        self._direct = not extended and all(p.binds_by_default for p in self.profiles.values())

    async def start(self) -> None:
        """Reads the cluster, then begins to schedule."""
        for kind, informer in self._inputs:
            self._follow(kind, informer)
            informer.start()
        await asyncio.gather(*(informer.synced() for _, informer in self._inputs))
        self._pods.add_handler(self._set_pod, lambda _, new: self._set_pod(new), self._remove_pod)
        self._pods.start()
        await self._pods.synced()
        self._events.start()
        self._writers.start()
        self._binder.start()
        self._spawn(self._schedule(), _LOOP)

    async def stop(self) -> None:
        """Ends at once: what is decided but not yet bound stays pending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._preemptor.stop()
        await self._extenders.close()
        await self._binder.stop()
        await self._writers.stop()
        await self._pods.stop()
        await asyncio.gather(*(informer.stop() for _, informer in self._inputs))
        await self._events.stop()

    @property
    def running(self) -> bool:
        """Whether it schedules."""
        return any(task.get_name() == _LOOP for task in self._tasks)

    def _spawn(self, work: Any, name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def reconsider(self, plugin: Plugin) -> None:
        """Asks a plugin again about everything."""
        self.core.invalidate(plugin.name)
        self._wake.set()

    def explain(self, namespace: str, name: str) -> Explanation:
        """Why a pod goes where it goes, as the plugins of the core see it. Raises LookupError for a pod it does not
        know."""
        obj = self._pods.store.get(namespace, name)
        if obj is None:
            raise LookupError(f"the scheduler knows no pod {namespace}/{name}")
        return explain(self.core, obj)

    # What the informers say

    def _follow(self, kind: Input, informer: Informer) -> None:
        def put(obj: Object) -> None:
            self._feed(lambda now: kind.put(self.core, obj, now))

        def remove(obj: Object) -> None:
            self._feed(lambda now: kind.remove(self.core, obj, now))

        informer.add_handler(put, lambda _, new: put(new), remove)

    def _set_pod(self, obj: Object) -> None:
        sign = self._sign(obj) if self._signers else ""
        if self._gates and (reason := self._held(obj)):
            self._remove_pod(obj)
            self._report(obj, "SchedulingGated", reason)
        elif self._feed(lambda now: self.core.set_pod(obj, now, sign)):
            self._report(obj, "SchedulingGated", GATED)

    def _remove_pod(self, obj: Object) -> None:
        self._feed(lambda now: self.core.remove_pod(obj.uid or f"{obj.namespace}/{obj.name}", now))

    def _feed(self, tell: Callable[[float], object]) -> object:
        """What the core answers; None if the object is malformed."""
        try:
            return tell(self._clock.monotonic())
        except ValueError as error:
            _log.warning("ignored until it changes: %s", error)
            return None
        finally:
            self._wake.set()

    def _profile(self, obj: Object) -> RunningProfile | None:
        return self.profiles.get(obj.get("spec", "schedulerName") or "default-scheduler")

    def _sign(self, obj: Object) -> str:
        """What the plugins of the pod's profile tell it apart by; the uid if one of them fails."""
        name = obj.get("spec", "schedulerName") or "default-scheduler"
        try:
            return "\0".join(plugin.sign(obj) for plugin in self._signers.get(name, ()))
        except Exception:
            _log.exception("a plugin could not sign %s/%s", obj.namespace, obj.name)
            return obj.uid

    def _held(self, obj: Object) -> str:
        """Why a Python plugin holds a pending pod back."""
        if obj.get("spec", "nodeName"):
            return ""
        for plugin in self._gates.get(obj.get("spec", "schedulerName") or "default-scheduler", ()):
            try:
                if reason := getattr(plugin, "pre_enqueue")(obj):  # noqa: B009 - the base class has no such method
                    return str(reason)
            except Exception as error:
                return str(fault(plugin, "pre_enqueue", f"{type(error).__name__}: {error}"))
        return ""

    # Deciding

    async def _schedule(self) -> None:
        while True:
            self._wake.clear()
            while True:
                started = time.perf_counter()
                decisions = self.core.step(self._clock.monotonic(), _BATCH)
                if decisions:
                    each = (time.perf_counter() - started) / len(decisions)
                    self.metrics.algorithm.observe(each, count=len(decisions))
                    self._act_on(decisions, each)
                inquiry = self.core.inquiry()
                if inquiry is not None:
                    await self._answer(inquiry)
                elif not decisions:
                    break
                await self._make_room()
            await self._wait()

    async def _make_room(self) -> None:
        await asyncio.sleep(0)
        while len(self._writers) + len(self._binder) > BACKLOG:
            await self._clock.sleep(0.001)

    async def _wait(self) -> None:
        """Returns when an object changed or the queue has something due."""
        now = self._clock.monotonic()
        due = self.core.next_wakeup(now)
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._wake.wait())]
        if due is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep(due - now)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _act_on(self, decisions: Sequence[Decision], seconds: float) -> None:
        assumed = [d for d in decisions if d.node is not None]
        direct = [d for d in assumed if not d.tasks] if self._direct else []
        self._binder.put(direct)
        if len(direct) < len(assumed):
            for decision in assumed:
                if decision.tasks or not self._direct:
                    name = f"binding {decision.namespace}/{decision.name}"
                    self._spawn(self._place(decision, decision.node or ""), name)
        if len(assumed) == len(decisions):
            return
        for decision in decisions:
            if decision.node is not None:
                continue
            result, reason = ("error", "SchedulerError") if decision.failed else ("unschedulable", "Unschedulable")
            self.metrics.attempted(result, decision.profile, seconds)
            if decision.victims:
                self.metrics.preempted(len(decision.victims))
            if (obj := self._pods.store.get(decision.namespace, decision.name)) is not None:
                self._fail(obj, reason, decision.message, decision.nominated)
                if decision.victims or decision.withdrawn:
                    self._preemptor.start(decision, obj, self._wake.set)

    async def _answer(self, inquiry: Inquiry) -> None:
        """Has plugins answer what the core asks; the attempt fails if one cannot."""
        obj = self._pods.store.get(inquiry.namespace, inquiry.name)
        profile = self.profiles[inquiry.profile]
        started = time.perf_counter()
        try:
            if obj is None:
                raise PluginError("the pod is gone")
            if inquiry.candidates is not None:
                await self._show(inquiry.uid, obj, inquiry.candidates)
                return
            if inquiry.feasible is not None:
                found = {name: self._nodes.get("", name) for name in inquiry.feasible}
                await self._extenders.answer(self.core, obj, found)
                return
            nodes = Nodes(self.core)
            for name in inquiry.plugins:
                points = frozenset(p for p in ("filter", "score") if name in profile.resolved.points[p])
                answer(self.core, profile.plugins[name], obj, points, nodes, self.metrics.plugins.observe)
        except PluginError as error:
            self.core.attempt_failed(inquiry.uid, self._clock.monotonic())
            self.metrics.attempted("error", inquiry.profile, time.perf_counter() - started)
            if obj is not None:
                self._fail(obj, "SchedulerError", str(error))

    async def _show(self, uid: str, obj: Object, candidates: Sequence[tuple[str, int, list[str]]]) -> None:
        """Has extenders go through the candidates of a preemption."""
        nodes = {node: (violations, uids) for node, violations, uids in candidates}
        try:
            left = await self._extenders.preempt(obj, nodes, self._pods_on)
        except PluginError as error:
            self.core.propose_nothing(uid, str(error))
        else:
            self.core.propose(uid, [(node, *victims) for node, victims in left.items()])

    def _pods_on(self, node: str) -> dict[str, Object] | None:
        names = self.core.pods_on(node)
        if names is None:
            return None
        found = ((uid, self._pods.store.get(namespace, name)) for namespace, name, uid in names)
        return {uid: obj for uid, obj in found if obj is not None}

    # Binding

    async def _place(self, decision: Decision, target: str) -> None:
        obj = self._pods.store.get(decision.namespace, decision.name)
        profile = self._profile(obj) if obj is not None else None
        extender = self._extenders.binder(obj) if obj is not None else None
        direct = profile is not None and profile.binds_by_default and extender is None and not decision.tasks
        if obj is None or profile is None or direct:
            self._binder.put([decision])
            return

        async def bind() -> None:
            await self._bind(decision)

        async def extended() -> bool:
            return extender is not None and await self._bind_by(extender, decision)

        now, started = self._clock.monotonic, time.perf_counter()
        try:
            await binding_cycle.run(profile, obj, target, lambda: self._volumes.run(decision), extended, bind)
        except binding_cycle.RejectedError as error:
            self.metrics.attempted("unschedulable", decision.profile, now() - decision.first_tried)
            self.core.rejected(decision.uid, error.plugin.name, now())
            self._fail(obj, "Unschedulable", error.message)
        except PluginError as error:
            self.metrics.attempted("error", decision.profile, now() - decision.first_tried)
            self.core.bind_failed(decision.uid, now())
            self._fail(obj, "SchedulerError", str(error))
        except (StatusError, TransportError) as error:
            self._bound([(decision, error)], time.perf_counter() - started)
        else:
            self._bound([(decision, None)], time.perf_counter() - started)
        self._wake.set()

    async def _bind_by(self, extender: HTTPExtender, decision: Decision) -> bool:
        """Whether the extender bound the pod; an ignorable one may fail."""
        try:
            await extender.bind(Binding(decision.namespace, decision.name, decision.uid, decision.node or ""))
        except PluginError:
            if not extender.config.ignorable:
                raise
            return False
        return True

    async def _bind(self, decision: Decision) -> None:
        binding = Binding(decision.namespace, decision.name, decision.uid, decision.node or "")
        path = pod.KIND.path(decision.namespace, decision.name, "binding")
        await self._client.request("POST", path, body=msgspec.json.encode(binding.body()))

    def _bound(self, outcomes: Sequence[tuple[Decision, StatusError | TransportError | None]], took: float) -> None:
        now = self._clock.monotonic()
        for decision, error in outcomes:
            self.metrics.points.observe(took, "Bind", "Error" if error else "Success", decision.profile)
            if error is None:
                seconds = now - decision.first_tried
                self.metrics.attempted("scheduled", decision.profile, seconds)
                self.metrics.scheduled(decision.attempts, seconds)
                self._events.scheduled(decision)
            else:
                self._bind_failed(decision, error)

    def _bind_failed(self, decision: Decision, error: Exception) -> None:
        """The pod goes back to the queue, with a backoff."""
        self.metrics.attempted("error", decision.profile, self._clock.monotonic() - decision.first_tried)
        self.core.bind_failed(decision.uid, self._clock.monotonic())
        self._wake.set()
        obj = self._pods.store.get(decision.namespace, decision.name)
        if obj is None or (isinstance(error, StatusError) and error.not_found):
            return
        self._fail(obj, "SchedulerError", f'binding rejected: running Bind plugin "DefaultBinder": {error}')

    def exposition(self) -> bytes:
        """The text of /metrics."""
        return self.metrics.exposition(self.core.pending(), self.core.incoming(), self.core.cache_size())

    # Reporting

    def _fail(self, obj: Object, reason: str, message: str, nominated: str | None = None) -> None:
        """Says why an attempt failed."""
        self._report(obj, reason, message, nominated)
        self._events.failed(obj, message)

    def _report(self, obj: Object, reason: str, message: str, nominated: str | None = None) -> None:
        """Sets the condition PodScheduled to False unless it says so already."""
        patch = status_patch(obj, reason, message, self._clock.now(), nominated)
        if patch is not None:
            self._writers.put(lambda: self._patch_status(obj, patch))

    async def _patch_status(self, obj: Object, patch: dict[str, Any]) -> None:
        await self._client.patch(pod.KIND, obj.name, patch, obj.namespace, type="strategic", subresource="status")
