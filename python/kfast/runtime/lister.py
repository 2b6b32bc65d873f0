"""What an informer knows: object handles by namespace and name, and by index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from kfast._core import Object

IndexFunction = Callable[[Object], Iterable[str]]


class Selector(Protocol):
    """A compiled label selector."""

    def matches(self, labels: dict[str, str] | Object) -> bool: ...


class Lister:
    """Read-only for all but its informer. Holds handles only; an object may be staler than the server's."""

    def __init__(self, indexers: Mapping[str, IndexFunction] | None = None) -> None:
        self._namespaces: dict[str, dict[str, Object]] = {}
        self._indexers: dict[str, IndexFunction] = {}
        self._indexes: dict[str, dict[str, dict[tuple[str, str], Object]]] = {}
        for name, function in (indexers or {}).items():
            self.add_index(name, function)

    def __len__(self) -> int:
        return sum(map(len, self._namespaces.values()))

    def __iter__(self) -> Iterator[Object]:
        for objects in self._namespaces.values():
            yield from objects.values()

    def get(self, namespace: str, name: str) -> Object | None:
        """The object, "" being the namespace of cluster-scoped ones."""
        return self._namespaces.get(namespace, {}).get(name)

    def by_index(self, name: str, value: str) -> list[Object]:
        """Objects whose index function `name` gave `value`. Raises KeyError for an unknown index."""
        return list(self._indexes[name].get(value, {}).values())

    def add_index(self, name: str, function: IndexFunction) -> None:
        """Indexes all objects, now and later. A name stands for the same function everywhere."""
        if name in self._indexers:
            return
        self._indexers[name] = function
        self._indexes[name] = {}
        for obj in self:
            self._insert(name, function(obj), (obj.namespace, obj.name), obj)

    def put(self, obj: Object) -> Object | None:
        """Stores `obj`; the object it replaces."""
        pair = namespace, key = obj.namespace, obj.name
        objects = self._namespaces.get(namespace)
        if objects is None:
            objects = self._namespaces[namespace] = {}
        old = objects.get(key)
        objects[key] = obj
        for name, function in self._indexers.items():
            values = function(obj)
            if old is not None and (before := function(old)) != values:
                self._withdraw(name, before, pair)
            self._insert(name, values, pair, obj)
        return old

    def remove(self, obj: Object) -> Object | None:
        """Forgets the object of that key; what was known of it."""
        pair = namespace, key = obj.namespace, obj.name
        objects = self._namespaces.get(namespace, {})
        old = objects.pop(key, None)
        if old is None:
            return None
        if not objects:
            del self._namespaces[namespace]
        for name, function in self._indexers.items():
            self._withdraw(name, function(old), pair)
        return old

    def _insert(self, name: str, values: Iterable[str], pair: tuple[str, str], obj: Object) -> None:
        index = self._indexes[name]
        for value in values:
            entries = index.get(value)
            if entries is None:
                entries = index[value] = {}
            entries[pair] = obj

    def _withdraw(self, name: str, values: Iterable[str], pair: tuple[str, str]) -> None:
        index = self._indexes[name]
        for value in values:
            if (entries := index.get(value)) is not None:
                entries.pop(pair, None)
                if not entries:
                    del index[value]

    def list(self, namespace: str | None = None, selector: Selector | None = None) -> list[Object]:
        """Objects of a namespace, or of all, that match a compiled label selector."""
        if namespace is None:
            objects: Iterable[Object] = self
        elif (found := self._namespaces.get(namespace)) is None:
            return []
        else:
            objects = found.values()
        return [o for o in objects if selector is None or selector.matches(o)]
