"""The objects of one resource as of now, for what asks often and changes rarely: configurations of admission."""

from __future__ import annotations

from kfast._core import Object
from kfast.store.protocol import CompactedError, Store, Watch


class Followed:
    """Keeps objects by (namespace, name) through a watch, which is read only when somebody looks: nothing runs in
    between, and what was written before the look is seen."""

    def __init__(self, store: Store, resource: str) -> None:
        self._store = store
        self._resource = resource
        self._watch: Watch | None = None
        self.objects: dict[tuple[str, str], Object] = {}

    def changed(self) -> bool:
        """Brings `objects` up to date; whether that changed any. True the first time."""
        if self._watch is None:
            self._list()
            return True
        changed = False
        try:
            while events := self._watch.events():
                changed = True
                for event, obj, _ in events:
                    key = (obj.namespace, obj.name)
                    if event == "DELETED":
                        self.objects.pop(key, None)
                    else:
                        self.objects[key] = obj
        except CompactedError:
            self._watch.close()
            self._list()
            return True
        return changed

    def _list(self) -> None:
        page = self._store.list(self._resource)
        self.objects = {(obj.namespace, obj.name): obj for obj in page.objects}
        self._watch = self._store.watch(self._resource, since=page.revision)
