"""Who owns whom, as far as the informers have told: the graph the garbage collector works on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kfast.api.kind import Kind
from kfast.runtime import Object
from kfast.runtime.ownership import Reference, owner_references

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(slots=True)
class Node:
    """One object: its identity, its owners and where its deletion stands."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    owners: tuple[Reference, ...] = ()
    deleting: bool = False
    waits_for_dependents: bool = False
    """It is being deleted in the foreground."""

    def blocks(self, owner_uid: str) -> bool:
        """Whether a foreground deletion of that owner has to wait for this object."""
        return any(o["uid"] == owner_uid and o.get("blockOwnerDeletion") for o in self.owners)


@dataclass(frozen=True, slots=True)
class Work:
    """What a change calls for: objects to check for deletion, by uid, and owners whose dependents to orphan."""

    delete: tuple[str, ...] = ()
    orphan: tuple[str, ...] = ()


NOTHING = Work()


class Graph:
    """Nodes by uid; dependents are known by their owners' uid, also of owners never seen."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._dependents: dict[str, dict[str, None]] = {}

    def dependents(self, uid: str) -> list[Node]:
        """The known objects that name `uid` as an owner."""
        return [self.nodes[dependent] for dependent in self._dependents.get(uid, ()) if dependent in self.nodes]

    def put(self, kind: Kind, obj: Object) -> Work:
        """An object was added or changed."""
        node = self.nodes.get(obj.uid)
        if node is None:
            node = self.nodes[obj.uid] = Node(kind, obj.namespace, obj.name, obj.uid)
        owners: tuple[Reference, ...] = owner_references(obj)
        check: list[str] = []
        if owners != node.owners:
            check += self._set_owners(node, owners)
        if not obj.deleting:
            return Work(tuple(check)) if check else NOTHING
        finalizers = obj.get("metadata", "finalizers") or ()
        orphan: tuple[str, ...] = ()
        if ORPHAN in finalizers and not node.deleting:
            orphan = (node.uid,)
        if FOREGROUND in finalizers and not node.waits_for_dependents:
            node.waits_for_dependents = True
            check += [*self._dependents.get(node.uid, ()), node.uid]
        node.deleting = True
        return Work(tuple(check), orphan)

    def remove(self, uid: str) -> Work:
        """An object is gone."""
        node = self.nodes.pop(uid, None)
        if node is None:
            return NOTHING
        check = list(self._dependents.get(uid, ()))
        for owner in node.owners:
            self._unlink(owner["uid"], uid)
            parent = self.nodes.get(owner["uid"])
            if parent is not None and parent.waits_for_dependents:
                check.append(parent.uid)
        return Work(tuple(check))

    def knows_owners(self, node: Node) -> bool:
        """Whether every owner is known, stands where the reference says, and is not being deleted in the foreground."""
        return all(self._is_sound(node, owner) for owner in node.owners)

    def misplaced(self, node: Node) -> Iterable[Reference]:
        """References to objects of another namespace, which own nothing here."""
        for owner in node.owners:
            known = self.nodes.get(owner["uid"])
            if known is not None and known.namespace and known.namespace != node.namespace:
                yield owner

    def _is_sound(self, node: Node, owner: Reference) -> bool:
        known = self.nodes.get(owner["uid"])
        return (
            known is not None
            and not known.waits_for_dependents
            and known.name == owner["name"]
            and known.kind.kind == owner["kind"]
            and known.namespace in ("", node.namespace)
        )

    def _set_owners(self, node: Node, owners: Sequence[Reference]) -> list[str]:
        """Links anew; returns what is worth a check: the node if an owner is unknown or going, and former owners
        that waited for it."""
        check: list[str] = []
        now = {owner["uid"]: owner for owner in owners}
        for owner in node.owners:
            still = now.get(owner["uid"])
            if still is None:
                self._unlink(owner["uid"], node.uid)
            if owner.get("blockOwnerDeletion") and not (still and still.get("blockOwnerDeletion")):
                check.append(owner["uid"])
        node.owners = tuple(owners)
        for uid in now:
            self._dependents.setdefault(uid, {})[node.uid] = None
        if not self.knows_owners(node):
            check.append(node.uid)
        return check

    def _unlink(self, owner: str, dependent: str) -> None:
        entries = self._dependents.get(owner)
        if entries is not None:
            entries.pop(dependent, None)
            if not entries:
                del self._dependents[owner]
