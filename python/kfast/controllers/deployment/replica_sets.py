"""The ReplicaSets of a Deployment as the rollout sees them, and the annotations it keeps on them."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kfast.runtime import Object
from kfast.runtime.ownership import reference_to

Body = dict[str, Any]

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"

_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        REVISION_HISTORY,
        DESIRED,
        MAXIMUM,
        "deprecated.deployment.rollback.to",
    }
)
_HISTORY_CHARACTERS = 2000
_SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(slots=True)
class ReplicaSet:
    """One ReplicaSet; the plan changes `replicas`, `annotations` and `min_ready_seconds` here."""

    name: str
    replicas: int
    current: int = 0
    """status.replicas"""
    ready: int = 0
    available: int = 0
    terminating: int | None = None
    created: str = ""
    deleting: bool = False
    observed: bool = True
    """The ReplicaSet controller has seen the newest spec."""
    min_ready_seconds: int = 0
    annotations: dict[str, str] = field(default_factory=dict)
    conditions: Sequence[Mapping[str, Any]] = ()
    template: Body = field(default_factory=dict)
    object: Object | None = None
    """What it was read from; None: to be created."""
    original_replicas: int = 0

    @classmethod
    def read(cls, obj: Object) -> ReplicaSet:
        """The view of a stored ReplicaSet."""
        body = obj.to_dict()
        spec, status = body["spec"], body.get("status") or {}
        replicas = spec.get("replicas", 1)
        return cls(
            name=obj.name,
            replicas=replicas,
            current=status.get("replicas", 0),
            ready=status.get("readyReplicas", 0),
            available=status.get("availableReplicas", 0),
            terminating=status.get("terminatingReplicas"),
            created=body["metadata"].get("creationTimestamp") or "",
            deleting=obj.deleting,
            observed=obj.generation <= status.get("observedGeneration", 0),
            min_ready_seconds=spec.get("minReadySeconds", 0),
            annotations=dict(body["metadata"].get("annotations") or {}),
            conditions=status.get("conditions") or (),
            template=spec.get("template") or {},
            object=obj,
            original_replicas=replicas,
        )

    @property
    def revision(self) -> int:
        """The revision annotation; 0 if there is none."""
        return _integer(self.annotations.get(REVISION))

    @property
    def desired(self) -> int | None:
        """The Deployment's replicas when this set was last scaled."""
        text = self.annotations.get(DESIRED)
        return _integer(text) if text is not None else None

    def note_size(self, replicas: int, maximum: int) -> None:
        """Records the Deployment's size: a later change of it is a scaling event, not a rollout."""
        self.annotations |= {DESIRED: str(replicas), MAXIMUM: str(maximum)}


def find_new(template: Body, sets: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The set of this template; of several the oldest, so that the choice is stable."""
    wanted = _without_hash(template)
    for replica_set in oldest_first(sets):
        if _without_hash(replica_set.template) == wanted:
            return replica_set
    return None


def oldest_first(sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """By creation, then by name."""
    return sorted(sets, key=lambda s: (s.created, s.name))


def active(sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """Those that should have pods."""
    return [s for s in sets if s.replicas > 0]


def hash_of(template: Body, collisions: int | None) -> str:
    """A label value that tells templates apart: FNV-1a of the canonical JSON, written in upstream's safe alphabet."""
    value = 0x811C9DC5
    for byte in (json.dumps(template, sort_keys=True) + (str(collisions) if collisions else "")).encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(_SAFE_ALPHABET[ord(digit) % len(_SAFE_ALPHABET)] for digit in str(value))


def body_of(new: ReplicaSet, deployment: Object) -> Body:
    """The ReplicaSet to create for `new`."""
    digest = new.template["metadata"]["labels"][HASH_LABEL]
    selector = copy.deepcopy(deployment.get("spec", "selector"))
    selector.setdefault("matchLabels", {})[HASH_LABEL] = digest
    spec: Body = {"replicas": new.replicas, "selector": selector, "template": new.template}
    if new.min_ready_seconds:
        spec["minReadySeconds"] = new.min_ready_seconds
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": new.name,
            "namespace": deployment.namespace,
            "labels": new.template["metadata"]["labels"],
            "annotations": new.annotations,
            "ownerReferences": [reference_to(deployment)],
        },
        "spec": spec,
    }


def make_new(deployment: Object, template: Body, collisions: int | None) -> ReplicaSet:
    """The set that the Deployment's template asks for, not yet sized or annotated."""
    digest = hash_of(template, collisions)
    labelled = copy.deepcopy(template)
    labelled.setdefault("metadata", {}).setdefault("labels", {})[HASH_LABEL] = digest
    return ReplicaSet(
        name=f"{deployment.name}-{digest}",
        replicas=0,
        min_ready_seconds=deployment.get("spec", "minReadySeconds") or 0,
        template=labelled,
    )


def annotate_new(new: ReplicaSet, annotations: Mapping[str, str], revision: int) -> None:
    """Copies the Deployment's annotations to its newest set and gives that the newest revision."""
    new.annotations |= {key: value for key, value in annotations.items() if key not in _NOT_COPIED}
    had = new.annotations.get(REVISION)
    if new.revision >= revision:
        return
    new.annotations[REVISION] = str(revision)
    if had is None:
        return
    # A rollback made an old set the newest: remember under which revisions it served before.
    history = [part for part in new.annotations.get(REVISION_HISTORY, "").split(",") if part]
    while history and len(",".join([*history, had])) > _HISTORY_CHARACTERS:
        history.pop(0)
    new.annotations[REVISION_HISTORY] = ",".join([*history, had])


def round_half_away(value: float) -> int:
    """Go's conversion in RoundToInt32."""
    return math.ceil(value - 0.5) if value < 0 else math.floor(value + 0.5)


def _without_hash(template: Body) -> Body:
    metadata = dict(template.get("metadata") or {})
    labels = {k: v for k, v in (metadata.pop("labels", None) or {}).items() if k != HASH_LABEL}
    metadata.pop("creationTimestamp", None)
    return {**template, "metadata": {**metadata, "labels": labels}}


def _integer(text: str | None) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0
