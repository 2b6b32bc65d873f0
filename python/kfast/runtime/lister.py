"""What an informer knows: object handles by namespace and name, and by index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from kfast._core import Object

IndexFunction = Callable[[Object], Iterable[str]]


class Selector(Protocol):
    """A compiled label selector."""

    def matches(self, labels: dict[str, str] | Object) -> bool: ...


class _Index:
    """Objects by the values a function gives of them; kept up to date from the first question on."""

    def __init__(self, function: IndexFunction) -> None:
        self._function = function
        self._values: dict[tuple[str, str], tuple[str, ...]] = {}
        self.found: dict[str, dict[tuple[str, str], Object]] = {}

    def put(self, pair: tuple[str, str], obj: Object) -> None:
        values = tuple(self._function(obj))
        before = self._values.get(pair, ())
        if before and before != values:
            self.remove(pair)
        if values:
            self._values[pair] = values
        for value in values:
            self.found.setdefault(value, {})[pair] = obj

    def remove(self, pair: tuple[str, str]) -> None:
        for value in self._values.pop(pair, ()):
            entries = self.found[value]
            entries.pop(pair, None)
            if not entries:
                del self.found[value]


class Lister:
    """Read-only for all but its informer. Holds handles only; an object may be staler than the server's. An index costs
    nothing until it is first asked."""

    def __init__(self, indexers: Mapping[str, IndexFunction] | None = None) -> None:
        self._namespaces: dict[str, dict[str, Object]] = {}
        self._indexers: dict[str, IndexFunction] = dict(indexers or {})
        self._indexes: dict[str, _Index] = {}

    def __len__(self) -> int:
        return sum(map(len, self._namespaces.values()))

    def __iter__(self) -> Iterator[Object]:
        for objects in self._namespaces.values():
            yield from objects.values()

    def get(self, namespace: str, name: str) -> Object | None:
        """The object, "" being the namespace of cluster-scoped ones."""
        objects = self._namespaces.get(namespace)
        return None if objects is None else objects.get(name)

    def by_index(self, name: str, value: str) -> list[Object]:
        """Objects whose index function `name` gave `value`. Raises KeyError for an unknown index."""
        found = (self._indexes.get(name) or self._build(name)).found.get(value)
        return list(found.values()) if found else []

    def has_indexed(self, name: str, value: str) -> bool:
        """Whether `by_index` gives any."""
        return value in (self._indexes.get(name) or self._build(name)).found

    def add_index(self, name: str, function: IndexFunction) -> None:
        """Indexes all objects, now and later. A name stands for the same function everywhere."""
        self._indexers.setdefault(name, function)

    def _build(self, name: str) -> _Index:
        index = self._indexes[name] = _Index(self._indexers[name])
        for namespace, objects in self._namespaces.items():
            for key, obj in objects.items():
                index.put((namespace, key), obj)
        return index

    def put(self, obj: Object) -> Object | None:
        """Stores `obj`; the object it replaces."""
        namespace, key = obj.namespace, obj.name
        objects = self._namespaces.get(namespace)
        if objects is None:
            objects = self._namespaces[namespace] = {}
        old = objects.get(key)
        objects[key] = obj
        for index in self._indexes.values():
            index.put((namespace, key), obj)
        return old

    def remove(self, obj: Object) -> Object | None:
        """Forgets the object of that key; what was known of it."""
        namespace, key = obj.namespace, obj.name
        objects = self._namespaces.get(namespace, {})
        old = objects.pop(key, None)
        if old is None:
            return None
        if not objects:
            del self._namespaces[namespace]
        for index in self._indexes.values():
            index.remove((namespace, key))
        return old

    def list(self, namespace: str | None = None, selector: Selector | None = None) -> list[Object]:
        """Objects of a namespace, or of all, that match a compiled label selector."""
        if namespace is None:
            objects: Iterable[Object] = self
        elif (found := self._namespaces.get(namespace)) is None:
            return []
        else:
            objects = found.values()
        return [o for o in objects if selector is None or selector.matches(o)]
