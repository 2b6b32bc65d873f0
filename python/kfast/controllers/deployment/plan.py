"""What a Deployment needs next, from itself and its ReplicaSets: a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kfast.controllers.deployment import rollout, status
from kfast.controllers.deployment.replica_sets import (
    ReplicaSet,
    annotate_new,
    find_new,
    make_new,
)
from kfast.runtime import Object

Body = dict[str, Any]


@dataclass(slots=True)
class Plan:
    """The changes to make, in this order: create, update, delete, then write the status."""

    status: Body
    create: ReplicaSet | None = None
    update: list[ReplicaSet] = field(default_factory=list)
    delete: list[ReplicaSet] = field(default_factory=list)
    revision: str = ""
    """What the Deployment's revision annotation should be; "" leaves it."""
    look_again: float | None = None
    """Seconds until the progress deadline."""


def plan(deployment: Object, sets: Sequence[ReplicaSet], old_pods_run: bool, now: float) -> Plan:
    """One step of a Deployment. `old_pods_run`: pods of sets other than the newest are not finished yet."""
    return _Step(deployment, sets, old_pods_run, now).plan()


class _Step:
    def __init__(self, deployment: Object, sets: Sequence[ReplicaSet], old_pods_run: bool, now: float) -> None:
        self.deployment = deployment
        self.spec: Body = deployment.get("spec")
        self.current: Body = deployment.get("status") or {}
        self.annotations: dict[str, str] = deployment.get("metadata", "annotations") or {}
        self.size = rollout.Size.read(self.spec)
        self.deadline: int = self.spec.get("progressDeadlineSeconds", status.NO_DEADLINE)
        self.paused = bool(self.spec.get("paused"))
        self.before = {s.name: (s.replicas, dict(s.annotations), s.min_ready_seconds) for s in sets}
        self.new = find_new(self.spec["template"], sets)
        self.old = [s for s in sets if s is not self.new]
        self.old_pods_run = old_pods_run
        self.now = now
        self.created: ReplicaSet | None = None
        self.deleted: list[ReplicaSet] = []
        # Conditions set on the way count as the Deployment's present ones.
        self.seen = self.current | {"conditions": list(self.current.get("conditions") or ())}

    @property
    def sets(self) -> list[ReplicaSet]:
        return [*self.old, self.new] if self.new is not None else list(self.old)

    def plan(self) -> Plan:
        if self.deployment.deleting:
            return self._finish(self._count())
        status.report_pause(self.seen, self.paused, self.deadline, self.now)
        if self.paused or self._is_resized():
            self._renew(create=False)
            rollout.scale_in_proportion(self.size, self.new, self.old, self.current.get("replicas", 0))
            if self.paused:
                self._trim_history()
            return self._finish(self._count())
        if self.size.rolling:
            self._roll()
        else:
            self._recreate()
        return self._finish(self._progress())

    def _is_resized(self) -> bool:
        """Somebody scaled the Deployment since its sets were sized."""
        known = [s.desired for s in self.sets if s.replicas > 0]
        return any(desired is not None and desired != self.size.replicas for desired in known)

    def _roll(self) -> None:
        new = self._renew(create=True)
        if new is None:
            return
        if rollout.scale_new(self.size, self.sets, new) or rollout.scale_old(self.size, new, self.old):
            return
        self._trim_if_complete()

    def _recreate(self) -> None:
        self._renew(create=False)
        if rollout.scale_down_all(self.size, self.old):
            return
        if self.old_pods_run:
            return
        new = self._renew(create=True)
        if new is not None:
            rollout.scale_new(self.size, self.sets, new)
        self._trim_if_complete()

    def _renew(self, *, create: bool) -> ReplicaSet | None:
        """Gives the newest set its revision and annotations; makes it if it is missing and `create`."""
        revision = max((s.revision for s in self.old), default=0) + 1
        if self.new is not None:
            annotate_new(self.new, self.annotations, revision)
            self.new.min_ready_seconds = self.spec.get("minReadySeconds", 0)
            if self._expects_progress():
                message = f'Found new replica set "{self.new.name}"'
                status.set_condition(self.seen, "Progressing", "True", "FoundNewReplicaSet", message, self.now)
        elif create:
            made = make_new(self.deployment, self.spec["template"], self.current.get("collisionCount"))
            annotate_new(made, self.annotations, revision)
            made.replicas = rollout.new_replicas(self.size, [*self.old, made], made)
            made.note_size(self.size.replicas, self.size.maximum)
            self.new = self.created = made
            if self.deadline != status.NO_DEADLINE:
                message = f'Created new replica set "{made.name}"'
                status.set_condition(self.seen, "Progressing", "True", "NewReplicaSetCreated", message, self.now)
        return self.new

    def _expects_progress(self) -> bool:
        return self.deadline != status.NO_DEADLINE and status.condition(self.seen, "Progressing") is None

    def _trim_if_complete(self) -> None:
        if status.is_complete(self.size, self.current, self.deployment.generation):
            self._trim_history()

    def _trim_history(self) -> None:
        limit = self.spec.get("revisionHistoryLimit")
        if limit is None or limit == status.NO_DEADLINE:
            return
        kept = sorted((s for s in self.old if not s.deleting), key=lambda s: (s.revision, s.created))
        for replica_set in kept[: max(0, len(kept) - limit)]:
            if not (replica_set.current or replica_set.replicas) and replica_set.observed:
                self.deleted.append(replica_set)

    def _count(self) -> Body:
        return status.count(self.size, self.deployment.generation, self.seen, self.sets, self.new, self.now)

    def _progress(self) -> Body:
        counted = self._count()
        name, generation = self.deployment.name, self.deployment.generation
        status.report_progress(self.size, name, generation, self.deadline, self.seen, counted, self.new, self.now)
        status.report_failures(counted, self.old, self.new)
        return counted

    def _finish(self, counted: Body) -> Plan:
        def changed(replica_set: ReplicaSet) -> bool:
            now = (replica_set.replicas, replica_set.annotations, replica_set.min_ready_seconds)
            return self.before.get(replica_set.name, now) != now

        generation = self.deployment.generation
        return Plan(
            status=counted,
            create=self.created,
            update=[s for s in self.sets if s is not self.created and changed(s)],
            delete=self.deleted,
            revision=str(self.new.revision) if self.new is not None and self.new.revision else "",
            look_again=status.seconds_to_deadline(self.size, counted, generation, self.deadline, self.now),
        )
