"""Priority: pods get the priority of their PriorityClass (upstream: plugin/pkg/admission/priority)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes
from kfast.apiserver.status_errors import forbidden
from kfast.errors import StatusError
from kfast.store.protocol import CompactedError, Store, Watch

_CLASSES = "priorityclasses.scheduling.k8s.io"


class Priority:
    """403 for a pod that names no existing class or states another priority than its class, and for a second global
    default. New pods without a class are looked at only if there is a global default: else their kind knows what they
    get."""

    name = "Priority"
    looks = True

    def __init__(self, store: Store) -> None:
        self._store = store
        self._defaults = _Defaults(store)

    def handles(self, attributes: Attributes) -> bool:
        """Creates and updates of pods and classes."""
        if attributes.subresource or attributes.operation not in ("CREATE", "UPDATE"):
            return False
        if attributes.kind.resource == "pods":
            return attributes.object is not None or self._defaults.first() is not None
        return attributes.kind.resource == _CLASSES

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
        default = self._defaults.first()
        if default is not None and (attributes.old is None or default.name != new["metadata"]["name"]):
            why = f"PriorityClass {default.name} is already marked as default. Only one default can exist"
            raise _refusal(attributes, why)

    def _given(self, attributes: Attributes, pod: Body) -> _Given:
        name = pod["spec"].get("priorityClassName") or ""
        found = self._store.get(_CLASSES, "", name) if name else self._defaults.first()
        if found is None and name:
            raise _refusal(attributes, f"no PriorityClass with name {name} was found")
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


class _Defaults:
    """The classes that are global defaults, as of now: what has changed since the last look is read from a watch."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watch: Watch | None = None
        self._found: dict[str, Object] = {}

    def first(self) -> Object | None:
        """The one with the lowest priority: a race may have let more than one in."""
        if self._watch is None:
            self._watch = self._list()
        try:
            while events := self._watch.events():
                for event, obj, _ in events:
                    self._take(obj, event == "DELETED")
        except CompactedError:
            self._watch.close()
            self._watch = self._list()
        return min(self._found.values(), key=lambda found: found.get("value") or 0) if self._found else None

    def _list(self) -> Watch:
        page = self._store.list(_CLASSES)
        self._found = {}
        for obj in page.objects:
            self._take(obj, False)
        return self._store.watch(_CLASSES, since=page.revision)

    def _take(self, obj: Object, gone: bool) -> None:
        if obj.get("globalDefault") and not gone:
            self._found[obj.name] = obj
        else:
            self._found.pop(obj.name, None)


def _agree(attributes: Attributes, pod: Body, given: _Given) -> None:
    """Raises StatusError 403 if the pod states other values."""
    stated, policy = pod["spec"].get("priority"), pod["spec"].get("preemptionPolicy")
    by = "priority admission controller computed"
    if stated is not None and stated != given.priority:
        what = f"the integer value of priority ({stated}) must not be provided in pod spec"
        raise _refusal(attributes, f"{what}; {by} {given.priority} from the given PriorityClass name")
    if policy is not None and given.policy is not None and policy != given.policy:
        what = f"the string value of PreemptionPolicy ({policy}) must not be provided in pod spec"
        raise _refusal(attributes, f"{what}; {by} {given.policy} from the given PriorityClass name")


def _refusal(attributes: Attributes, why: str) -> StatusError:
    kind, metadata = attributes.kind, (attributes.object or {}).get("metadata") or {}
    name = attributes.name or metadata.get("generateName") or "Unknown"
    return forbidden(kind.group, kind.plural, name, why)
