"""Classes that are the default ones of what names none."""

from __future__ import annotations

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.followed import Followed
from kfast.clock import parse_time
from kfast.store.protocol import Store


class DefaultClasses:
    """The classes of a resource that one of the annotations `marks` says are default ones."""

    def __init__(self, store: Store, resource: str, *marks: str) -> None:
        self._marks = marks
        self._found = Followed(store, resource, self._is_default)

    def fill(self, holder: Body, field: str, instead: str) -> None:
        """Names the default class in `field` of a spec, unless that or the annotation `instead` names one."""
        spec = holder["spec"] = holder.get("spec") or {}
        annotations = holder["metadata"].get("annotations") or {}
        if instead in annotations or spec.get(field) is not None:
            return
        if (default := self._newest()) is not None:
            spec[field] = default.name

    def _newest(self) -> Object | None:
        """The class that was created last; the first by name of those equally new."""
        found = self._found.within("").values()
        return min(
            found, key=lambda one: (-parse_time(one.get("metadata", "creationTimestamp")), one.name), default=None
        )

    def _is_default(self, found: Object) -> bool:
        annotations = found.get("metadata", "annotations") or {}
        return any(annotations.get(mark) == "true" for mark in self._marks)
