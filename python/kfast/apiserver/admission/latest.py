"""What plugins know of the store without asking it anew for each request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from kfast._core import Object
from kfast.store.protocol import CompactedError, Store, Watch

_NONE: Mapping[str, Object] = {}


class Latest:
    """The objects of a resource that `keep` is true of, as of now: what changed since the last look is read from a
    watch."""

    def __init__(self, store: Store, resource: str, keep: Callable[[Object], object] = lambda _: True) -> None:
        self._store = store
        self._resource = resource
        self._keep = keep
        self._watch: Watch | None = None
        self._found: dict[str, dict[str, Object]] = {}

    def within(self, namespace: str) -> Mapping[str, Object]:
        """By name; of kinds without namespaces in the namespace ""."""
        watch = self._watch or self._list()
        try:
            while events := watch.events():
                for event, obj, _ in events:
                    self._take(obj, event == "DELETED")
        except CompactedError:
            watch.close()
            self._list()
        return self._found.get(namespace, _NONE)

    def _list(self) -> Watch:
        page = self._store.list(self._resource)
        self._found = defaultdict(dict)
        for obj in page.objects:
            self._take(obj, False)
        self._watch = self._store.watch(self._resource, since=page.revision)
        return self._watch

    def _take(self, obj: Object, gone: bool) -> None:
        if not gone and self._keep(obj):
            self._found[obj.namespace][obj.name] = obj
        elif (here := self._found.get(obj.namespace)) is not None:
            here.pop(obj.name, None)
            if not here:
                del self._found[obj.namespace]
