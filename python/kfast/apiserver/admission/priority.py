"""Priority: pods get the priority of their PriorityClass (upstream: plugin/pkg/admission/priority)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.followed import Followed
from kfast.store.protocol import Store

_CLASSES = "priorityclasses.scheduling.k8s.io"


class Priority(Plugin):
    """403 for a pod that names no existing class or states another priority than its class, and for a second global
    default. New pods without a class are looked at only if there is a global default: else their kind knows what they
    get."""

    name = "Priority"
    rules = Rules(create=("pods", _CLASSES), update=("pods", _CLASSES))

    def __init__(self, store: Store) -> None:
        self._store = store
        self._defaults = Followed(store, _CLASSES, lambda found: found.get("globalDefault"))

    def handles(self, attributes: Attributes) -> bool:
        """Without an object the pod is the core's, unless there is a default class."""
        return attributes.object is not None or attributes.kind.resource == _CLASSES or self._default() is not None

    def skims(self, attributes: Attributes) -> bool:
        """Pods that stay as they are have their priority."""
        return attributes.kind.resource == "pods"

    async def admit(self, attributes: Attributes) -> None:
        """Gives a new pod its priority, and an old one what the update leaves out."""
        pod = attributes.object
        if pod is None or attributes.kind.resource != "pods":
            return
        if pod.get("spec") is None:
            pod["spec"] = {}
        if attributes.old is not None:
            before = attributes.old.get("spec") or {}
            for field in ("priority", "preemptionPolicy"):
                if pod["spec"].get(field) is None and before.get(field) is not None:
                    pod["spec"][field] = before[field]
            return
        given = self._given(attributes, pod)
        _agree(attributes, pod, given)
        pod["spec"] |= given.fields()

    async def validate(self, attributes: Attributes) -> None:
        """There is one global default at most."""
        new = attributes.object
        if attributes.kind.resource != _CLASSES or new is None or not new.get("globalDefault"):
            return
        default = self._default()
        if default is not None and (attributes.old is None or default.name != new["metadata"]["name"]):
            why = f"PriorityClass {default.name} is already marked as default. Only one default can exist"
            raise refusal(attributes, why)

    def _default(self) -> Object | None:
        """The one with the lowest priority: a race may have let more than one in."""
        found = self._defaults.within("")
        return min(found.values(), key=lambda one: one.get("value") or 0) if found else None

    def _given(self, attributes: Attributes, pod: Body) -> _Given:
        name = pod["spec"].get("priorityClassName") or ""
        found = self._store.get(_CLASSES, "", name) if name else self._default()
        if found is None and name:
            raise refusal(attributes, f"no PriorityClass with name {name} was found")
        if found is None:
            return _Given("", 0, "PreemptLowerPriority")
        return _Given(found.name, found.get("value") or 0, found.get("preemptionPolicy"))


@dataclass(slots=True)
class _Given:
    """What a new pod gets."""

    class_name: str
    priority: int
    policy: str | None

    def fields(self) -> dict[str, Any]:
        """As it stands in a pod's spec."""
        fields = {
            "priorityClassName": self.class_name or None,
            "priority": self.priority,
            "preemptionPolicy": self.policy,
        }
        return {name: value for name, value in fields.items() if value is not None}


def _agree(attributes: Attributes, pod: Body, given: _Given) -> None:
    """Raises StatusError 403 if the pod states other values."""
    stated, policy = pod["spec"].get("priority"), pod["spec"].get("preemptionPolicy")
    by = "priority admission controller computed"
    if stated is not None and stated != given.priority:
        what = f"the integer value of priority ({stated}) must not be provided in pod spec"
        raise refusal(attributes, f"{what}; {by} {given.priority} from the given PriorityClass name")
    if policy is not None and given.policy is not None and policy != given.policy:
        what = f"the string value of PreemptionPolicy ({policy}) must not be provided in pod spec"
        raise refusal(attributes, f"{what}; {by} {given.policy} from the given PriorityClass name")
