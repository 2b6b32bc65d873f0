"""LimitRanger: pods and claims keep to the LimitRanges of their namespace, which also say what containers ask for by
default."""

from __future__ import annotations

from collections.abc import Sequence

from kfast._core import Object, PodAdmission
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.admission.pod_trees import change, tree
from kfast.apiserver.followed import Followed
from kfast.store.protocol import Store

_REMEMBERED = 4096


class LimitRanger(Plugin):
    """403 for what is outside the limits. New pods are the core's, where it can."""

    name = "LimitRanger"
    in_core = True
    rules = Rules(create=("pods", "persistentvolumeclaims"), update=("pods/resize", "persistentvolumeclaims"))

    def __init__(self, store: Store) -> None:
        self._ranges = Followed(store, "limitranges")
        self._read: dict[str, tuple[list[int], PodAdmission]] = {}

    def handles(self, attributes: Attributes) -> bool:
        """Not what is being deleted."""
        return not (attributes.old or {}).get("metadata", {}).get("deletionTimestamp")

    def version(self) -> int:
        """A number that grows whenever ranges change."""
        return self._ranges.version()

    def ranges(self, namespace: str) -> Sequence[Object]:
        """The LimitRanges of a namespace, by name."""
        found = self._ranges.within(namespace)
        return [found[name] for name in sorted(found)] if found else ()

    async def admit(self, attributes: Attributes) -> None:
        """Fills in what containers do not ask for."""
        ranges = self.ranges(attributes.namespace)
        if ranges and attributes.kind.resource == "pods" and attributes.object is not None:
            change(attributes.object, self._rules(attributes.namespace, ranges).fill_limits)

    async def validate(self, attributes: Attributes) -> None:
        """Checks the limits."""
        ranges = self.ranges(attributes.namespace)
        if not ranges or attributes.object is None:
            return
        if attributes.kind.resource == "pods":
            why = self._rules(attributes.namespace, ranges).check_limits(tree(attributes.object))
        else:
            resources = (attributes.object.get("spec") or {}).get("resources") or {}
            why = self._rules(attributes.namespace, ranges).check_claim(resources.get("requests") or {})
        if why is not None:
            raise refusal(attributes, why)

    def _rules(self, namespace: str, ranges: Sequence[Object]) -> PodAdmission:
        """The ranges as the core reads them."""
        revisions = [found.revision for found in ranges]
        known = self._read.get(namespace)
        if known is None or known[0] != revisions:
            made = PodAdmission(
                limits=list(ranges), accounts=None, policy=None, priority=False, toleration_seconds=None, quotas=False
            )
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            known = self._read[namespace] = revisions, made
        return known[1]
