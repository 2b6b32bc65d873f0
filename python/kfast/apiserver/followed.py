"""The objects of one resource as of now, for what asks often and changes rarely: what admission is configured by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kfast._core import Object
from kfast.store.protocol import CompactedError, OwnWatch, Store

_NONE: Mapping[str, Object] = {}


class Followed:
    """The objects that `keep` is true of, by namespace and name.

    The store marks what is known as stale before a write that concerns it returns; the next look reads the watch. So
    every write that was acknowledged is seen, nothing runs in between, and a look without news is one of an attribute.
    """

    def __init__(self, store: Store, resource: str, keep: Callable[[Object], object] = lambda _: True) -> None:
        self._store = store
        self._resource = resource
        self._keep = keep
        self._watch: OwnWatch | None = None
        self._stale = True
        self._version = 0
        self._found: dict[str, dict[str, Object]] = {}

    def version(self) -> int:
        """A number that grows whenever the objects, or others of the resource, have changed."""
        if self._stale:
            self._read()
        return self._version

    def within(self, namespace: str) -> Mapping[str, Object]:
        """By name; of kinds without namespaces in the namespace ""."""
        if self._stale:
            self._read()
        return self._found.get(namespace, _NONE)

    def __iter__(self) -> Iterator[Object]:
        """All, in order of namespace and name."""
        if self._stale:
            self._read()
        for _, objects in sorted(self._found.items()):
            yield from (obj for _, obj in sorted(objects.items()))

    def _read(self) -> None:
        """Takes what the watch has, until it has nothing and will tell."""
        watch = self._watch or self._list()
        while not watch.tell(self._outdated):
            try:
                events = watch.events()
            except CompactedError:
                watch.close()
                watch = self._list()
                continue
            self._version += 1
            for event, obj, _ in events:
                self._take(obj, event == "DELETED")
        self._stale = False

    def _outdated(self) -> None:
        self._stale = True

    def _list(self) -> OwnWatch:
        page = self._store.list(self._resource)
        self._found = {}
        self._version += 1
        for obj in page.objects:
            self._take(obj, False)
        self._watch = self._store.watch(self._resource, since=page.revision)
        return self._watch

    def _take(self, obj: Object, gone: bool) -> None:
        if not gone and self._keep(obj):
            self._found.setdefault(obj.namespace, {})[obj.name] = obj
        elif (here := self._found.get(obj.namespace)) is not None:
            here.pop(obj.name, None)
            if not here:
                del self._found[obj.namespace]
