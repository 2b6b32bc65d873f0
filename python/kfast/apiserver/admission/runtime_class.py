"""RuntimeClass: pods get the overhead and the scheduling constraints of their runtime class."""

from __future__ import annotations

from kfast._core import Object
from kfast.api.kind import Body
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.meta.quantity import parse
from kfast.store.protocol import Store

_OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
_NO_OVERHEAD = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"


class RuntimeClass(Plugin):
    """403 for a class that does not exist, and for what contradicts it."""

    name = "RuntimeClass"
    in_core = True
    rules = Rules(create=("pods",))

    def __init__(self, store: Store) -> None:
        self._store = store

    def handles(self, attributes: Attributes) -> bool:
        """Pods that say something about it."""
        spec = (attributes.object or {}).get("spec") or {}
        return spec.get("runtimeClassName") is not None or spec.get("overhead") is not None

    async def admit(self, attributes: Attributes) -> None:
        """Fills in overhead, node selector and tolerations."""
        found = self._class(attributes)
        if found is None or attributes.object is None:
            return
        spec = attributes.object["spec"]
        overhead = _overhead(found)
        if overhead is not None:
            if spec.get("overhead") and not _same(spec["overhead"], overhead):
                raise refusal(attributes, _OTHER_OVERHEAD)
            spec["overhead"] = overhead
        scheduling = found.get("scheduling")
        if scheduling is not None:
            selector = _merged_selector(attributes, spec, scheduling.get("nodeSelector") or {})
            if selector:
                spec["nodeSelector"] = selector
            tolerations = _merged_tolerations(spec.get("tolerations") or [], scheduling.get("tolerations") or [])
            if tolerations:
                spec["tolerations"] = tolerations

    async def validate(self, attributes: Attributes) -> None:
        """The overhead is the class's."""
        found = self._class(attributes)
        stated = (attributes.object or {}).get("spec", {}).get("overhead")
        overhead = _overhead(found) if found is not None else None
        if overhead is not None and not _same(stated or {}, overhead):
            raise refusal(attributes, _OTHER_OVERHEAD)
        if overhead is None and stated is not None:
            raise refusal(attributes, _NO_OVERHEAD)

    def _class(self, attributes: Attributes) -> Object | None:
        name = (attributes.object or {}).get("spec", {}).get("runtimeClassName")
        if name is None:
            return None
        found = self._store.get("runtimeclasses.node.k8s.io", "", name)
        if found is None:
            raise refusal(attributes, f'pod rejected: RuntimeClass "{name}" not found')
        return found


def _overhead(found: Object) -> dict[str, str] | None:
    overhead = found.get("overhead")
    return None if overhead is None else dict(overhead.get("podFixed") or {})


def _same(one: dict[str, str], other: dict[str, str]) -> bool:
    return one.keys() == other.keys() and all(parse(one[name]) == parse(other[name]) for name in one)


def _merged_selector(attributes: Attributes, spec: Body, given: dict[str, str]) -> dict[str, str]:
    selector = dict(spec.get("nodeSelector") or {})
    for key, value in given.items():
        if selector.get(key, value) != value:
            theirs = f"runtimeClass.scheduling.nodeSelector[{key}] = {value}"
            raise refusal(attributes, f"conflict: {theirs}; pod.spec.nodeSelector[{key}] = {selector[key]}")
        selector[key] = value
    return selector


def _merged_tolerations(first: list[Body], second: list[Body]) -> list[Body]:
    """All that no other one includes; of equals the first (upstream: util/tolerations MergeTolerations)."""
    everything = [*first, *second]
    merged: list[Body] = []
    for at, toleration in enumerate(everything):
        later = (other for other in everything[at + 1 :] if other != toleration)
        if not any(_includes(other, toleration) for other in (*merged, *later)):
            merged.append(toleration)
    return merged


def _includes(wide: Body, narrow: Body) -> bool:
    """Whether `wide` tolerates all that `narrow` does (upstream: isSuperset)."""
    if wide == narrow:
        return True
    key, effect, operator = (wide.get(field) or "" for field in ("key", "effect", "operator"))
    if key != (narrow.get("key") or "") and (key or operator != "Exists"):
        return False
    if effect not in ("", narrow.get("effect") or ""):
        return False
    if effect == "NoExecute" and wide.get("tolerationSeconds") is not None:
        seconds = narrow.get("tolerationSeconds")
        if seconds is None or seconds > wide["tolerationSeconds"]:
            return False
    same = (narrow.get("operator"), narrow.get("value") or "") == ("Equal", wide.get("value") or "")
    return bool(operator == "Exists" or (operator in ("", "Equal") and same))
